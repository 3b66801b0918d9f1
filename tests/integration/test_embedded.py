"""The embedded cluster, with real PostgreSQL servers that every test stops again."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from layers import cluster, embedded, postgres
from layers.errors import Conflict, NotFound, Unavailable

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change accounts")
as_user = pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every folder")

PROJECT = Path(embedded.__file__).parents[1]
ENSURE = "from layers import embedded; print(embedded.ensure_running(Path(sys.argv[1]), print))"


@contextmanager
def a_folder(mode: int = 0o711) -> Iterator[Path]:
    """A new folder; the clusters below it are stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="city-twin-test-"))
    folder.chmod(mode)
    try:
        yield folder
    finally:
        for lock in folder.rglob("postgres.lock"):
            with suppress(Conflict):
                embedded.stop(lock.parent)
                shutil.rmtree(cluster.locate(lock.parent).socket_folder, ignore_errors=True)
            shutil.rmtree(cluster._AWAY / cluster._hash_path(lock.parent), ignore_errors=True)
        shutil.rmtree(folder)


@pytest.fixture
def folder() -> Iterator[Path]:
    with a_folder() as made:
        yield made


@pytest.fixture(scope="module")
def city() -> Iterator[Path]:
    """The data folder of a running cluster, deep, with every character that a shell would take for its own."""
    with a_folder() as made:
        city = made / ("Huế " * 30).strip() / """a "b" 'c' $HOME `id` &""" / ("sâu" * 20) / "twin"
        assert len(os.fsencode(city)) > 200
        embedded.start(city)
        yield city


@pytest.fixture(scope="module")
def battered() -> Iterator[Path]:
    """The data folder of a cluster that tests stop, crash and start again."""
    with a_folder() as made:
        yield made / "twin"


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def as_superuser(url: str) -> str:
    return url.replace("//twin@", "//postgres@")


def the_pid(data: Path) -> int:
    pid = embedded.status(data).pid
    assert pid is not None
    return pid


def kill_postmaster(data: Path) -> int:
    """The process id of the postmaster, killed as a crash would."""
    pid = the_pid(data)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not postgres.is_server(pid))
    return pid


def wait_until(condition: Callable[[], bool]) -> None:
    assert embedded._wait(condition, 60)


def in_new_process(script: str, data: Path) -> "subprocess.Popen[str]":
    """A Python that runs the script, in a session of its own."""
    command = [sys.executable, "-c", f"import os, sys; from pathlib import Path; {script}", str(data)]
    return subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def inodes(protocol: str, column: int) -> set[str]:
    """The sockets of a protocol, as the kernel numbers them."""
    table = Path(f"/proc/net/{protocol}")
    return {line.split()[column] for line in table.read_text().splitlines()} if table.exists() else set()


