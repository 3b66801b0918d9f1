import pytest

from importers.codepages import name_encoding


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("utf8", "UTF-8"),
        ("65001", "UTF-8"),
        ("ANSI_1258", "Windows-1258"),
        ("WindowsVietnamese", "Windows-1258"),
        ("88591", "Windows-1252"),
        ("LDID/77", "gb18030"),
        ("LDID/0", None),
        ("TCVN5712-1", "TCVN3"),
        ("KOI8R", "koi8-r"),
        ("", None),
        ("idna", None),
        ("unicode_escape", None),
        ("rot13", None),
        ("utf-7", None),
    ],
)
def test_declarations_are_understood(declared, encoding):
    """Spellings of code pages agree; codecs that rewrite ASCII are refused."""
    assert name_encoding(declared) == encoding
