"""The four kinds of failure; one table in the web layer maps them to RFC 9457 problem documents."""


class TwinError(Exception):
    """A failure whose message names the thing, the value and the remedy, fit for a person to read."""


class NotFound(TwinError):
    """The thing that was named does not exist, or not for this caller."""


class Invalid(TwinError):
    """What was given cannot be accepted as it stands; `faults` lists every one that was found."""

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Conflict(TwinError):
    """What was asked contradicts the present state."""


class Unavailable(TwinError):
    """Something needed is not there now: a database, a disk, a program."""
