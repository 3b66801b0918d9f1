"""Legacy text of one layer → NFC Unicode, decided by legal Vietnamese words and not by labels alone."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from importers.codepages import UNDECIDED, UNICODE, as_bytes_view, decoder, is_stateful, name_encoding
from importers.vietnamese import LOST, WORD, is_syllable

TRUSTED_SCORE = 0.6  # two words more than the runner-up give 0.75, one word gives 0.5

_SYMBOLS_SCORE = 0.75  # °, ², Ø are the same bytes in all Western and Vietnamese code pages of Windows
_LABEL_VOTES = 2  # a declaration or a font name weighs as much as two words
_RARITY = {"VISCII": 1}  # in words: undeclared, it must beat its commoner sisters
_ENOUGH_EVIDENCE = 4000  # distinct words; more do not change the decision

_VIETNAMESE = ("Windows-1258", "TCVN3", "VNI-Win", "VISCII")
_WESTERN = ("Windows-1252", UNICODE)
_CANDIDATES = ("UTF-8", "Windows-1258", "TCVN3", "VNI-Win", "Windows-1252", "VISCII")
_FONTS = {"TCVN3": re.compile(r"\.vn|vn(?!i)", re.IGNORECASE), "VNI-Win": re.compile("vni", re.IGNORECASE)}

_BEYOND_ASCII = re.compile("[^\x01-\x1a\x1c-\x7f]")  # NUL and ESC: ASCII bytes of UTF-16 and ISO 2022
_RUN = re.compile(r"[^\x20-\x3f\t\r\n]+")  # no cut inside a CJK character, whose second byte may be @ to ~
_QUOTES = r"[\x85\x91-\x97\xa0]*"
_NO_EVIDENCE = re.compile(  # “DN110”, m², °C, Ø
    rf"{_QUOTES}[\x00-\x7f]*{_QUOTES}|(?:[cdkm]?m)?[\xb2\xb3]|\xb0[CF]?|\xb1|[\xd8\xf8]"
)
_AROUND_WORDS = "“”‘’„«»…•\xa0"
_BETWEEN_WORDS = "–—"
_ABBREVIATION = re.compile("[BCDĐGHKLMNPQRSTVX]{1,5}|đ")

# Between letters, before a letter ("?ng"), or behind an initial, for no syllable is without a vowel ("đô th?").
_LOST_LETTERS = re.compile(
    r"[^\W\d_]\?+[^\W\d_]|(?<!\w)\?+[^\W\d_]|\ufffd"
    r"|(?<!\w)(?:[bcdđghklmnprstvx]|[ckgnpt]h|gi|qu|tr|ngh?)\?(?!\w)"
)

_STROKED_D = str.maketrans("đð", "dd")  # Icelandic Ð is often typed for Đ
_FOLDED = re.compile("[a-z0-9]+")
_CAD_ESCAPE = re.compile(r"\\U\+([0-9A-F]{4})|%%([cdpuok%])", re.IGNORECASE)
_CAD_SIGNS = {"c": "Ø", "d": "°", "p": "±", "%": "%", "u": "", "o": "", "k": ""}


class Reason(StrEnum):
    """Why an encoding was chosen; `describe` says it to a person."""

    ASCII = "ascii"
    UNICODE = "unicode"
    SYMBOLS = "symbols"
    DECLARED = "declared"
    FONTS = "fonts"
    WORDS = "words"
    CONTRADICTED = "contradicted"
    UNDECIDED = "undecided"

    def describe(self, language: str = "vi") -> str:
        vietnamese, english = _SENTENCES[self]
        return english if language == "en" else vietnamese


_SENTENCES: Mapping[Reason, tuple[str, str]] = {
    Reason.ASCII: ("Chỉ có ký tự ASCII", "Only ASCII characters"),
    Reason.UNICODE: ("Đã là Unicode", "Already Unicode"),
    Reason.SYMBOLS: ("Ngoài ASCII chỉ có ký hiệu như ° và ²", "Beyond ASCII only symbols such as ° and ²"),
    Reason.DECLARED: ("Theo khai báo của tệp", "As the file declares"),
    Reason.FONTS: ("Theo tên phông chữ trong tệp", "By the font names in the file"),
    Reason.WORDS: ("Theo số từ hợp lệ", "By the number of legal words"),
    Reason.CONTRADICTED: (
        "Theo số từ hợp lệ, trái với khai báo",
        "By the number of legal words, against the declaration",
    ),
    Reason.UNDECIDED: ("Không rõ bảng mã, hãy khai báo", "Unknown encoding: declare it"),
}


@dataclass(frozen=True)
class Decoding:
    """How the text of one layer is read.

    `score` is the share of legal words among those with a byte beyond ASCII, times 1 - 2^-lead, where
    lead is by how many words this reading beats the next one that gives another text. `alternatives`
    are the other encodings with their share of legal words, best first.
    """

    encoding: str
    score: float
    reason: Reason
    alternatives: tuple[tuple[str, float], ...] = ()

    @property
    def trusted(self) -> bool:
        """False where a person should confirm the encoding before the rows are kept."""
        return self.score >= TRUSTED_SCORE

    def decode(self, value: str) -> str:
        """NFC text; U+FFFD stands for what has no meaning in this encoding."""
        return to_nfc(decoder(self.encoding)(value))

    def is_lossless(self, value: str) -> bool:
        """False where the decoded value holds a U+FFFD: its row belongs in quarantine."""
        return LOST not in self.decode(value)

    def reads_well(self, value: str) -> bool:
        """Whether every word of it that tells encodings apart is legal in this one."""
        if self.encoding == "UTF-8":
            return self.is_lossless(value)
        texts = map(self.decode, _find_evidence([as_bytes_view(value)]))
        return all(_is_legal(self.encoding, text, read_as_vietnamese=False) for text in texts)


@dataclass(frozen=True)
class _Reading:
    encoding: str
    texts: tuple[str, ...]
    legal: tuple[bool, ...]
    votes: int

    @property
    def share(self) -> float:
        return sum(self.legal) / len(self.legal)

    @property
    def strength(self) -> int:
        """In words; valid UTF-8 is twice as telling, since chance does not produce it."""
        words = sum(self.legal) * (2 if self.encoding == "UTF-8" else 1)
        return words + (self.votes if self.share >= 0.5 else min(self.votes, 0))


def decode_layer(values: Iterable[str], *, declared: str | None, hints: Sequence[str] = ()) -> Decoding:
    """The encoding of one layer, from all its distinct values and field names.

    Values are ISO-8859-1 views of the raw bytes, not stripped (U+00A0 and U+0085 are letters in VISCII),
    or text that a driver has decoded: then declare "Unicode". What a .cpg, a language driver byte
    ("LDID/87") or $DWGCODEPAGE declares wins unless its bytes or words contradict it. `hints` are font
    names (".VnTime", "VNI-Times").
    """
    views = list(dict.fromkeys(map(as_bytes_view, values)))
    if not any(_BEYOND_ASCII.search(view) for view in views):
        return Decoding("UTF-8", 1.0, Reason.ASCII)
    if any(max(view, default="") > "\xff" for view in views):
        return Decoding(UNICODE, 1.0, Reason.UNICODE)
    claim = name_encoding(declared) if declared else None
    runs = views if claim and is_stateful(claim) else _find_evidence(views)
    if not runs:
        return _decode_symbols(views, claim)
    hinted = [encoding for encoding, font in _FONTS.items() if any(map(font.match, hints))]
    decoding = _decide(_read_all(runs, claim, hinted), claim, hinted)
    return decoding if decoding.trusted else _decide_of_two(views, decoding)


def _decide_of_two(views: Collection[str], undecided: Decoding) -> Decoding:
    """The first of two encodings that together explain what one does not, as in a file put together of two; or none."""
    candidates = ("UTF-8", undecided.encoding, *(encoding for encoding, _ in undecided.alternatives))
    for encoding in dict.fromkeys(candidates):
        if encoding == UNDECIDED:
            continue
        first = Decoding(encoding, 1.0, Reason.WORDS)
        parts: tuple[list[str], list[str]] = ([], [])
        for view in filter(_BEYOND_ASCII.search, views):
            parts[first.reads_well(view)].append(view)
        decided = [_decide(_read_all(runs, None, ()), None, ()) for part in parts if (runs := _find_evidence(part))]
        if len(decided) == len(parts) and all(d.trusted for d in decided) and decided[1].encoding == encoding:
            return decided[1]
    return undecided


def _find_evidence(views: Iterable[str]) -> list[str]:
    runs: dict[str, None] = {}
    for view in views:
        runs |= dict.fromkeys(run for run in _RUN.findall(view) if not _NO_EVIDENCE.fullmatch(run))
        if len(runs) >= _ENOUGH_EVIDENCE:
            break
    return list(runs)


def _decode_symbols(views: Iterable[str], claim: str | None) -> Decoding:
    declared = Decoding(claim or UNDECIDED, _SYMBOLS_SCORE, Reason.DECLARED)
    if claim and all(map(declared.is_lossless, views)):
        return declared
    return Decoding("Windows-1252", _SYMBOLS_SCORE, Reason.SYMBOLS)


def _read_all(runs: Collection[str], claim: str | None, hinted: Collection[str]) -> list[_Reading]:
    """One reading a candidate; of equals the first one will be chosen."""
    labels = [*([claim] if claim else []), *hinted]
    texts = {encoding: tuple(to_nfc(decoder(encoding)(run)) for run in runs) for encoding in (*labels, *_CANDIDATES)}
    vietnamese = [any(map(_is_vietnamese, column)) for column in zip(*map(texts.__getitem__, _VIETNAMESE), strict=True)]
    return [
        _Reading(
            encoding,
            column,
            tuple(
                _is_legal(encoding, text, read_as_vietnamese=native)
                for text, native in zip(column, vietnamese, strict=True)
            ),
            _LABEL_VOTES * labels.count(encoding) - _RARITY.get(encoding, 0) * (encoding not in labels),
        )
        for encoding, column in texts.items()
    ]


def _is_legal(encoding: str, text: str, *, read_as_vietnamese: bool) -> bool:
    """Another language counts only where no encoding makes the word Vietnamese: the reverse is rare."""
    if LOST in text:
        return False
    if _is_vietnamese(text):
        return True
    if read_as_vietnamese or encoding in _VIETNAMESE:
        return False
    return encoding == "UTF-8" or _is_foreign(text, western=encoding in _WESTERN)


def _is_vietnamese(text: str) -> bool:
    words = [word for word in WORD.findall(text) if not word.isascii()]
    return bool(words) and _is_prose(text) and all(is_syllable(w) or _ABBREVIATION.fullmatch(w) for w in words)


def _is_prose(text: str) -> bool:
    inner = text.strip(_AROUND_WORDS)
    return all(sign.isascii() or sign.isalpha() or sign in _BETWEEN_WORDS for sign in inner)


def _is_foreign(text: str, *, western: bool) -> bool:
    words = WORD.findall(text)
    consistent = all(word[1:] in (word[1:].lower(), word[1:].upper()) for word in words)
    if not western:
        return consistent and not any(unicodedata.category(sign).startswith("C") for sign in text)
    mostly_ascii = all(2 * sum(map(str.isascii, word)) >= len(word) for word in words)
    return consistent and mostly_ascii and _is_prose(text)


def _decide(readings: Sequence[_Reading], claim: str | None, hinted: Collection[str]) -> Decoding:
    best = max(readings, key=lambda reading: reading.strength)
    others = sorted((r for r in readings if r is not best), key=lambda r: r.strength, reverse=True)
    alternatives = tuple((other.encoding, other.share) for other in others)
    if best.share < 0.5:
        return Decoding(UNDECIDED, 0.0, Reason.UNDECIDED, ((best.encoding, best.share), *alternatives))
    rival = max((other.strength for other in others if other.texts != best.texts), default=0)
    score = best.share * (1 - 2 ** (rival - best.strength))
    return Decoding(best.encoding, score, _reason(best.encoding, claim, hinted), alternatives)


def _reason(encoding: str, claim: str | None, hinted: Collection[str]) -> Reason:
    if encoding == claim:
        return Reason.DECLARED
    if encoding in hinted:
        return Reason.FONTS
    return Reason.CONTRADICTED if claim else Reason.WORDS


def to_nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """The search key: words of [a-z0-9], single spaces, no accents, đ → d ("Hoá" and "Hóa" agree)."""
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_STROKED_D)
    return " ".join(_FOLDED.findall("".join(sign for sign in plain if not unicodedata.combining(sign))))


@lru_cache(maxsize=65536)
def fold_name(text: str) -> str:
    """The key of a field name: [a-z0-9] only ("Đường_Kính" → "duongkinh")."""
    return fold(text).replace(" ", "")


def has_lost_letters(text: str) -> bool:
    """Whether a letter was already replaced by '?' or U+FFFD before the text came here ("n??c m?a")."""
    return _LOST_LETTERS.search(text) is not None


def decode_cad_escapes(text: str) -> str:
    r"""Text of a drawing in NFC: \U+XXXX, %%c (Ø), %%d (°), %%p (±), %%% resolved, %%u %%o %%k dropped.

    Comes after `Decoding.decode`: the escapes are ASCII. Half a surrogate pair becomes U+FFFD.
    """
    plain = _CAD_ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _CAD_SIGNS[m[2].lower()], text)
    return to_nfc(plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
