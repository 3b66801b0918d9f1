"""Failures are told in the reader's language."""

from __future__ import annotations

import copy
import pickle

from layers.errors import Conflict, Invalid, Sentence, say

DEEP = Sentence("depth_m 90: at most 30", "depth_m 90: nhiều nhất là 30")


def test_a_sentence_is_its_english_text() -> None:
    """Whoever knows nothing of languages prints, joins and compares it as ever."""
    assert DEEP == "depth_m 90: at most 30"
    assert f"{DEEP}" == "depth_m 90: at most 30"
    assert say(DEEP, "vi") == "depth_m 90: nhiều nhất là 30"
    assert say("never translated", "vi") == "never translated"


def test_a_sentence_survives_copies() -> None:
    """Another process or a copied configuration still knows both languages."""
    for twin in (copy.deepcopy(DEEP), pickle.loads(pickle.dumps(DEEP))):  # noqa: S301 - our own bytes
        assert (twin, twin.vi) == (DEEP, DEEP.vi)


def test_every_fault_is_told_in_both_languages() -> None:
    """Several faults become one message in each language; what has no translation is not lost."""
    error = Invalid(DEEP.about("trench 1"), "no name")
    assert str(error) == "trench 1: depth_m 90: at most 30; no name"
    assert say(error.message, "vi") == "trench 1: depth_m 90: nhiều nhất là 30; no name"
    assert say(Conflict(DEEP).message, "vi") == DEEP.vi
