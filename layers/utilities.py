"""What is said of underground utilities, in the words that their columns hold."""

from enum import StrEnum


class Discipline(StrEnum):
    WATER = "water"
    WASTEWATER = "wastewater"
    STORM = "storm"
    COMBINED = "combined"
    POWER = "power"
    TELECOM = "telecom"
    GAS = "gas"
    LIGHTING = "lighting"
    HEAT = "heat"
    OTHER = "other"


class Status(StrEnum):
    PLANNED = "planned"
    IN_SERVICE = "in_service"
    DISUSED = "disused"
    ABANDONED = "abandoned"
    REMOVED = "removed"
    UNKNOWN = "unknown"


class SectionShape(StrEnum):
    CIRCULAR = "circular"
    RECTANGULAR = "rectangular"
    EGG = "egg"
    BANK = "bank"
    UNKNOWN = "unknown"


class VerticalReference(StrEnum):
    """Which part of the section the owner's height or depth speaks of; `unstated` was read as crown."""

    CROWN = "crown"
    AXIS = "axis"
    INVERT = "invert"
    COVER = "cover"
    BANK_TOP = "bank_top"
    UNSTATED = "unstated"
    NONE = "none"


class ElevationSource(StrEnum):
    """How the elevation came about: measured (z or elevation given), from a depth, or not known."""

    MEASURED = "measured"
    DEPTH = "depth"
    INTERPOLATED = "interpolated"
    NONE = "none"


class GroundSource(StrEnum):
    OWNER = "owner"
    TERRAIN = "terrain"
    NONE = "none"


class Disclosure(StrEnum):
    PUBLIC = "public"
    RESTRICTED = "restricted"
    SECRET = "secret"  # noqa: S105 - a class of disclosure


class NodeKind(StrEnum):
    MANHOLE = "manhole"
    CHAMBER = "chamber"
    VALVE = "valve"
    HYDRANT = "hydrant"
    INLET = "inlet"
    METER = "meter"
    POLE = "pole"
    CABINET = "cabinet"
    OTHER = "other"
