"""The embedded cluster of a data folder: where it is, who owns it, what it is made of and whether it runs."""

import hashlib
import os
import secrets
import shlex
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from urllib.parse import quote

from layers.errors import Conflict, Unavailable
from layers.postgres import (
    ELSEWHERE,
    Account,
    can_enter,
    choose_account,
    choose_installation,
    explain_failure,
    find_pg_configs,
    find_servers,
    is_server,
    run,
)

PORT = "5432"
_AWAY = Path("/var/lib/city-twin")

# PostGIS goes to template1, so every new database has it. The tuning is ALTER SYSTEM for an administrator to change.
_CREATION = """\
CREATE ROLE twin LOGIN CREATEDB CREATEROLE
CREATE EXTENSION postgis
GRANT SELECT, INSERT, UPDATE, DELETE ON spatial_ref_sys TO twin
CREATE DATABASE twin OWNER twin
ALTER SYSTEM SET jit = off
ALTER SYSTEM SET max_connections = 50
ALTER SYSTEM SET shared_buffers = '128MB'
ALTER SYSTEM SET work_mem = '16MB'
ALTER SYSTEM SET maintenance_work_mem = '128MB'
ALTER SYSTEM SET random_page_cost = 1.1
ALTER SYSTEM SET timezone = 'UTC'
"""


@dataclass(frozen=True)
class Cluster:
    """The cluster of a data folder: its files are in `home` and belong to `account`, which runs it."""

    data_folder: Path
    home: Path
    account: Account

    @property
    def files(self) -> Path:
        """What PostgreSQL calls PGDATA."""
        return self.home / "data"

    @property
    def link(self) -> Path:
        """`home` itself, or the symbolic link to it where the account cannot enter the data folder."""
        return self.data_folder / "postgres"

    @property
    def away(self) -> bool:
        return self.home != self.link

    @property
    def socket_folder(self) -> Path:
        """Short, because a socket's path ends at 107 bytes; only root writes to /run."""
        parent = Path("/tmp" if os.geteuid() else "/run")  # noqa: S108 - make_socket_folder checks its owner
        return parent / f"city-twin-{_hash_path(self.data_folder)}"


@dataclass(frozen=True)
class Server:
    """A postmaster as its pid file describes it (PostgreSQL's `miscadmin.h`, LOCK_FILE_LINE_*)."""

    pid: int
    files: Path
    socket_folder: Path
    phase: str

    @property
    def socket(self) -> Path:
        return self.socket_folder / f".s.PGSQL.{PORT}"

    @property
    def url(self) -> str:
        """For libpq; PGPORT cannot change it."""
        return f"postgresql://twin@/twin?host={quote(str(self.socket_folder))}&port={PORT}"


def locate(data_folder: Path) -> Cluster:
    """The cluster of a data folder, whether it exists or not.

    Raises: Conflict where the data folder was moved or copied and its cluster lies outside, Unavailable where it
    belongs to another account.
    """
    data_folder = data_folder.resolve()
    link, away = data_folder / "postgres", _AWAY / _hash_path(data_folder)
    if link.is_symlink():
        _require_own_link(data_folder, link, away)
        return Cluster(data_folder, away, choose_account(away))
    account = choose_account(link)
    existing = next(folder for folder in (data_folder, *data_folder.parents) if folder.exists())
    if link.exists() or can_enter(account, existing):
        return Cluster(data_folder, link, account)
    return Cluster(data_folder, away, choose_account(away))


def _require_own_link(data_folder: Path, link: Path, away: Path) -> None:
    target = link.readlink()
    if target != away:
        raise Conflict(
            f"{data_folder} was moved or copied: {link} leads to {target}, which belongs to the original folder. "
            f"If this is a copy, delete the link to begin with an empty cluster. If it was moved, stop the server "
            f"(kill -INT $(head -n1 {target}/data/postmaster.pid)), then: mv {target} {away} && "
            f"ln -sfn {away} {shlex.quote(str(link))}"
        )


def _hash_path(data_folder: Path) -> str:
    return hashlib.sha256(os.fsencode(data_folder)).hexdigest()[:16]


def create_cluster(cluster: Cluster, settings: dict[str, str]) -> None:
    """The cluster appears whole or not at all: it is made beside its place, then renamed.

    Raises: Unavailable where it existed and is gone, or where PostgreSQL cannot make it.
    """
    if cluster.link.is_symlink():
        raise Unavailable(
            f"The cluster of {cluster.data_folder} is gone from {cluster.home}: restore it there, or delete "
            f"{cluster.link} to begin with an empty one"
        )
    if cluster.away:
        _AWAY.mkdir(mode=0o755, parents=True, exist_ok=True)
    _make_private(cluster.home, cluster.account)
    for interrupted in cluster.home.glob("new-*"):
        shutil.rmtree(interrupted, ignore_errors=True)
    new = cluster.home / f"new-{secrets.token_hex(4)}"
    try:
        _initialise(cluster, new, settings)
        new.rename(cluster.files)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    _sync_folder(cluster.home)


