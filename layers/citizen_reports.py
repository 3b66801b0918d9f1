"""What citizens reported and the city answered for: where, of what, how far it has got, whose task it is.

What people wrote, and who they are, is personal data and is not kept here (see `models.provenance.SourceRecords`).
"""

from enum import StrEnum


class ReportStatus(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"
    REJECTED = "rejected"


STILL_OPEN = (ReportStatus.OPEN, ReportStatus.IN_PROGRESS)


class Topic(StrEnum):
    """What a report is about, whatever the city calls its services."""

    WATER = "water"
    GAS = "gas"
    POWER = "power"
    COLLAPSE = "collapse"
    SEWER = "sewer"
    FLOODING = "flooding"
    TELECOM = "telecom"
    LIGHTING = "lighting"
    ROAD = "road"
    TREE = "tree"
    WASTE = "waste"
    OTHER = "other"
