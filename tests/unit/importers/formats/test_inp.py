"""Sections of .inp files: where lines end, and where a file does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importers.faults import Fault, Rejected
from importers.formats.epanet import read_epanet
from importers.formats.inp import read_inp
from importers.source import Dataset

if TYPE_CHECKING:
    from pathlib import Path

MODEL = "[JUNCTIONS]\n N1 3.2 0 ;Nguyễn Huệ\n N2 3.4 0 ;\n[PIPES]\n P1 N1 N2 20 110 140 0 Open ;\n[COORDINATES]\n"
PLACES = " N1 562890.0 1820970.0\n N2 562910.0 1820970.0\n[VERTICES]\n P1 562895.0 1820971.0\n P1 562900.0 1820972.0\n"


def a_model(folder: Path, text: str, encoding: str = "utf-8") -> Dataset:
    path = folder / "mang-luoi.inp"
    path.write_bytes(text.encode(encoding))
    return Dataset(path, folder, (path,))


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_letters_end_no_line(tmp_path: Path, line_end: str) -> None:
    """The last byte of "ễ" in UTF-8 is a line end in Latin-1: it must not make a node of the rest of a remark."""
    model = read_inp(a_model(tmp_path, (MODEL + PLACES).replace("\n", line_end)))
    assert model.lines("JUNC") == [["N1", "3.2", "0"], ["N2", "3.4", "0"]]


@pytest.mark.parametrize("end", [" P1 5628", " P1", "[VERT"])
def test_a_last_line_without_its_fields_or_end_is_cut(tmp_path: Path, end: str) -> None:
    """Half a file must not pass for a network whose pipes run straight."""
    with pytest.raises(Rejected) as refused:
        read_inp(a_model(tmp_path, MODEL + PLACES + end))
    assert refused.value.finding.fault is Fault.TRUNCATED
    assert refused.value.finding.remedy


def test_a_file_without_end_says_so(tmp_path: Path) -> None:
    """EPANET always writes [END]; without it, bends may be missing."""
    whole, half = (next(read_epanet(a_model(tmp_path, MODEL + PLACES + end))) for end in ("[END]\n", ""))
    assert not any("[END]" in note for note in whole.notes)
    assert any("no [END]" in note for note in half.notes)
