"""What stands in files beside the code: set-up, containers, locks, settings, documents."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from ogc_api.service import MAX_BODY_BYTES
from twin.cli import app
from twin.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
SERVICE = ROOT / "docs" / "service"
SCRIPT = ROOT / "docker" / "install-debian.sh"
LOCKS = [ROOT / "requirements.lock", ROOT / "requirements-dev.lock", ROOT / "docker" / "uv.lock"]


def test_container_and_makefile_share_the_set_up_script() -> None:
    """What installs a machine installs the image: the one script, for the system and for Python."""
    assert "RUN docker/install-debian.sh system" in DOCKERFILE
    assert "docker/install-debian.sh python requirements.lock" in DOCKERFILE
    makefile = (ROOT / "Makefile").read_text()
    assert "docker/install-debian.sh system" in makefile
    assert "docker/install-debian.sh python" in makefile
    assert "apt-get" not in DOCKERFILE + makefile


def test_container_copies_every_package_and_runs_unprivileged() -> None:
    """The image holds all rooms of the house and does not serve as root."""
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
        "packages"
    ]
    assert [name for name in packages if f"COPY {name}/ {name}/" not in DOCKERFILE] == []
    assert re.search(r"^USER (?!root)", DOCKERFILE, re.MULTILINE)
    assert DOCKERFILE.index("USER twin") < DOCKERFILE.index("CMD")


def test_compose_keeps_the_city_and_stays_on_loopback() -> None:
    """A restart of the container keeps the data, and nothing is published beyond the machine unasked."""
    service = COMPOSE["services"]["twin"]
    assert service["build"]["dockerfile"] == "docker/Dockerfile"
    assert service["volumes"] == ["city:/data"]
    assert "city" in COMPOSE["volumes"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert "TWIN_DATA=/data" in DOCKERFILE


def test_every_variable_of_the_container_is_a_setting() -> None:
    """A misspelt variable would be ignored in silence."""
    used = set(re.findall(r"TWIN_[A-Z_]+", DOCKERFILE + (ROOT / "docker" / "compose.yaml").read_text()))
    assert used <= {f"TWIN_{name.upper()}" for name in Settings.model_fields}


def test_units_give_commands_that_exist_and_settings_that_are_read() -> None:
    """What an administrator copies to /etc starts the twin, and the proxy takes what the twin takes."""
    units = "".join(path.read_text() for path in SERVICE.glob("*.service"))
    commands = {tuple(words.split()) for words in re.findall(r"bin/twin ([a-z]+(?: start| stop)?)", units)}
    assert commands == {("db", "start"), ("db", "stop"), ("serve",), ("backup",)}
    for words in commands:
        assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0, words
    variables = re.findall(r"^(TWIN_[A-Z_]+)=", (SERVICE / "city-twin.env").read_text(), re.MULTILINE)
    assert variables
    assert set(variables) <= {f"TWIN_{name.upper()}" for name in Settings.model_fields}
    largest = re.search(r"client_max_body_size (\d+)m;", (SERVICE / "nginx.conf").read_text())
    assert largest
    assert int(largest[1]) * 2**20 >= MAX_BODY_BYTES


def test_script_is_valid_and_explains_itself() -> None:
    """The set-up script parses, and without a word it says how to use it."""
    subprocess.run(["bash", "-n", str(SCRIPT)], check=True)
    shown = subprocess.run([str(SCRIPT)], capture_output=True, text=True, check=False)
    assert shown.returncode == 2
    assert "docker/install-debian.sh system" in shown.stdout


def test_script_without_debian_says_what_to_do(tmp_path: Path) -> None:
    """On another system it names what is missing and the way around, and installs nothing."""
    for tool in ("bash", "dirname", "env"):
        (tmp_path / tool).symlink_to(f"/usr/bin/{tool}")
    shown = subprocess.run(
        ["/usr/bin/bash", str(SCRIPT), "system"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 1
    assert "PostGIS >= 3.3" in shown.stderr
    assert "TWIN_DATABASE_URL" in shown.stderr


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_locks_have_hashes_and_no_addresses(lock: Path) -> None:
    """Every package is pinned and hashed, and no file names a place to download from."""
    text = lock.read_text()
    assert "://" not in text
    entries = re.split(r"\n(?=[a-zA-Z])", text.strip())
    assert all(re.match(r"[\w.\-]+==\S+", entry) and "--hash=sha256:" in entry for entry in entries)


def test_direct_dependencies_are_pinned_exactly() -> None:
    """An upgrade is a decision, not an accident."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *(d for g in project["dependency-groups"].values() for d in g)]
    assert [d for d in wanted if isinstance(d, str) and "==" not in d] == []


def test_every_setting_is_documented() -> None:
    """docs/settings.md has a row with the default of each setting, and none that does not exist."""
    rows = dict(re.findall(r"^\| `(TWIN_\w+)` \| (.+?) \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))
    assert rows.keys() == {f"TWIN_{name.upper()}" for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if field.default is not None:
            assert rows[f"TWIN_{name.upper()}"] == f"`{field.default}`"


def test_documents_link_to_files_that_exist() -> None:
    """No dead end in README and docs."""
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
