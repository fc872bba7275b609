"""One cell: its text made clean, its number and its date written as people would. Pure, and trusting nothing."""

import re
import unicodedata
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

# Bidirectional embeddings, overrides and isolates: they make a text read as something else.
_BIDI: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
# What no text of a cell holds: control characters but tab and line break, halves of pairs, what Unicode never assigns.
_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ufff9-\ufffb]"
)
# Marks, zero-width spaces and tags. The joiners U+200C and U+200D stay: Persian and Indic scripts need them.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f\ufeff\U000e0000-\U000e007f]"
)
_SUSPECT: Final = (("bidi_control", _BIDI), ("control_character", _CONTROL), ("invisible_character", _INVISIBLE))
_LONGEST_EXACT_DIGITS: Final = 15
_LARGEST_EXACT: Final = 10**_LONGEST_EXACT_DIGITS
_LONGEST_NUMBER: Final = 60

_SECONDS_A_DAY: Final = 86_400
_BEFORE_LEAP_BUG: Final = date(1899, 12, 31)
_AFTER_LEAP_BUG: Final = date(1899, 12, 30)
_LEAP_BUG: Final = 60
_SYSTEM_1904: Final = date(1904, 1, 1)
_LAST_SERIAL: Final = 2_958_465  # 31 December 9999
_LAST_SERIAL_1904: Final = 2_957_003


def clean(text: str) -> tuple[str, tuple[str, ...]]:
    """The text trimmed, in normal form C, its line breaks as one character; and the codes of what was suspect in it."""
    codes: list[str] = []
    if not (text.isascii() and text.isprintable()):
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        for code, pattern in _SUSPECT:
            if pattern.search(text):
                codes.append(code)
                text = pattern.sub("", text)
        if "\ufffd" in text:
            codes.append("replacement_character")
        if not unicodedata.is_normalized("NFC", text):
            text = unicodedata.normalize("NFC", text)
    text = text.strip()
    if text[:1] == "=" and len(text) > 1:
        codes.append("formula_text")
    return text, tuple(codes)


def write_number(raw: str) -> tuple[str, str | None]:
    """A number of a workbook as plain decimal text without an exponent, and the code of what is wrong with it."""
    if raw.isascii() and raw.isdigit() and len(raw) <= _LONGEST_EXACT_DIGITS:
        return raw.lstrip("0") or "0", None
    try:
        value = float(raw) if len(raw) <= _LONGEST_NUMBER and "_" not in raw else float("nan")
    except ValueError:
        value = float("nan")
    if value - value != 0:  # not a number, or infinite
        return clean(raw[:_LONGEST_NUMBER])[0], "number_expected"
    if abs(value) >= _LARGEST_EXACT:
        return format(Decimal(raw), "f"), "long_number"
    if value.is_integer():
        return str(int(value)), None
    return format(Decimal(repr(value)), "f"), None


def write_serial(serial: float, style: str, *, is_1904: bool) -> str | None:
    """A serial date in ISO form, None where there is no such day. `style` is that of `style_of`."""
    if not 0 <= serial < (_LAST_SERIAL_1904 if is_1904 else _LAST_SERIAL) + 1:
        return None
    days, seconds = divmod(round(serial * _SECONDS_A_DAY), _SECONDS_A_DAY)
    clock = f"{seconds % _SECONDS_A_DAY // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if style == "elapsed":
        return f"{days * 24 + seconds // 3600}{clock[2:]}"
    if style == "time" and days == 0:
        return clock
    if not is_1904 and days in {0, _LEAP_BUG}:  # 0 January and 29 February 1900, which never were
        return None
    base = _SYSTEM_1904 if is_1904 else _BEFORE_LEAP_BUG if days < _LEAP_BUG else _AFTER_LEAP_BUG
    try:
        day = (base + timedelta(days=days)).isoformat()
    except OverflowError:  # the last second of the last day, rounded
        return None
    return f"{day}T{clock}" if seconds else day


_BUILT_IN: Final = {
    **dict.fromkeys([14, 15, 16, 17, 22, *range(27, 32), 36, *range(50, 59)], "date"),
    **dict.fromkeys([18, 19, 20, 21, 32, 33, 34, 35, 45, 47], "time"),
    46: "elapsed",
}
_LITERAL: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)


def style_of(number: int, code: str | None) -> str:
    """How a number format shows a number: date, time, elapsed, zeros (and the zeros of its code) or number."""
    if code is None:
        return _BUILT_IN.get(number, "number")
    shown = _LITERAL.sub("", code.split(";")[0]).lower().replace("general", "")
    if shown and not shown.strip("0"):
        return "zeros" + shown if len(shown) > 1 else "number"
    if "[" in shown:
        return "elapsed"
    if "y" in shown or "d" in shown:
        return "date"
    if "h" in shown or "s" in shown:
        return "time"
    return "date" if "m" in shown or "e" in shown.replace("e+", "").replace("e-", "") else "number"
