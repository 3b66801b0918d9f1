"""The PostgreSQL programs of this machine, the account they run under and the processes they leave running."""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from layers.errors import Unavailable

_ACCOUNTS = ("postgres", "nobody")
ELSEWHERE = "or set TWIN_DATABASE_URL to a PostGIS that runs elsewhere"


@dataclass(frozen=True)
class Account:
    """An account of the operating system; PostgreSQL refuses to run as root."""

    uid: int
    gid: int

    @property
    def name(self) -> str:
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)


@dataclass(frozen=True)
class Installation:
    """PostgreSQL with PostGIS: the major version and the folder of its programs."""

    major: int
    programs: Path


def choose_account(folder: Path) -> Account:
    """The owner of the folder; where there is none yet, the caller, or for root `postgres`, else `nobody`.

    Raises: Unavailable where the folder belongs to somebody else and the caller is not root.
    """
    caller = os.geteuid()
    owner = folder.stat().st_uid if folder.exists() else caller
    if caller and owner != caller:
        raise Unavailable(
            f"{folder} belongs to {Account(owner, owner).name}: run as that account or as root, "
            f"choose another data folder with TWIN_DATA, {ELSEWHERE}"
        )
    return Account(owner, _find_group(owner)) if owner else _find_unprivileged()


def _find_group(uid: int) -> int:
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return uid  # an account without a name, as containers have them, has no group of its own


def _find_unprivileged() -> Account:
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise Unavailable(
        f"PostgreSQL cannot run as root and no account named {' or '.join(_ACCOUNTS)} exists: "
        f"create one, run as another user, {ELSEWHERE}"
    )


def can_enter(account: Account, folder: Path) -> bool:
    """Whether every folder on the way lets the account through; asked of the kernel, as the account."""
    return run(account, "test", "-x", str(folder)).returncode == 0


def run(
    account: Account, *command: str, folder: Path = Path("/"), pgdata: Path | None = None, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """A finished program, run as the account with an environment of its own.

    The variable PGDATA, not an argument, says where the cluster is: pg_ctl makes a shell command of its arguments.

    Raises: Unavailable where it cannot be started.
    """
    drop = os.geteuid() != account.uid
    # The caller's PG*, PROJ_* and TZ variables would change what the server does.
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"} | ({"PGDATA": str(pgdata)} if pgdata else {})
    try:
        return subprocess.run(
            command,
            user=account.uid if drop else None,
            group=account.gid if drop else None,
            extra_groups=[] if drop else None,
            cwd=folder,
            env=environment,
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise Unavailable(f"{command[0]} cannot be run as {account.name}: {error}; {ELSEWHERE}") from error


def find_pg_configs() -> list[Path]:
    """Every `pg_config` of Debian's packages, then the one on PATH."""
    on_path = shutil.which("pg_config")
    return [*Path("/usr/lib/postgresql").glob("*/bin/pg_config"), *([Path(on_path)] if on_path else [])]


def choose_installation(pg_configs: Iterable[Path], major: int | None = None) -> Installation:
    """The newest PostgreSQL that has PostGIS, or the one of a major version.

    Raises: Unavailable, naming the Debian package, where there is none.
    """
    usable = [found for path in pg_configs if (found := _read_installation(path)) is not None]
    fitting = [found for found in usable if major in {None, found.major}]
    if fitting:
        return max(fitting, key=lambda found: found.major)
    package = f"postgresql-{major}-postgis-3" if major else "postgresql-postgis"
    wanted = f"PostgreSQL {major}, which wrote this cluster," if major else "PostgreSQL"
    raise Unavailable(f"{wanted} with PostGIS is not installed: install the Debian package {package}, {ELSEWHERE}")


def _read_installation(pg_config: Path) -> Installation | None:
    answer = subprocess.run(
        [pg_config, "--version", "--bindir", "--sharedir"], capture_output=True, text=True, check=False
    )
    if answer.returncode:
        return None
    version, programs, share = answer.stdout.splitlines()
    major = re.search(r"\d+", version)
    complete = (Path(programs) / "initdb").exists() and (Path(share) / "extension/postgis.control").exists()
    return Installation(int(major.group()), Path(programs)) if complete and major else None


def find_servers(cluster: Path) -> set[int]:
    """Process ids of every PostgreSQL server process that works in the cluster's folder.

    A server process stays in its cluster's folder for life, so this finds the orphans of a killed postmaster too, and
    neither a reused process id nor a copied pid file can pass for a server.
    """
    entries = (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return {int(entry.name) for entry in entries if _works_in(entry, cluster)}


def is_server(pid: int) -> bool:
    """Whether the process is a PostgreSQL server process, of any cluster, and no zombie."""
    process = Path(f"/proc/{pid}")
    return (process / "cwd").exists() and _works_in(process, process / "cwd")


def _works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "comm").read_text().strip() == "postgres" and (process / "cwd").samefile(folder)
    except OSError:
        return False


def explain_failure(what: str, log: str) -> Unavailable:
    """The error for a program that failed, with the end of its log and the remedy."""
    remedy = "free some disk space" if "No space left on device" in log else "mend what the log names"
    return Unavailable(f"{what}: {remedy}, {ELSEWHERE}. The log ends:\n{log[-2000:].strip()}")
