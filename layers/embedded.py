"""A private PostGIS cluster for the data folder: created once, started when needed, left running.

The cluster lives in `postgres` inside the data folder. Root hands it to an unprivileged account, `postgres` or else
`nobody`; where that account cannot enter the data folder (a home of mode 0700), `postgres` is a symbolic link to
`/var/lib/city-twin/<hash of the data folder's path>`. The link of a moved or copied data folder no longer fits its
path and is refused; a cluster inside its data folder moves and copies with it.

It listens on one Unix socket in a folder of mode 0700, `/run/city-twin-<hash>` (root) or `/tmp/city-twin-<hash>`.
That folder is the authentication: its owner and root may connect, as any role. `twin` owns the database `twin` and is
no superuser; `postgres` is.

Text sorts by code point (collation C, so no upgrade of libc or ICU invalidates an index) and letters are classified
by C.UTF-8 (`lower('Đ')` is `'đ'`); for a Vietnamese order write `COLLATE "vi-x-icu"`.
"""

import fcntl
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import errors, sql

from layers.cluster import (
    PORT,
    Cluster,
    create_cluster,
    find_server,
    locate,
    make_arguments,
    make_socket_folder,
    read_log,
    read_major,
    read_pid_file,
    require_entry,
    run_program,
)
from layers.errors import Conflict, NotFound, Unavailable
from layers.postgres import explain_failure, find_servers, run

type Say = Callable[[str], None]

_PATIENCE_S = 300
_ORPHANS_S = 30

# On the command line of every start: neither ALTER SYSTEM nor a file can open the cluster to a network.
_SERVER = {
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "cluster_name": "city-twin",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "server-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
}
_DURABLE: dict[str, str] = {}
_VOLATILE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(frozen=True)
class ClusterStatus:
    """What is known of a cluster: `pid` and `url` while it runs, `version` (PostgreSQL's major) once it exists."""

    state: Literal["running", "stopped", "absent"]
    folder: Path
    version: int | None = None
    pid: int | None = None
    url: str | None = None


def _stay_silent(_message: str) -> None: ...


def ensure_running(data_folder: Path, say: Say = _stay_silent) -> str:
    """The URL of the data folder's cluster, which now runs; it is created where there is none.

    Raises: Conflict where the data folder was moved or copied, or somebody took the socket's folder; Unavailable where
    PostgreSQL cannot run, with the end of its log and the remedy.
    """
    with _locked(data_folder, say) as cluster:
        return _await_ready(cluster) if find_server(cluster) else _start(cluster, say)


def start(data_folder: Path, say: Say = _stay_silent) -> str:
    """The URL of the data folder's cluster, which did not run before.

    Raises: Conflict where it runs already; otherwise as `ensure_running`.
    """
    with _locked(data_folder, say) as cluster:
        if server := find_server(cluster):
            raise Conflict(f"The cluster of {cluster.data_folder} runs already: process {server.pid}, {server.url}")
        return _start(cluster, say)


def stop(data_folder: Path, say: Say = _stay_silent, mode: Literal["fast", "immediate"] = "fast") -> None:
    """Nothing of the cluster runs any more; clients were disconnected, committed rows are kept.

    An immediate stop writes nothing more: its place is where the files are thrown away.

    Raises: Unavailable where the server does not end.
    """
    if not data_folder.is_dir():
        return
    with _locked(data_folder, say) as cluster:
        server = find_server(cluster)
        if server is None:
            return
        stopped = run_program(cluster, "pg_ctl", "stop", f"--mode={mode}", f"--timeout={_PATIENCE_S}")
        if stopped.returncode or not _wait(lambda: not find_servers(cluster.files), _ORPHANS_S):
            raise explain_failure(f"The cluster in {cluster.home} did not stop", stopped.stderr + read_log(cluster))
        with suppress(OSError):
            server.socket_folder.rmdir()


def status(data_folder: Path) -> ClusterStatus:
    """The state of the data folder's cluster; nothing is created or started."""
    cluster = locate(data_folder)
    version = read_major(cluster)
    if version is None:
        return ClusterStatus("absent", cluster.home)
    server = find_server(cluster)
    if server is None:
        return ClusterStatus("stopped", cluster.home, version)
    return ClusterStatus("running", cluster.home, version, server.pid, server.url)


@contextmanager
def throwaway() -> Iterator[str]:
    """The URL of a new cluster in a temporary folder, which a crash may corrupt; nothing of it remains."""
    data_folder = Path(tempfile.mkdtemp(prefix="city-twin-"))
    data_folder.chmod(0o711)  # the account passes through; the cluster inside is 0700
    try:
        with _locked(data_folder, _stay_silent) as cluster:
            url = _start(cluster, _stay_silent, _VOLATILE)
        yield url
    finally:
        try:
            stop(data_folder, mode="immediate")
        finally:
            cluster = locate(data_folder)
            for folder in (cluster.home, cluster.socket_folder, data_folder):
                shutil.rmtree(folder, ignore_errors=True)


