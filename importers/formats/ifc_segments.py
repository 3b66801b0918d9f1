"""What an IFC model says of a segment of pipe or cable: kind, system, sizes, materials, properties.

Source: ISO 16739-1, IfcDistributionFlowElement; Pset_PipeSegmentTypeCommon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# How a class's name begins -> the layer. Ducts carry air, conveyors goods.
_LAYERS = {"IfcPipe": "pipes", "IfcCable": "cables", "IfcDuct": None, "IfcConveyor": None}
# IfcDistributionSystemEnum, as far as it runs below streets.
_DISCIPLINES = {
    "WATERSUPPLY": "water", "DOMESTICCOLDWATER": "water", "FIREPROTECTION": "water", "SEWAGE": "wastewater",
    "WASTEWATER": "wastewater", "STORMWATER": "storm", "RAINWATER": "storm", "GAS": "gas", "ELECTRICAL": "power",
    "LIGHTING": "lighting", "COMMUNICATION": "telecom", "DATA": "telecom", "TELEPHONE": "telecom", "TV": "telecom",
    "HEATING": "heat",
}  # fmt: skip
_DIAMETERS = {
    "diameter_mm": "NominalDiameter",
    "outerdiameter_mm": "OuterDiameter",
    "innerdiameter_mm": "InnerDiameter",
}


def layer_of(segment: Any, kind: Any) -> str | None:
    """Layer of a flow segment, by its class or, in IFC2X3, that of its type; None for what is no utility."""
    for name in (segment.is_a(), kind.is_a() if kind is not None else ""):
        for beginning, layer in _LAYERS.items():
            if name.startswith(beginning):
                return layer
    return "utility lines"


def describe_segment(
    segment: Any, properties: Mapping[str, Mapping[str, Any]], materials: Sequence[str], unit_m: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is said in the words of the vocabulary, and the properties as delivered, lengths in the model's unit."""
    free = {name: value for held in properties.values() for name, value in held.items() if name != "id"}
    sizes = _round_profile(segment) | {word: free[name] for word, name in _DIAMETERS.items() if free.get(name)}
    told: dict[str, Any] = {word: _millimetres(size, unit_m) for word, size in sizes.items()}
    told |= {
        "ownerref": segment.Tag or segment.GlobalId,
        "subtype": getattr(segment, "PredefinedType", None) or segment.is_a(),
        "material": ", ".join(materials) or None,
        "discipline": _discipline(segment),
    }
    return told, {"name": segment.Name, **free}


def _millimetres(size: Any, unit_m: float) -> float | None:
    # Rounded to the micrometre: 0.11 m is 110 mm, not 110.00000000000001.
    return round(size * unit_m * 1000, 3) if isinstance(size, int | float) and size > 0 else None


def _round_profile(segment: Any) -> dict[str, float]:
    """Outer diameter and wall of a body that is drawn as a straight or bent tube, in the model's unit."""
    representations = segment.Representation.Representations if segment.Representation else ()
    for item in (item for representation in representations for item in representation.Items):
        if item.is_a("IfcSweptDiskSolid"):
            wall = item.Radius - item.InnerRadius if item.InnerRadius else 0.0
            return {"outerdiameter_mm": 2 * item.Radius, "wall_mm": wall}
        if item.is_a("IfcExtrudedAreaSolid") and item.SweptArea.is_a("IfcCircleProfileDef"):
            tube = item.SweptArea
            return {"outerdiameter_mm": 2 * tube.Radius, "wall_mm": getattr(tube, "WallThickness", 0.0)}
    return {}


def _discipline(segment: Any) -> str | None:
    """That of its system, or else the system's name."""
    for assignment in segment.HasAssignments:
        system = assignment.RelatingGroup if assignment.is_a("IfcRelAssignsToGroup") else None
        if system is not None and system.is_a("IfcSystem"):
            known = _DISCIPLINES.get(getattr(system, "PredefinedType", None) or "")
            return known or getattr(system, "LongName", None) or system.Name
    return None
