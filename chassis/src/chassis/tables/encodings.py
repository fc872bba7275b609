"""Which encoding a text is in: what it says itself, else what it can only be, else a guess that is called one."""

import codecs
import re
from typing import Final, NamedTuple

from chassis.tables.refusals import Reason, UnreadableFile

# Name for users -> codec of Python. The first are the ones that are found; any may be asked for.
ENCODINGS: Final = {
    "utf-8": "utf-8-sig",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "windows-1250": "cp1250",
    "windows-1251": "cp1251",
    "windows-1252": "cp1252",
    "windows-1253": "cp1253",
    "windows-1254": "cp1254",
    "windows-1255": "cp1255",
    "windows-1256": "cp1256",
    "windows-1257": "cp1257",
    "windows-1258": "cp1258",
    "windows-874": "cp874",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "iso-8859-1": "latin-1",
    "iso-8859-15": "iso8859-15",
    "mac-roman": "mac-roman",
    "ibm437": "cp437",
    "ibm850": "cp850",
    "shift_jis": "shift_jis",
    "gb18030": "gb18030",
    "big5": "big5",
    "euc-kr": "euc-kr",
}
# The letters that most words of the scripts are made of. A wrong decoding scatters its letters over the rare ones.
_FREQUENT: Final = {
    "windows-1251": frozenset("оеаинтсрвлкмОЕАИНТСРВЛКМ"),
    "windows-1256": frozenset("اليمنوترعبدهحسف"),
    "windows-1253": frozenset("αοιετσνηυρπκςάίόέΑΟΙΕΤΣΝΗΥΡΠΚ"),
    "windows-1255": frozenset("יוהלאתרמבשנדחק"),
}
_SAMPLE_BYTES: Final = 262_144
_HEAD_BYTES: Final = 8_192
_WORD: Final = re.compile(rb"[A-Za-z\x80-\xff]+")
_HIGH: Final = re.compile(rb"[\x80-\xff]+")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x19\x1b-\x1f]")
# Control characters: text has hardly any, noise one byte in ten.
_BINARY_SHARE: Final = 0.05
_FEW_BYTES: Final = 512
_BINARY_SHARE_OF_FEW: Final = 0.5
_WIDE_SHARE: Final = 0.1
_LETTERS_FOR_ONE_LOST: Final = 4
# Turkish letters stand where Icelandic ones do; who writes neither has none of both.
_TURKISH: Final = re.compile(rb"[\xf0\xfe\xfd\xde\xdd\xd0]")
_TURKISH_SHARE: Final = 0.2


class Found(NamedTuple):
    """An encoding as users know it, whether it is a guess, and what becomes of bytes that it does not have."""

    name: str
    is_guessed: bool
    errors: str = "strict"


def find_encoding(content: bytes, asked: str | None) -> Found:
    """The encoding of `content`, which decodes by it from end to end."""
    if asked is not None:
        if asked.lower() not in ENCODINGS:
            raise UnreadableFile(Reason.unknown_encoding, f'There is no encoding "{asked[:40]}" here.')
        return _checked(content, asked.lower())
    for mark, name in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if content.startswith(mark):
            return _checked(content, name)
    if wide := _find_wide(content[:_HEAD_BYTES]):
        return _checked(content, wide)
    head = content[:_HEAD_BYTES]
    if len(_CONTROL.findall(head)) > (_BINARY_SHARE if len(head) >= _FEW_BYTES else _BINARY_SHARE_OF_FEW) * len(head):
        raise UnreadableFile(Reason.not_a_table, "This is not text, and no spreadsheet that is known here.")
    if _decodes(content, "utf-8"):
        return Found("utf-8", is_guessed=False)
    if _is_nearly_utf_8(content):
        return Found("utf-8", is_guessed=True, errors="replace")
    return Found(_guess(content), is_guessed=True)


def _checked(content: bytes, name: str) -> Found:
    if not _decodes(content, ENCODINGS[name]):
        raise UnreadableFile(Reason.undecodable, f"The file is not in the encoding {name} from end to end.")
    return Found(name, is_guessed=False)


def _decodes(content: bytes, codec: str) -> bool:
    try:
        content.decode(codec)
    except UnicodeError:
        return False
    return True


def _is_nearly_utf_8(content: bytes) -> bool:
    """Whether a few letters alone are broken: then they are lost, and not all others with them."""
    text = content.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    return len(text) - len(text.encode("ascii", "ignore")) > _LETTERS_FOR_ONE_LOST * lost


def _find_wide(head: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of what is common to all scripts is zero."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > _WIDE_SHARE * half and even < odd // 10:
        return "utf-16-le"
    if even > _WIDE_SHARE * half and odd < even // 10:
        return "utf-16-be"
    return None


def _guess(content: bytes) -> str:
    sample = content[:_SAMPLE_BYTES]
    if not _HIGH.search(sample):
        at = next(_HIGH.finditer(content)).start()
        sample = content[max(0, at - _HEAD_BYTES) : at + _SAMPLE_BYTES]
    words = [word for word in _WORD.findall(sample) if not word.isascii()]
    # In Latin scripts the letters with marks stand among others; elsewhere words have no ASCII letter.
    mixed = sum(1 for word in words if not _HIGH.fullmatch(word))
    candidates = [name for name in _FREQUENT if _decodes(content, ENCODINGS[name])]
    if 2 * mixed < len(words) and candidates:
        return max(candidates, key=lambda name: _likeness(b"".join(words), name))
    high = b"".join(_HIGH.findall(sample))
    turkish = len(_TURKISH.findall(high)) > _TURKISH_SHARE * len(high)
    order = ["windows-1254", "windows-1252"] if turkish else ["windows-1252", "windows-1250"]
    return next((name for name in order if _decodes(content, ENCODINGS[name])), "iso-8859-1")


def _likeness(letters: bytes, name: str) -> float:
    text = letters.decode(ENCODINGS[name], "replace")
    return sum(letter in _FREQUENT[name] for letter in text) / max(1, len(text))
