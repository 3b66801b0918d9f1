"""The configuration for pygeoapi: copied at will, its holders are not."""

from copy import deepcopy
from threading import Lock

from ogc_api.config import Shared


def test_a_shared_object_survives_copies() -> None:
    """Copies of a configuration hold the very object, even one that cannot be copied."""
    lock = Lock()
    assert deepcopy({"context": [Shared(lock)]})["context"][0].value is lock
