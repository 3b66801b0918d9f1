"""Rules and indexes on how far utilities reach."""

from sqlalchemy import CheckConstraint, Index, text

from layers.reach import ACROSS, WIDE_M


def proven(table: str) -> CheckConstraint:
    """The rule that `reach_m` is what the row says otherwise."""
    across = ACROSS[table]
    squares = f"coalesce(outer_width_m * outer_width_m, 0) + coalesce({across} * {across}, 0)"
    reach = f"sqrt({squares}) / 2 + coalesce(horizontal_accuracy_m, 0)"
    return CheckConstraint(f"abs(reach_m - ({reach})) < 1e-6", name="reach")


def wide(table: str) -> Index:
    """The index of what reaches farther than `WIDE_M`."""
    return Index(
        f"ix_{table}_reach",
        text("st_expand(geom, reach_m)"),
        postgresql_using="gist",
        postgresql_where=text(f"reach_m > {WIDE_M}"),
    )
