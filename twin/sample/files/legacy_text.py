"""Vietnamese text in the font encodings of older offices, written as the ISO-8859-1 characters of its bytes."""

from __future__ import annotations

import unicodedata

_TCVN3_CODES = "µ¸¶·¹¨»¾¼½Æ©ÇÊÈÉË®ÌÐÎÏÑªÒÕÓÔÖ×ÝØÜÞßãáâä«åèæçé¬êíëìîïóñòô\u00adõøö÷ùúýûüþ¡¢§£¤¥¦"
_TCVN3_TEXT = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵĂÂĐÊÔƠƯ"
_TCVN3 = dict(zip(_TCVN3_TEXT, _TCVN3_CODES, strict=True))

_ACUTE, _GRAVE, _HOOK, _TILDE, _DOT = "\u0301", "\u0300", "\u0309", "\u0303", "\u0323"
_CIRCUMFLEX, _BREVE, _HORN = "\u0302", "\u0306", "\u031b"
# VNI-Win: what follows a base letter, by its marks.
_VNI_TONES = {_ACUTE: "ù", _GRAVE: "ø", _HOOK: "û", _TILDE: "õ", _DOT: "ï"}
_VNI_CIRCUMFLEX = {"": "â", _ACUTE: "á", _GRAVE: "à", _HOOK: "å", _TILDE: "ã", _DOT: "ä"}
_VNI_BREVE = {"": "ê", _ACUTE: "é", _GRAVE: "è", _HOOK: "ú", _TILDE: "ü", _DOT: "ë"}
_VNI_I = {_ACUTE: "í", _GRAVE: "ì", _HOOK: "æ", _TILDE: "ó", _DOT: "ò"}


def encode_tcvn3(text: str) -> str:
    """Text in TCVN3 (ABC). Capitals with a tone have no code: they become small letters, as typists left them."""
    letters = unicodedata.normalize("NFC", text)
    return "".join(_TCVN3.get(letter) or _TCVN3.get(letter.lower()) or letter for letter in letters)


def encode_vni(text: str) -> str:
    """Text in VNI-Win: a base letter, then one letter for its marks, in the case of the base."""
    return "".join(_encode_vni_letter(letter) for letter in unicodedata.normalize("NFC", text))


def _encode_vni_letter(letter: str) -> str:
    if letter in "đĐ":
        return "ñ" if letter == "đ" else "Ñ"
    base, *marks = list(unicodedata.normalize("NFD", letter))
    tone = next((mark for mark in marks if mark in _VNI_TONES), "")
    small = base.lower()
    if small == "i":
        code = _VNI_I.get(tone, "i")
    elif small == "y" and tone == _DOT:
        code = "î"
    elif _CIRCUMFLEX in marks:
        code = small + _VNI_CIRCUMFLEX[tone]
    elif _BREVE in marks:
        code = small + _VNI_BREVE[tone]
    elif _HORN in marks:
        code = {"o": "ô", "u": "ö"}[small] + _VNI_TONES.get(tone, "")
    else:
        code = small + _VNI_TONES.get(tone, "")
    return code if base.islower() or not base.isalpha() else code.upper()


# Upper half of VISCII (RFC 1456), and the six letters that took the place of controls.
_VISCII = {letter: chr(0x80 + place) for place, letter in enumerate(
    "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ"
    "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡưàáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"
)} | dict(zip("ẲẴẪỶỸỴ", "\x02\x05\x06\x14\x19\x1e", strict=True))  # fmt: skip


def encode_viscii(text: str) -> str:
    """Text in VISCII, one byte for every letter."""
    return "".join(_VISCII.get(letter, letter) for letter in unicodedata.normalize("NFC", text))


def encode_cp1258(text: str) -> str:
    """Text in Windows-1258: letters that the code page lacks are a base with a mark of tone after it."""
    return "".join(_encode_cp1258_letter(letter) for letter in unicodedata.normalize("NFC", text))


def _encode_cp1258_letter(letter: str) -> str:
    try:
        return letter.encode("cp1258").decode("iso-8859-1")
    except UnicodeEncodeError:
        marks = unicodedata.normalize("NFD", letter)
        tones = "".join(mark for mark in marks if mark in _VNI_TONES)
        base = unicodedata.normalize("NFC", "".join(mark for mark in marks if mark not in tones))
        return (base + tones).encode("cp1258").decode("iso-8859-1")