def create_database(url: str, name: str, template: str | None = None) -> str:
    """The URL of a new database on the server of `url`, a copy of `template` or else of the server's default.

    The default of an embedded cluster has PostGIS. Nobody may be connected to a template while it is copied.

    Raises: Conflict where the name is taken or the template in use, NotFound where there is no such template,
    Unavailable where the server does not answer or refuses.
    """
    source = sql.SQL("") if template is None else sql.SQL("TEMPLATE {}").format(sql.Identifier(template))
    try:
        with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), source))
    except errors.DuplicateDatabase as error:
        raise Conflict(f"Database {name} exists already: choose another name") from error
    except errors.ObjectInUse as error:
        raise Conflict(f"Template {template} is in use: close its connections") from error
    except errors.InvalidCatalogName as error:
        raise NotFound(f"Template {template} does not exist: create that database first") from error
    except psycopg.Error as error:
        raise Unavailable(f"Database {name} cannot be created: {error}") from error
    return urlsplit(url)._replace(path=f"/{quote(name, safe='')}").geturl()


@contextmanager
def _locked(data_folder: Path, say: Say) -> Iterator[Cluster]:
    """The cluster, while no other process starts or stops it; the lock ends with its process."""
    try:
        data_folder.mkdir(parents=True, exist_ok=True)
        cluster = locate(data_folder)
        lock = os.open(data_folder / "postgres.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Unavailable(
            f"The data folder {data_folder} cannot be written ({error.strerror}): choose another with TWIN_DATA"
        ) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another process is starting or stopping the cluster of {data_folder}: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield cluster
    finally:
        os.close(lock)


def _start(cluster: Cluster, say: Say, settings: dict[str, str] = _DURABLE) -> str:
    if not cluster.files.exists():
        say(f"Creating a database cluster in {cluster.home}")
        create_cluster(cluster, settings)
    if cluster.away and not cluster.link.is_symlink():
        say(f"Using the cluster in {cluster.home}: {cluster.account.name} cannot enter {cluster.data_folder}")
        cluster.link.symlink_to(cluster.home)
    require_entry(cluster)
    _await_orphans(cluster, say)
    _remove_stale_pid_file(cluster)
    _remove_old_logs(cluster)
    socket = {"unix_socket_directories": str(make_socket_folder(cluster))}
    options = shlex.join(make_arguments(_SERVER | socket | settings))
    started = run_program(
        cluster, "pg_ctl", "start", "--log=startup.log", f"--options={options}", f"--timeout={_PATIENCE_S}"
    )
    if started.returncode:
        raise explain_failure(f"The cluster in {cluster.home} did not start", read_log(cluster) or started.stderr)
    return _await_ready(cluster)


def _await_orphans(cluster: Cluster, say: Say) -> None:
    """Processes of a killed server still write; a new one beside them would destroy rows."""
    orphans = find_servers(cluster.files)
    if not orphans:
        return
    say(f"Waiting for the processes of a killed server to end ({len(orphans)} left)")
    if not _wait(lambda: not find_servers(cluster.files), _ORPHANS_S):
        pids = " ".join(map(str, sorted(find_servers(cluster.files))))
        raise Unavailable(f"Processes of a killed server still work in {cluster.files}: wait, or kill {pids}")


def _remove_stale_pid_file(cluster: Cluster) -> None:
    """PostgreSQL removes its own, except where the process id is some other program's by now."""
    left = read_pid_file(cluster)
    if left is None:
        return
    path = cluster.files / "postmaster.pid"
    if left.files != cluster.files:
        raise Conflict(
            f"{cluster.files} was copied from {left.files} while that ran, so rows may be torn: stop the original "
            f"and copy again. If it was moved after a crash, delete {path} and start again"
        )
    path.unlink()


def _remove_old_logs(cluster: Cluster) -> None:
    """There is one log a weekday; only a server that runs across midnight empties the one it comes to."""
    (cluster.home / "startup.log").unlink(missing_ok=True)
    old = "-name", "server-*.log", "-mtime", "+5", "-delete"
    run(cluster.account, "find", "log", *old, folder=cluster.files)


def _await_ready(cluster: Cluster) -> str:
    _wait(lambda: (server := find_server(cluster)) is None or server.phase == "ready", _PATIENCE_S)
    server = find_server(cluster)
    if server is None or server.phase != "ready":
        raise explain_failure(f"The cluster in {cluster.home} does not become ready", read_log(cluster))
    if not server.socket.exists():
        raise Unavailable(
            f"The cluster of {cluster.data_folder} runs (process {server.pid}), but its socket {server.socket} is gone "
            f"or belongs to a service with a private /tmp: stop that process, then start again"
        )
    return server.url


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
