"""Vietnamese before Unicode: the tables of TCVN3, VNI-Win and VISCII, and what a legal syllable is.

Text goes in as the ISO-8859-1 view of the bytes (one character a byte) and comes out as NFC; a byte
without a meaning becomes U+FFFD.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from itertools import product

LOST = "\N{REPLACEMENT CHARACTER}"
WORD = re.compile(r"[^\W\d_¹²³¼½¾]+")

_TONES = "\u0300\u0301\u0309\u0303\u0323"  # huyền, sắc, hỏi, ngã, nặng: also the order of the mark rows below
_SAC_OR_NANG = "\u0301\u0323"
_VOWELS = "aăâeêioôơuưy"
_MARKED_VOWELS = "ăâêôơư"

_TCVN3 = dict(
    zip(
        "µ¸¶·¹¨»¾¼½Æ©ÇÊÈÉË®ÌÐÎÏÑªÒÕÓÔÖ×ÝØÜÞßãáâä«åèæçé¬êíëìîïóñòô\xadõøö÷ùúýûüþ¡¢§£¤¥¦",
        "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵĂÂĐÊÔƠƯ",
        strict=True,
    )
)

_VISCII = dict(zip("\x02\x05\x06\x14\x19\x1e", "ẲẴẪỶỸỴ", strict=True)) | {
    chr(0x80 + offset): letter
    for offset, letter in enumerate(
        "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ"
        "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡưàáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"
    )
}

_VNI_MARKS = {"": "øùûõï", "\u0302": "àáåãä", "\u0306": "èéúüë"}  # plain, circumflex, breve: one mark a tone
_VNI_LETTERS = {"ñ": "đ", "ô": "ơ", "ö": "ư", "í": "í", "ì": "ì", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}

# Ø before a number is the diameter sign, typed outside the font: "Ø110", "PVCØ110" (no syllable ends so).
_DIAMETER = (
    r"(?P<diameter>(?<![A-Za-z\x80-\xff])[\xd8\xf8](?=\s?\d)"
    r"|(?:(?<=[A-Z][BCDFGJ-NPQSTVXZ])|(?<=PE))\xd8(?=\d))"
)


def _make_vni() -> dict[str, str]:
    """One or two characters → letter; a mark counts in either case, the base letter decides."""
    lower = dict(_VNI_LETTERS)
    for base, shape in product("aeou", _VNI_MARKS):
        vowel = unicodedata.normalize("NFC", base + shape)
        if vowel in _VOWELS:
            lower |= _mark(base, vowel, _VNI_MARKS[shape])
    lower |= {"aâ": "â", "eâ": "ê", "oâ": "ô", "aê": "ă"}
    lower |= _mark("y", "y", "øùûõ") | _mark("ô", "ơ", "øùûõï") | _mark("ö", "ư", "øùûõï")
    return {
        spelled: letter.upper() if spelled[0].isupper() else letter
        for key, letter in lower.items()
        for spelled in (key, key.upper(), key[0] + key[1:].upper(), key[0].upper() + key[1:])
    }


def _mark(base: str, vowel: str, marks: str) -> dict[str, str]:
    pairs = zip(marks, _TONES, strict=False)
    return {base + mark: unicodedata.normalize("NFC", vowel + tone) for mark, tone in pairs}


_VNI = _make_vni()


def _typography() -> dict[str, str]:
    """The signs of Windows-1252 (quotes, °, ², …), which every table keeps unless it redefines the byte."""
    signs = {chr(byte): bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}
    return {view: sign for view, sign in signs.items() if sign != LOST and not sign.isalpha()}


def _make_decoder(letters: dict[str, str]) -> Callable[[str], str]:
    table = _typography() | letters
    pairs = [key for key in letters if len(key) == 2]
    controls = [key for key in letters if key < " "]
    pattern = re.compile("|".join([_DIAMETER, *pairs, *controls, r"[^\x00-\x7f]"]))
    return lambda view: pattern.sub(lambda m: "Ø" if m["diameter"] else table.get(m[0], LOST), view)


_decode_tcvn3_letters = _make_decoder(_TCVN3)
decode_vni = _make_decoder(_VNI)
decode_viscii = _make_decoder(_VISCII)


def decode_tcvn3(view: str) -> str:
    """TCVN3 (ABC, the 74 letters of TCVN 5712 VN3) → NFC, capitals completed.

    Capitals with a tone have no code, so a word typed in capitals holds small letters ("TRÇN"):
    it is raised where it has two capitals and no small letter that could have been a capital.
    """
    return WORD.sub(lambda word: _raise_capitals(word[0]), _decode_tcvn3_letters(view))


def _raise_capitals(word: str) -> str:
    capitals = sum(letter.isupper() for letter in word)
    small = [letter for letter in word if letter.islower()]
    typed_small = any(letter.isascii() or letter in "ăâđêôơư" for letter in small)
    return word.upper() if capitals >= 2 and small and not typed_small else word


_INITIALS = ("b", "ch", "d", "đ", "gi", "h", "kh", "l", "m", "n", "nh", "p", "ph", "r", "s", "t", "th", "tr", "v", "x")
_RHYMES = {
    "a": "i o u y m n ng nh p t c ch",
    "ă": "m n ng p t c",
    "â": "u y m n ng p t c",
    "e": "o m n ng p t c",
    "ê": "u m n nh p t ch",
    "i": "a u m n nh p t ch",
    "iê": "u m n ng p t c",
    "o": "i m n ng p t c",
    "oo": "ng c",
    "ô": "i m n ng p t c",
    "ơ": "i m n p t",
    "u": "a i m n ng p t c",
    "uô": "i m n ng t c",
    "ư": "a i u m n ng t c",
    "ươ": "i u m n ng p t c",
    "y": "n nh t ch",
    "yê": "u m n ng t",
    "oa": "i o y m n ng nh p t c ch",
    "oă": "m n ng t c",
    "oe": "o n t",
    "uâ": "y n ng t",
    "uê": "nh ch",
    "uơ": "",
    "uy": "a u n nh p t ch",
    "uyê": "n t",
}
_NEVER_OPEN = {"ă", "â", "iê", "oo", "uô", "ươ", "yê", "oă", "uâ", "uyê"}
_NUCLEI_AFTER_QU = ("a", "ă", "â", "e", "ê", "i", "ô", "ơ", "y", "yê")


@cache
def _toneless_syllables() -> frozenset[str]:
    rhymes = {
        nucleus: [nucleus + final for final in finals.split() + [""] * (nucleus not in _NEVER_OPEN)]
        for nucleus, finals in _RHYMES.items()
    }
    front = [rhyme for nucleus in rhymes if nucleus[0] in "eêiy" for rhyme in rhymes[nucleus]]
    back = [rhyme for nucleus in rhymes if nucleus[0] not in "eêiy" for rhyme in rhymes[nucleus]]
    after_qu = [rhyme for nucleus in _NUCLEI_AFTER_QU for rhyme in rhymes[nucleus]]
    spellings = (
        product(["", *_INITIALS], front + back),
        product(["k", "gh", "ngh"], front),
        product(["c", "g", "ng"], back),
        product(["g"], [rhyme for rhyme in front if rhyme[0] == "i"]),
        product(["qu"], after_qu),
    )
    return frozenset(initial + rhyme for spelling in spellings for initial, rhyme in spelling)


@lru_cache(maxsize=1 << 14)
def is_syllable(word: str) -> bool:
    """True for a legal Vietnamese syllable in NFC, any case: initial + rhyme, tone on the right vowel.

    A syllable closed by p, t, c or ch bears sắc or nặng; where a vowel has a mark of its own (ê, ươ)
    the last of these bears the tone, else any vowel may ("hoá" and "hóa").
    """
    toneless, tones = _split_tones(word.lower())
    if toneless not in _toneless_syllables() or len(tones) > 1:
        return False
    closed = toneless.endswith(("p", "t", "c", "ch"))
    if not tones:
        return not closed
    ((place, tone),) = tones
    marked = [position for position, letter in enumerate(toneless) if letter in _MARKED_VOWELS]
    return (not closed or tone in _SAC_OR_NANG) and (not marked or marked[-1] == place)


def _split_tones(word: str) -> tuple[str, list[tuple[int, str]]]:
    letters = [unicodedata.normalize("NFD", letter) for letter in word]
    tones = [(place, sign) for place, parts in enumerate(letters) for sign in parts if sign in _TONES]
    toneless = "".join(sign for parts in letters for sign in parts if sign not in _TONES)
    return unicodedata.normalize("NFC", toneless), tones
