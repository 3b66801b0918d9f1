"""What a new check says that the one before did not."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_ABOUT = ("outcome", "owner", "discipline", "kind", "material", "outer_size_m")
# What may change without changing what is said: numbers of rows, where they came from, how far a neighbour has got.
_PASSING = {"feature", "source_file", "status", "state", "age_days", "updated_on", "pieces", "delivered", "en", "vi"}
_ADVICE = ("warns", "proposes", "informs")


def compare_reports(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any] | None:
    """What came, what went, and whether the whole is clear; None where nothing of it changed.

    Objects are compared by what is said of them, never by their number: a file that is delivered again brings the same
    pipes under other numbers. A conflict that moved by a centimetre went and came; an object that is clear and stays so
    may move as it likes, while nothing else has to be done beside it. `is_advice` says that only proposals and remarks
    on the surroundings are others.
    """
    clashes = _differ(_clashes(before), _clashes(after))
    matters = _differ(_matters(before), _matters(after))
    laid = _fingerprint(before.get("laid")) != _fingerprint(after.get("laid"))
    verdicts = [[report.get(name) for report in (before, after)] for name in ("is_clear", "failure")]
    silences = _fingerprint(before.get("owners_without_data") or []) != _fingerprint(
        after.get("owners_without_data") or []
    )
    is_same = all(old == new for old, new in verdicts) and not laid and not silences
    if is_same and not any(clashes) and not any(matters):
        return None
    is_advice = is_same and not any(clashes) and all(m["weight"] in _ADVICE for side in matters for m in side)
    return {
        "came": clashes[0],
        "went": clashes[1],
        "matters_came": matters[0],
        "matters_went": matters[1],
        "laid_changed": laid,
        "owners_without_data_changed": silences,
        "is_clear": verdicts[0],
        "is_advice": is_advice,
        **({"failure": after["failure"]} if after.get("failure") else {}),
    }


type _Keyed = list[tuple[str, dict[str, Any]]]


def _differ(before: _Keyed, after: _Keyed) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What is only after, and what was only before."""
    old, new = (Counter(key for key, _ in each) for each in (before, after))
    return _pick(after, new - old), _pick(before, old - new)


def _pick(keyed: _Keyed, wanted: Counter[str]) -> list[dict[str, Any]]:
    left = wanted.copy()
    found = []
    for key, shown in keyed:
        if left[key] > 0:
            left[key] -= 1
            found.append(shown)
    return found


def _clashes(report: dict[str, Any]) -> _Keyed:
    return [(_clash_key(clash), _show_clash(clash)) for clash in report.get("clashes") or ()]


def _clash_key(clash: dict[str, Any]) -> str:
    gaps = [] if clash["outcome"] == "clear" else [clash.get(name) for name in ("plan_gap_m", "vertical_gap_m")]
    about = [clash.get(name) for name in _ABOUT]
    duties = sorted((duty["rule"]["id"], duty["verdict"]) for duty in clash.get("duties") or ())
    return _fingerprint([clash["feature"]["collection"], clash.get("reason", {}).get("code"), about, gaps, duties])


def _show_clash(clash: dict[str, Any]) -> dict[str, Any]:
    """As far as a reader needs it."""
    kept = {name: clash.get(name) for name in (*_ABOUT, "plan_gap_m", "gap_m")}
    return kept | {"collection": clash["feature"]["collection"], "id": clash["feature"]["id"]}


def _matters(report: dict[str, Any]) -> _Keyed:
    """Citizens report every day: nobody is told anew of what is no sign of anything."""
    matters: Iterable[dict[str, Any]] = (report.get("surroundings") or {}).get("matters", ())
    return [
        (
            _fingerprint([m["kind"], m["weight"], (m["feature"] or {}).get("collection"), m["facts"]]),
            {"kind": m["kind"], "weight": m["weight"], "text": m["text"]},
        )
        for m in matters
        if not (m["kind"] == "report" and m["weight"] == "informs")
    ]


def _fingerprint(value: Any) -> str:
    """The value without what may change in passing, numbers to the centimetre."""
    return json.dumps(_steady(value), sort_keys=True, ensure_ascii=False)


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _steady(each) for name, each in value.items() if name not in _PASSING}
    if isinstance(value, list | tuple):
        return [_steady(each) for each in value]
    return round(value, 2) + 0.0 if isinstance(value, float) else value
