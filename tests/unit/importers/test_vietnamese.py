import pytest

from importers.vietnamese import is_syllable


@pytest.mark.parametrize("word", ["côc", "Lơị", "nguyễm", "kà", "ghạ", "ngiêng", "tếế", "qộa", "lòp", "Peỗeủa", "đđ"])
def test_impossible_syllables_are_refused(word):
    """Wrong finals, tones on closed syllables, misplaced tones and k, gh, ngh before a, o, u are no Vietnamese."""
    assert not is_syllable(word)
