"""Text of whole layers: what was put together of files in two encodings is read as both."""

from __future__ import annotations

import unicodedata
from itertools import product

import numpy as np
import shapely

from importers.decoding import decode, decode_names
from importers.source import SourceLayer

OWNERS = ["Công ty Cấp nước Huế", "Xí nghiệp nước sạch", "Công ty Điện lực", "Sở Xây dựng thành phố"]
OTHERS = ["Cấp nước sạch đô thị", "Đường ống truyền tải", "Phường Vỹ Dạ", "Trường Đại học Huế"]
MORE = ["Mạng lưới thoát nước", "Hố ga thu nước mưa", "Quốc lộ mới", "Khu đô thị An Vân"]
_TCVN3 = dict(
    zip(
        "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵĂÂĐÊÔƠƯ",
        "µ¸¶·¹¨»¾¼½Æ©ÇÊÈÉË®ÌÐÎÏÑªÒÕÓÔÖ×ÝØÜÞßãáâä«åèæçé¬êíëìîïóñòô\xadõøö÷ùúýûüþ¡¢§£¤¥¦",
        strict=True,
    )
)


def in_tcvn3(text: str) -> str:
    return "".join(_TCVN3.get(letter, letter) for letter in text)


def in_utf8(text: str) -> str:
    return text.encode().decode("iso-8859-1")


def read(*values: str) -> tuple[list[str], str, int]:
    columns = {"ChuQuanLy": list(values)}
    points = np.array([shapely.Point(0, 0)] * len(values), dtype=object)
    layer = SourceLayer("ong", points, columns, np.arange(1, len(values) + 1), crs=None, crs_origin="")
    decoded, said, remarks = decode(layer, decode_names(columns, None, (), None))
    return list(decoded.columns["ChuQuanLy"]), said, sum(remark.row is not None for remark in remarks)


def test_a_layer_in_two_encodings_loses_no_letter() -> None:
    """Rows of two offices in one dBASE file, whichever has more of them: all are read, and the mixture is said."""
    for most, few, other in ((in_utf8, in_tcvn3, "TCVN3"), (in_tcvn3, in_utf8, "UTF-8")):
        texts, said, damaged = read(*map(most, OWNERS), few(OWNERS[2]))
        assert texts == [*OWNERS, OWNERS[2]]
        assert (f"1 values in {other}" in said, damaged) == (True, 0), said


def in_windows(text: str) -> str:
    marked = "".join(
        unicodedata.normalize("NFC", "".join(c for c in whole if c not in _TONES))
        + "".join(c for c in whole if c in _TONES)
        for whole in (unicodedata.normalize("NFD", letter) for letter in text)
    )
    return marked.encode("cp1258").decode("iso-8859-1")


_TONES = "\u0300\u0301\u0303\u0309\u0323"


def test_a_layer_of_two_halves_is_read_by_both() -> None:
    """As many rows of one office as of another: each value is read as it was written, names of fields too."""
    for one, other in product((in_utf8, in_tcvn3, in_windows), repeat=2):
        texts, said, damaged = read(*map(one, OWNERS), *map(other, OTHERS))
        assert (texts, damaged) == ([*OWNERS, *OTHERS], 0), said
        assert ("values in" in said) == (one is not other)


def test_what_is_doubtful_is_said_of_each_row() -> None:
    """Three encodings in one layer: whatever is not read as it was written has a mark on its row."""
    texts, _, _ = read(*map(in_utf8, OWNERS), *map(in_tcvn3, OTHERS), *map(in_windows, MORE))
    columns = {"ChuQuanLy": [*map(in_utf8, OWNERS), *map(in_tcvn3, OTHERS), *map(in_windows, MORE)]}
    points = np.array([shapely.Point(0, 0)] * 12, dtype=object)
    layer = SourceLayer("ong", points, columns, np.arange(12), crs=None, crs_origin="")
    _, _, remarks = decode(layer, decode_names(columns, None, (), None))
    wrong = {i for i, (text, meant) in enumerate(zip(texts, [*OWNERS, *OTHERS, *MORE], strict=True)) if text != meant}
    assert wrong
    assert wrong <= {remark.row for remark in remarks}


def test_letters_of_no_encoding_stay_said() -> None:
    """A value that no encoding explains is no second encoding: its row is named."""
    texts, said, damaged = read(*map(in_utf8, OWNERS), "Hu\x81\xc3")
    assert "\ufffd" in texts[-1]
    assert ("values in" in said, damaged) == (False, 1)
