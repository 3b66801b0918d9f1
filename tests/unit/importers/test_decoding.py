"""Text of whole layers: what was put together of files in two encodings is read as both."""

from __future__ import annotations

import numpy as np
import shapely

from importers.decoding import decode, decode_names
from importers.source import SourceLayer

OWNERS = ["Công ty Cấp nước Huế", "Xí nghiệp nước sạch", "Công ty Điện lực", "Sở Xây dựng thành phố"]
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


def test_letters_of_no_encoding_stay_said() -> None:
    """A value that no encoding explains is no second encoding: its row is named."""
    texts, said, damaged = read(*map(in_utf8, OWNERS), "Hu\x81\xc3")
    assert "\ufffd" in texts[-1]
    assert ("values in" in said, damaged) == (False, 1)
