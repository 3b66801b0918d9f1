"""Areas where digging is forbidden, needs a consent or is watched: monuments, dikes, defence, railways."""

from enum import StrEnum


class ZoneKind(StrEnum):
    HERITAGE = "heritage"
    DEFENCE = "defence"
    DIKE = "dike"
    WATERWAY = "waterway"
    RAILWAY = "railway"
    TUNNEL = "tunnel"
    WATER_SOURCE = "water_source"
    CEMETERY = "cemetery"
    UTILITY_CORRIDOR = "utility_corridor"
    OTHER = "other"


class Demand(StrEnum):
    """What digging there needs: it is forbidden, or the authority must consent, or it must be there and watch."""

    FORBIDDEN = "forbidden"
    CONSENT = "consent"
    SUPERVISION = "supervision"
