import struct
from pathlib import Path

import pytest

from importers.text import Decoding, decode_layer

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "parcels" / "encodings"


def read_dbf(path: Path) -> tuple[list[str], list[str], int]:
    """Field names, values without padding and the language driver byte, as ISO-8859-1 views."""
    content = path.read_bytes()
    count, header, _ = struct.unpack_from("<IHH", content, 4)
    names, widths, at = [], [], 32
    while content[at] != 0x0D:
        names.append(content[at : at + 11].split(b"\0")[0].decode("latin-1"))
        widths.append(content[at + 16])
        at += 32
    values, at = [], header
    for width in ([1, *widths] * count)[: count * (len(widths) + 1)]:
        values.append(content[at : at + width].strip(b" \0").decode("latin-1"))
        at += width
    return names, values, content[29]


def decode_dbf(name: str) -> tuple[Decoding, list[str]]:
    path = SHARED / name
    names, values, driver = read_dbf(path)
    label = path.with_suffix(".cpg")
    decoding = decode_layer([*names, *values], declared=label.read_text() if label.exists() else f"LDID/{driver}")
    return decoding, [decoding.decode(value) for value in values if value]


shared_data = pytest.mark.shared_data
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the public files are absent: {SHARED}")


@shared_data
@needs_shared
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cpg/big5.dbf", "國語"),
        ("cpg/euckr.dbf", "한국말"),
        ("cpg/koi8r.dbf", "русский"),
        ("cpg/latin2.dbf", "čeština"),
        ("cpg/shiftjis.dbf", "カタカナひらがな"),
        ("cpg/win1251.dbf", "РУССКИЙ"),
        ("cpg/win874.dbf", "ภาษาไทย"),
        ("ldid/chinese.dbf", "简体"),
        ("nocpg/utf8.dbf", "国语國語"),
        ("nocpg/latin1.dbf", "Peçeña México"),
        ("latin1-property.dbf", "México"),
    ],
)
def test_real_foreign_files(name, text):
    """Files of other countries decode by their .cpg, their driver byte or their evidence."""
    decoding, texts = decode_dbf(name)
    assert texts == [text]
    assert decoding.trusted


@shared_data
@needs_shared
@pytest.mark.parametrize("name", ["big5", "eucjp", "gb2312", "gbk", "shiftjis"])
def test_real_files_without_a_declaration_are_undecided(name):
    """Without .cpg and driver byte a CJK file is reported, not guessed."""
    decoding, texts = decode_dbf(f"nocpg/{name}.dbf")
    assert (decoding.encoding, decoding.trusted) == ("undecided", False)
    assert all("�" in text for text in texts)


@shared_data
@needs_shared
def test_real_utf_16_names_cut_by_the_format_are_undecided():
    """UTF-16 in a DBF ends at its first NUL: the file is reported."""
    assert not decode_dbf("cpg/utf16.dbf")[0].trusted


@shared_data
@needs_shared
def test_real_dbf_with_a_gbk_field_name():
    """Field names are part of the layer: 中国 is read from a name and the driver byte alone."""
    names, _, driver = read_dbf(SHARED / "chinese.dbf")
    decoding = decode_layer(names, declared=f"LDID/{driver}")
    assert decoding.is_lossless(names[0])
    assert decoding.decode(names[0]) == "中国"