def _initialise(cluster: Cluster, new: Path, settings: dict[str, str]) -> None:
    access = "--username=postgres", "--auth-local=trust", "--auth-host=reject"
    storage = "--encoding=UTF8", "--locale=C", "--lc-ctype=C.UTF-8", "--data-checksums"
    haste = ["--no-sync"] if settings.get("fsync") == "off" else []
    done = run_program(cluster, "initdb", *access, *storage, *haste, files=new)
    if done.returncode == 0:
        arguments = *make_arguments(settings | {"log_checkpoints": "off"}), "template1"
        done = run_program(cluster, "postgres", "--single", *arguments, files=new, text=_CREATION)
    # The single-user server reports a failed statement and ends with 0.
    if done.returncode or "ERROR:" in done.stderr:
        raise explain_failure(f"No cluster can be created in {cluster.home}", done.stderr)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def run_program(
    cluster: Cluster, program: str, *arguments: str, files: Path | None = None, text: str = ""
) -> CompletedProcess[str]:
    """A finished program of the PostgreSQL that wrote the cluster, or of the newest where there is none yet."""
    installation = choose_installation(find_pg_configs(), read_major(cluster))
    command = str(installation.programs / program), *arguments
    return run(cluster.account, *command, folder=cluster.home, pgdata=files or cluster.files, text=text)


def make_arguments(settings: dict[str, str]) -> list[str]:
    """Settings as the server's command line takes them."""
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def make_socket_folder(cluster: Cluster) -> Path:
    """The folder of the socket, mode 0700, which stands for the authentication.

    Raises: Conflict where somebody else made it or others may enter it.
    """
    folder = cluster.socket_folder
    _make_private(folder, cluster.account)
    found = folder.lstat()
    private = stat.S_ISDIR(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077
    if found.st_uid != cluster.account.uid or not private:
        raise Conflict(
            f"{folder}, the folder of the database socket, is not a private folder of {cluster.account.name} "
            f"({stat.filemode(found.st_mode)}, uid {found.st_uid}): find out who made it, then remove it"
        )
    _remove_stale_lock(folder / f".s.PGSQL.{PORT}.lock")
    return folder


def _remove_stale_lock(lock: Path) -> None:
    """PostgreSQL removes its own, except where the process id is some other program's by now."""
    with suppress(FileNotFoundError, ValueError, IndexError):
        if not is_server(int(lock.read_text().splitlines()[0])):
            lock.unlink()


def _make_private(folder: Path, account: Account) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        # Root's own, where root was killed between the two calls; anybody else's stays theirs.
        if os.geteuid() or folder.lstat().st_uid:
            return
    except OSError as error:
        raise Unavailable(f"{folder} cannot be made: {error.strerror}; {ELSEWHERE}") from error
    if not os.geteuid():
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)


def require_entry(cluster: Cluster) -> None:
    """Raises Unavailable where the account cannot enter the cluster's folder."""
    if not can_enter(cluster.account, cluster.home):
        name, home = cluster.account.name, shlex.quote(str(cluster.home))
        raise Unavailable(
            f"The account {name}, which runs the database, cannot enter {cluster.home}: give it the folder "
            f"(chown -R {name} {home}) and let it pass through the folders above (chmod o+x)"
        )


def find_server(cluster: Cluster) -> Server | None:
    """The postmaster that runs the cluster now."""
    described = read_pid_file(cluster)
    return described if described and described.pid in find_servers(cluster.files) else None


def read_pid_file(cluster: Cluster) -> Server | None:
    """The pid file as it stands: a killed server leaves it behind, a copied folder brings it along."""
    try:
        lines = (cluster.files / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    pid, files, _, _, socket_folder, _, _, phase = [*lines, *[""] * 8][:8]
    return Server(int(pid or 0), Path(files), Path(socket_folder), phase.strip())


def read_major(cluster: Cluster) -> int | None:
    """The major version of the PostgreSQL that wrote the cluster, none where there is no cluster yet."""
    try:
        return int((cluster.files / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def read_log(cluster: Cluster) -> str:
    """The last lines of the log, read as the account: root follows no link that the account could plant."""
    newest = sorted(cluster.files.glob("log/server-*.log"), key=lambda path: path.lstat().st_mtime)[-1:]
    paths = [str(path.relative_to(cluster.home)) for path in newest]
    return run(cluster.account, "tail", "-qn6", "startup.log", *paths, folder=cluster.home).stdout
