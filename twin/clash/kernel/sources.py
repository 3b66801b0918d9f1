"""What the kernel is compiled from."""

from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent
COMPILED = FOLDER / "compiled"
STAMP = COMPILED / "sources.sha256"


def list_sources() -> list[Path]:
    """The modules of the kernel that are compiled: all but those that decide on it."""
    return sorted(path for path in FOLDER.glob("*.py") if path.name not in ("__init__.py", "sources.py"))


def take_fingerprint() -> str:
    """Changes whenever the name or the text of a module does."""
    texts = (path.name.encode() + b"\0" + path.read_bytes() for path in list_sources())
    return sha256(b"\0".join(texts)).hexdigest()


def is_current() -> bool:
    """Whether what was compiled was compiled from the sources as they are."""
    return STAMP.is_file() and STAMP.read_text() == take_fingerprint()