def test_the_url_serves_psycopg_and_sqlalchemy_from_a_deep_folder(city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder deeper than a socket's path may be works, whatever PG* variables say."""
    monkeypatch.setenv("PGPORT", "1")
    url = embedded.ensure_running(city)
    assert ask(url, "SELECT ST_AsText(ST_MakePoint(1, 2, 3))") == "POINT Z (1 2 3)"
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT current_user || current_database()").scalar() == "twintwin"
    engine.dispose()


def test_the_database_is_what_the_documentation_promises(city: Path) -> None:
    """Encoding, order, checksums, owner and safety do not change by accident."""
    url = embedded.ensure_running(city)
    columns = "pg_encoding_to_char(encoding), datcollate, datctype, datdba::regrole::text"
    query = f"SELECT concat_ws(' ', {columns}) FROM pg_database WHERE datname = 'twin'"  # noqa: S608 - constants
    assert ask(url, query) == "UTF8 C C.UTF-8 twin"
    assert ask(url, "SELECT rolsuper FROM pg_roles WHERE rolname = 'twin'") is False
    assert ask(url, "SELECT lower('ĐƯỜNG') || ('Z' < 'a') || ('z' < 'đ')") == "đườngtruetrue"
    safe = {"data_checksums": "on", "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
    tuned = {"jit": "off", "max_connections": "50", "shared_buffers": "128MB", "TimeZone": "UTC"}
    for name, value in (safe | tuned).items():
        assert ask(url, f"SHOW {name}") == value


def test_only_a_unix_socket_listens(battered: Path) -> None:
    """No setting that a superuser stores opens the cluster to a network."""
    url = as_superuser(embedded.ensure_running(battered))
    ask(url, "ALTER SYSTEM SET listen_addresses = '*'")
    ask(url, "ALTER SYSTEM SET unix_socket_permissions = '0777'")
    embedded.stop(battered)
    embedded.start(battered)
    assert ask(url, "SHOW listen_addresses") == ""
    descriptors = [str(path.readlink()) for path in Path(f"/proc/{the_pid(battered)}/fd").iterdir()]
    sockets = {found[1] for text in descriptors if (found := re.match(r"socket:\[(\d+)\]", text))}
    assert sockets & inodes("unix", 6)
    assert not sockets & (inodes("tcp", 9) | inodes("tcp6", 9))


def test_the_socket_is_its_owners_alone(city: Path) -> None:
    """Folder and socket stand for the password."""
    server = cluster.find_server(cluster.locate(city))
    assert server is not None
    for path, mode in ((server.socket_folder, "drwx------"), (server.socket, "srwx------")):
        assert stat.filemode(path.stat().st_mode) == mode
        assert path.stat().st_uid == cluster.locate(city).account.uid


@as_root
def test_another_account_cannot_connect(city: Path) -> None:
    """The operating system keeps strangers out, not the cluster's trust."""
    psql = postgres.choose_installation(postgres.find_pg_configs()).programs / "psql"
    stranger = postgres.Account(65534, 65534)
    answer = postgres.run(stranger, str(psql), embedded.ensure_running(city), "-c", "SELECT 1")
    assert "Permission denied" in answer.stderr


def test_no_server_process_runs_as_root(city: Path) -> None:
    """Root hands the cluster to an unprivileged account, out of the reach of a Ctrl-C."""
    pids = postgres.find_servers(cluster.locate(city).files)
    assert the_pid(city) in pids
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in pids}
    assert owners == {cluster.locate(city).account.uid}
    assert 0 not in owners
    assert os.getsid(the_pid(city)) != os.getsid(0)


def test_a_second_start_is_refused_politely(city: Path) -> None:
    """The message names the process and the URL, and nothing is disturbed."""
    before = embedded.status(city)
    with pytest.raises(Conflict, match=re.escape(f"process {before.pid}, {before.url}")):
        embedded.start(city)
    assert embedded.ensure_running(city) == before.url
    assert embedded.status(city) == before
    assert before.state == "running"


def test_databases_are_cheap_copies(city: Path) -> None:
    """A test worker gets its own database, empty or a copy, and every refusal has its kind."""
    url = embedded.ensure_running(city)
    template = embedded.create_database(url, "Mẫu/1")
    assert str(ask(template, "SELECT postgis_lib_version()")).startswith("3.")
    assert ask(template, "SELECT current_database()") == "Mẫu/1"
    ask(template, "CREATE TABLE trees AS SELECT 7 AS id")
    ask(template, "INSERT INTO spatial_ref_sys (srid) VALUES (990001)")
    copy = embedded.create_database(url, "copy", template="Mẫu/1")
    assert ask(copy, "SELECT id FROM trees") == 7
    with pytest.raises(Conflict, match="copy exists already"):
        embedded.create_database(url, "copy")
    with pytest.raises(NotFound, match="nowhere does not exist"):
        embedded.create_database(url, "other", template="nowhere")
    with pytest.raises(Unavailable, match=r'other cannot be created: .*"stranger" does not exist'):
        embedded.create_database(url.replace("//twin@", "//stranger@"), "other")


def test_nothing_is_made_by_asking(folder: Path) -> None:
    """Status and stop of a cluster that is not there leave no trace."""
    data = folder / "twin"
    assert embedded.status(data) == embedded.ClusterStatus("absent", data / "postgres")
    embedded.stop(data)
    assert not data.exists()


def test_an_unusable_data_folder_is_named(folder: Path) -> None:
    """A file in the folder's place is reported with the setting to change."""
    (folder / "twin").touch()
    with pytest.raises(Unavailable, match=f"{folder}/twin cannot be written.*TWIN_DATA"):
        embedded.ensure_running(folder / "twin")


def test_rows_survive_stop_crash_and_reused_process_ids(battered: Path) -> None:
    """Committed rows are there after a stop, after a kill -9, and where another program has the old process id."""
    url = embedded.ensure_running(battered)
    place = cluster.locate(battered)
    ask(url, "CREATE TABLE trees AS SELECT 1 AS id")
    embedded.stop(battered)
    assert embedded.status(battered).state == "stopped"
    assert not postgres.find_servers(place.files)
    assert not place.socket_folder.exists()

    assert embedded.start(battered) == url
    ask(url, "INSERT INTO trees VALUES (2)")
    dead = kill_postmaster(battered)
    assert embedded.status(battered).state == "stopped"
    assert embedded.ensure_running(battered) == url
    ask(url, "INSERT INTO trees VALUES (3)")

    dead = kill_postmaster(battered)
    with subprocess.Popen(["sleep", "60"], user=None if os.geteuid() else place.account.uid) as stranger:
        for path in (place.files / "postmaster.pid", place.socket_folder / ".s.PGSQL.5432.lock"):
            path.write_text(path.read_text().replace(str(dead), str(stranger.pid)))
        assert embedded.status(battered).state == "stopped"
        assert embedded.ensure_running(battered) == url
        stranger.terminate()
    assert ask(url, "SELECT sum(id) FROM trees") == 6


def test_orphans_of_a_killed_postmaster_are_awaited(battered: Path) -> None:
    """No new server starts beside a process of the killed one that still works on the same files."""
    url = embedded.ensure_running(battered)
    busy = psycopg.connect(url, autocommit=True)
    orphan = busy.info.backend_pid
    heard: list[str] = []

    def work() -> None:
        with suppress(psycopg.OperationalError):
            busy.execute("SELECT count(*) FROM generate_series(1, 1000000000000)")

    def hear(message: str) -> None:
        assert postgres.is_server(orphan)
        heard.append(message)
        os.kill(orphan, signal.SIGTERM)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        query = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {orphan} AND state = 'active'"  # noqa: S608
        wait_until(lambda: ask(url, query) == 1)
        kill_postmaster(battered)
        assert embedded.ensure_running(battered, hear) == url
        assert heard[0].startswith("Waiting for the processes of a killed server")
        assert not postgres.is_server(orphan)
    finally:
        if postgres.is_server(orphan):
            os.kill(orphan, signal.SIGKILL)
        thread.join()
        busy.close()


def test_of_two_first_starts_one_creates_and_both_use_it(folder: Path) -> None:
    """Two processes that need the database at the same moment get the same one."""
    pair = [in_new_process(ENSURE, folder / "twin") for _ in range(2)]
    answers = [process.communicate()[0].splitlines() for process in pair]
    assert [process.returncode for process in pair] == [0, 0]
    assert answers[0][-1] == answers[1][-1] == embedded.status(folder / "twin").url
    assert sum("Creating" in line for lines in answers for line in lines) == 1


def test_an_interrupted_creation_is_begun_again(folder: Path) -> None:
    """A power cut while the cluster is made leaves nothing that a later start trips over."""
    data = folder / "twin"
    with in_new_process(ENSURE, data) as process:
        wait_until(lambda: any((data / "postgres").glob("new-*/PG_VERSION")))
        os.killpg(process.pid, signal.SIGKILL)
    assert embedded.status(data).state == "absent"
    assert any((data / "postgres").glob("new-*"))
    assert ask(embedded.ensure_running(data), "SELECT count(*) > 0 FROM spatial_ref_sys") is True
    assert not any((data / "postgres").glob("new-*"))


def test_a_cluster_inside_moves_and_copies_with_its_folder(folder: Path) -> None:
    """A moved folder keeps its rows, a copy never shares a server with its original, a torn copy is refused."""
    data, copy, moved = folder / "twin", folder / "copy", folder / "moved"
    url = embedded.start(data)
    ask(url, "CREATE TABLE trees AS SELECT 1 AS id")
    subprocess.run(["cp", "-a", data, copy], check=True)
    assert embedded.status(copy).state == "stopped"
    with pytest.raises(Conflict, match=r"was copied from .*/twin/postgres/data while that ran"):
        embedded.ensure_running(copy)
    shutil.rmtree(copy)

    data.rename(moved)
    assert embedded.ensure_running(moved) == url
    embedded.stop(moved)
    subprocess.run(["cp", "-a", moved, copy], check=True)
    urls = {embedded.start(moved), embedded.start(copy)}
    assert len(urls) == 2
    ask(embedded.ensure_running(copy), "INSERT INTO trees VALUES (2)")
    assert ask(embedded.ensure_running(moved), "SELECT sum(id) FROM trees") == 1
    assert ask(embedded.ensure_running(copy), "SELECT sum(id) FROM trees") == 3


@as_root
def test_a_private_home_sends_the_files_away() -> None:
    """A clone below a folder of mode 0700 works, keeps its rows, and the way to the files is in the data folder."""
    with a_folder(0o700) as home:
        data = home / "twin"
        heard: list[str] = []
        url = embedded.ensure_running(data, heard.append)
        place = cluster.locate(data)
        assert (data / "postgres").readlink() == place.home == embedded.status(data).folder
        assert "cannot enter" in heard[-1]
        assert stat.filemode(place.home.stat().st_mode) == "drwx------"
        ask(url, "CREATE TABLE trees AS SELECT 1 AS id")
        embedded.stop(data)
        shutil.rmtree(data)
        heard.clear()
        assert ask(embedded.ensure_running(data, heard.append), "SELECT id FROM trees") == 1
        assert heard == [f"Using the cluster in {place.home}: {place.account.name} cannot enter {data}"]

        embedded.stop(data)
        kept = place.home.rename(place.home.with_suffix(".kept"))
        with pytest.raises(Unavailable, match="is gone from"):
            embedded.ensure_running(data)
        kept.rename(place.home)


@as_root
def test_a_copied_or_moved_private_home_is_not_shared() -> None:
    """The link of a copy is refused; its remedies, followed to the letter, give an empty cluster or the moved one."""
    with a_folder(0o700) as home:
        data, copy, moved = home / "twin", home / "copy", home / "it's moved"
        ask(embedded.start(data), "CREATE TABLE trees AS SELECT 1 AS id")
        subprocess.run(["cp", "-a", data, copy], check=True)
        for attempt in (embedded.start, embedded.ensure_running, embedded.stop, embedded.status):
            with pytest.raises(Conflict, match="was moved or copied"):
                attempt(copy)
        (copy / "postgres").unlink()
        assert ask(embedded.ensure_running(copy), "SELECT to_regclass('trees')") is None
        assert embedded.status(data).state == "running"

        data.rename(moved)
        with pytest.raises(Conflict) as refusal:
            embedded.ensure_running(moved)
        left = cluster.find_server(
            cluster.Cluster(moved, (moved / "postgres").readlink(), cluster.locate(copy).account)
        )
        assert left is not None
        kill, move = re.findall(r"\((kill .*)\), then: (.*)", str(refusal.value))[0]
        subprocess.run(["/bin/sh", "-c", kill], check=True)
        wait_until(lambda: not postgres.find_servers(left.files))
        left.socket_folder.rmdir()
        subprocess.run(["/bin/sh", "-c", move], check=True)
        assert ask(embedded.ensure_running(moved), "SELECT id FROM trees") == 1


@as_root
def test_a_user_runs_a_cluster_of_his_own_and_root_joins_it(city: Path) -> None:
    """Without root the caller's account runs the cluster, root keeps it so, and strangers' clusters are refused."""
    drop = "os.setgroups([]); os.setgid(65534); os.setuid(65534)"
    with a_folder() as made:
        home = made / "home"
        home.mkdir(mode=0o700)
        os.chown(home, 65534, 65534)
        with in_new_process(ENSURE.replace("; print", f"; {drop}; print"), home / "twin") as process:
            answer = process.communicate()[0].splitlines()
        assert process.returncode == 0, answer
        assert answer[-1].startswith("postgresql://twin@/twin?host=/tmp/city-twin-")
        assert embedded.ensure_running(home / "twin") == answer[-1]
        embedded.stop(home / "twin")
        assert ask(embedded.start(home / "twin"), "SELECT 1") == 1
        assert Path(f"/proc/{the_pid(home / 'twin')}").stat().st_uid == 65534

        with in_new_process(ENSURE.replace("; print", f"; {drop}; print"), city) as process:
            owner = cluster.locate(city).account.name
            assert f"belongs to {owner}: run as that account or as root" in process.communicate()[0]


@as_root
def test_files_that_the_account_cannot_enter_are_named(battered: Path) -> None:
    """A cluster copied without its owner is refused; the command in the message mends it."""
    embedded.ensure_running(battered)
    embedded.stop(battered)
    os.chown(battered / "postgres", 0, 0)
    with pytest.raises(Unavailable, match="cannot enter") as refusal:
        embedded.ensure_running(battered)
    command = re.findall(r"\((chown -R .*?)\)", str(refusal.value))[0]
    subprocess.run(["/bin/sh", "-c", command], check=True)
    assert ask(embedded.ensure_running(battered), "SELECT 1") == 1


@as_user
def test_a_folder_that_the_user_may_not_write_is_named() -> None:
    """Without the right to write there is a remedy, not a traceback."""
    with pytest.raises(Unavailable, match=r"/twin cannot be written \(Permission denied\)"):
        embedded.ensure_running(Path("/twin"))


@pytest.mark.parametrize("squatter", ["open folder", "link", "file", "stranger"])
def test_a_squatted_socket_folder_is_refused(folder: Path, squatter: str) -> None:
    """Nobody who made the socket's folder first receives the connections."""
    if squatter == "stranger" and os.geteuid():
        pytest.skip("only root can give a folder away")
    place = cluster.locate(folder / "twin")
    taken = place.socket_folder
    try:
        if squatter == "link":
            taken.symlink_to(folder)
        elif squatter == "file":
            taken.touch(mode=0o600)
        else:
            taken.mkdir(mode=0o700)
            taken.chmod(0o700 if squatter == "stranger" else 0o770)
        if squatter == "stranger":
            os.chown(taken, 65534, 65534)
        with pytest.raises(Conflict, match=f"{taken}, the folder of the database socket, is not a private folder"):
            cluster.make_socket_folder(place)
    finally:
        taken.rmdir() if taken.is_dir() and not taken.is_symlink() else taken.unlink()


def test_a_failed_start_quotes_the_log(battered: Path) -> None:
    """Whoever reads the message knows the cause and what to do; the rows stay."""
    url = as_superuser(embedded.ensure_running(battered))
    ask(url, "ALTER SYSTEM SET shared_preload_libraries = 'no_such_library'")
    embedded.stop(battered)
    with pytest.raises(Unavailable, match=r'(?s)TWIN_DATABASE_URL.*could not access file "no_such_library"'):
        embedded.start(battered)
    (embedded.status(battered).folder / "data/postgresql.auto.conf").write_text("")
    assert ask(embedded.start(battered), "SELECT 1") == 1


@as_root
def test_a_full_disk_is_named(folder: Path) -> None:
    """A cluster that does not fit is reported as that, and nothing half made stays."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=711", "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        with pytest.raises(Unavailable, match="free some disk space, or set TWIN_DATABASE_URL"):
            embedded.ensure_running(folder / "twin")
        assert not list((folder / "twin/postgres").iterdir())
    finally:
        subprocess.run(["umount", folder], check=True)


def test_missing_programs_are_named_as_debian_packages(folder: Path) -> None:
    """PostgreSQL without PostGIS does not count; the message says what to install."""
    (folder / "initdb").touch()
    fake = folder / "pg_config"
    fake.write_text(f"#!/bin/sh\nprintf '%s\\n' 'PostgreSQL 99.1' {folder} {folder}\n")
    fake.chmod(0o755)
    with pytest.raises(Unavailable, match="install the Debian package postgresql-postgis, or set TWIN_DATABASE_URL"):
        postgres.choose_installation([fake])
    with pytest.raises(Unavailable, match=r"PostgreSQL 13, .* postgresql-13-postgis-3"):
        postgres.choose_installation(postgres.find_pg_configs(), 13)
    (folder / "extension").mkdir()
    (folder / "extension/postgis.control").touch()
    newest = postgres.choose_installation([*postgres.find_pg_configs(), fake])
    assert newest == postgres.Installation(99, folder)


def test_logs_older_than_a_week_go(battered: Path) -> None:
    """A server that is restarted every day does not fill the disk with its log."""
    embedded.ensure_running(battered)
    embedded.stop(battered)
    log = embedded.status(battered).folder / "data/log/server-Old.log"
    log.touch()
    os.utime(log, (time.time() - 7 * 86400,) * 2)
    embedded.start(battered)
    assert not log.exists()
    assert len(list(log.parent.iterdir())) in {1, 2}  # two where midnight fell between


def test_nothing_of_a_throwaway_remains() -> None:
    """The test suite leaves neither files nor processes, even where a test fails."""
    seen: list[Path] = []

    def fail() -> None:
        with embedded.throwaway() as url:
            assert ask(url, "SHOW fsync") == "off"
            settings = ("data_directory", "unix_socket_directories")
            seen.extend(Path(str(ask(as_superuser(url), f"SHOW {name}"))) for name in settings)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    files, socket_folder = seen
    assert not postgres.find_servers(files)
    assert not files.parents[1].exists()
    assert not socket_folder.exists()
