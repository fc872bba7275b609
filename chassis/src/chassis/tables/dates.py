"""Dates as people type them. What a text does not settle is asked, never guessed: 03/04/2016 is two days."""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple


class DateOrder(StrEnum):
    """In which order day, month and year stand in dates of digits."""

    dmy = "dmy"
    mdy = "mdy"
    ymd = "ymd"


class Precision(StrEnum):
    """How much of a date is known."""

    day = "day"
    month = "month"
    year = "year"


class ParsedDate(NamedTuple):
    """A date as well as the text tells it: the first and the last day it may be."""

    earliest: date
    latest: date
    precision: Precision


class UnreadableDate(ValueError):
    """A text that is no date, or more than one. `code` is stable; the message says what to type."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class OrderFinding:
    """What a column of texts tells about the order of its dates.

    `is_ambiguous`: there are dates that read both ways, and nothing in the column settles it. `is_contradictory`: one
    date can only be day first, another only month first; then no order is right for all.
    """

    order: DateOrder | None
    is_ambiguous: bool
    is_contradictory: bool
    count: int
    examples: tuple[str, ...]


_MONTHS: Final = {
    "en": "january february march april may june july august september october november december",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "fr": "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "pt": "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
}
_SHORT_OF: Final = {
    "sept": 9,
    "set": 9,
    "setiembre": 9,
    "avr": 4,
    "janv": 1,
    "fevr": 2,
    "juil": 7,
    "dez": 12,
    "dec": 12,
}
_SHORT_CHARS: Final = 3
# Three letters do not tell June from July in French.
_UNCLEAR: Final = {"jui"}
_FIRST_YEAR, _LAST_YEAR = 1000, 2999
_MONTHS_A_YEAR: Final = 12
_EXAMPLES: Final = 3

# Of Excel's numbers of days, those of after its 29 February 1900, which never was.
_SERIAL: Final = re.compile(r"[1-9][0-9]{4}(\.0+)?")
_DAY_ZERO: Final = date(1899, 12, 30)

_TIME: Final = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[ap]\.?m\.?|Z|[+-]\d{2}:?\d{2})?)?"
_DIGITS: Final = re.compile(rf"(\d{{1,4}})\s*([./-])\s*(\d{{1,2}})\s*\2\s*(\d{{1,4}}){_TIME}", re.IGNORECASE)
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MONTH_OF_YEAR: Final = re.compile(r"(?:(\d{4})\s*[./-]\s*(\d{1,2})|(\d{1,2})\s*[./-]\s*(\d{4}))")
_YEAR: Final = re.compile(r"\d{4}")
_WORDS: Final = re.compile(r"[a-z]+|\d+")
_FILLERS: Final = {"de", "del", "of", "the", "do", "da", "st", "nd", "rd", "th", "er", "le", "el"}
_WEEKDAYS: Final = re.compile(
    r"^(?:mon|tue|wed|thu|fri|sat|sun|lun|mar|mie|jue|vie|sab|dom)[a-z]*[.,]\s+(?=\S*\d|[a-z])", re.IGNORECASE
)


def _month_names() -> dict[str, int]:
    names = dict(_SHORT_OF)
    for language in _MONTHS.values():
        for number, name in enumerate(language.split(), 1):
            names[name] = number
            if name[:_SHORT_CHARS] not in _UNCLEAR:
                names.setdefault(name[:_SHORT_CHARS], number)
    return names


_NAMES: Final = _month_names()


def parse_date(text: str, order: DateOrder | None = None) -> ParsedDate:
    """The date in a text. `order` settles what digits alone leave open; without it such a text is `ambiguous`.

    Raises `UnreadableDate`: not_a_date, ambiguous, two_digit_year, no_such_day.
    """
    given = " ".join(unicodedata.normalize("NFKC", text).split())
    if found := _COMPACT.fullmatch(given):
        return _day(given, *(int(part) for part in found.groups()))
    if found := _DIGITS.fullmatch(given):
        return _of_digits(given, found[1], found[3], found[4], order)
    if found := _MONTH_OF_YEAR.fullmatch(given):
        return _month(given, int(found[1] or found[4]), int(found[2] or found[3]))
    if _YEAR.fullmatch(given):
        year = _year(given, int(given))
        return ParsedDate(date(year, 1, 1), date(year, 12, 31), Precision.year)
    return _of_words(given)


def read_day(text: str, order: DateOrder | None) -> ParsedDate:
    """The date that a cell says: a text, or a number of five digits, which is Excel's count of days.

    Raises `UnreadableDate` as `parse_date` does.
    """
    digits = "".join(str(unicodedata.digit(one)) if one.isdigit() else one for one in text)
    if _SERIAL.fullmatch(digits):
        day = _DAY_ZERO + timedelta(days=int(digits.partition(".")[0]))
        return ParsedDate(day, day, Precision.day)
    return parse_date(digits, order)


def find_order(texts: Iterable[str]) -> OrderFinding:
    """Whether the dates of a column need an order, and whether one of them settles it for all.

    A date that reads one way only, such as 13/02/2016, settles it; texts that are no dates count for nothing.
    """
    votes: set[DateOrder] = set()
    open_ones: list[str] = []
    count = 0
    for text in texts:
        given = " ".join(unicodedata.normalize("NFKC", text).split())
        found = _DIGITS.fullmatch(given)
        if found is None:
            continue
        parts = (found[1], found[3], found[4])
        if not any(len(part) == len("2016") for part in (parts[0], parts[2])):
            continue
        count += 1
        readings = _readings(*parts)
        if len(readings) == 1:
            votes |= set(readings)
        elif len(readings) > 1 and len(set(readings.values())) > 1 and len(open_ones) < _EXAMPLES:
            open_ones.append(text)
    settled = votes - {DateOrder.ymd}
    order = (
        next(iter(settled)) if len(settled) == 1 else DateOrder.ymd if votes and not settled and not open_ones else None
    )
    is_contradictory = len(settled) > 1
    return OrderFinding(order, bool(open_ones) and not settled, is_contradictory, count, tuple(open_ones))


def _of_digits(given: str, first: str, second: str, third: str, order: DateOrder | None) -> ParsedDate:
    if max(len(first), len(third)) < len("2016"):
        raise UnreadableDate("two_digit_year", f'"{given[:40]}" has no year of four digits. Type it, as in 2016-03-01.')
    if len(first) == len(third):
        raise _not_a_date(given)
    readings = _readings(first, second, third)
    if order is not None and DateOrder.ymd not in readings:
        if order is DateOrder.ymd and len(readings) == 1:
            return next(iter(readings.values()))
        chosen = readings.get(order)
        if chosen is not None:
            return chosen
        if order is not DateOrder.ymd:
            raise UnreadableDate("no_such_day", f'There is no day "{given[:40]}" read as {_SHOWN[order]}.')
    if not readings:
        raise UnreadableDate("no_such_day", f'There is no day "{given[:40]}".')
    if len({(one.earliest) for one in readings.values()}) > 1:
        raise UnreadableDate(
            "ambiguous", f'"{given[:40]}" may be two days. Say whether the day or the month comes first.'
        )
    return next(iter(readings.values()))


_SHOWN: Final = {DateOrder.dmy: "day/month/year", DateOrder.mdy: "month/day/year", DateOrder.ymd: "year-month-day"}


def _readings(first: str, second: str, third: str) -> dict[DateOrder, ParsedDate]:
    """Each order in which the digits are a day."""
    if len(first) == len("2016"):
        candidates = {DateOrder.ymd: (first, second, third)}
    else:
        candidates = {DateOrder.dmy: (third, second, first), DateOrder.mdy: (third, first, second)}
    found = {}
    for order, parts in candidates.items():
        year, month, day = (int(part) for part in parts)
        if (
            _FIRST_YEAR <= year <= _LAST_YEAR
            and 1 <= month <= _MONTHS_A_YEAR
            and 1 <= day <= monthrange(year, month)[1]
        ):
            found[order] = ParsedDate(date(year, month, day), date(year, month, day), Precision.day)
    return found


def _of_words(given: str) -> ParsedDate:
    """A date with the month's name: 3 March 2016, March 3, 2016, 3 de marzo de 2016, mar-2016."""
    plain = unicodedata.normalize("NFKD", given).encode("ascii", "ignore").decode().lower()
    plain = _WEEKDAYS.sub("", plain)
    words = [word for word in _WORDS.findall(plain) if word not in _FILLERS]
    months = [at for at, word in enumerate(words) if word in _NAMES]
    numbers = [word for word in words if word.isdigit()]
    if len(months) != 1 or len(numbers) + 1 != len(words) or not 1 <= len(numbers) <= 2:  # noqa: PLR2004 - a day and a year
        raise _not_a_date(given)
    month = _NAMES[words[months[0]]]
    years = [number for number in numbers if len(number) == len("2016")]
    if not years:
        raise UnreadableDate("two_digit_year", f'"{given[:40]}" has no year of four digits. Type it, as in 2016-03-01.')
    if len(numbers) == 1:
        return _month(given, int(years[0]), month)
    day = next((number for number in numbers if len(number) <= len("31")), None)
    if len(years) > 1 or day is None:
        raise _not_a_date(given)
    return _day(given, int(years[0]), month, int(day))


def _day(given: str, year: int, month: int, day: int) -> ParsedDate:
    try:
        found = date(_year(given, year), month, day)
    except ValueError as error:
        if isinstance(error, UnreadableDate):
            raise
        raise UnreadableDate("no_such_day", f'There is no day "{given[:40]}".') from error
    return ParsedDate(found, found, Precision.day)


def _month(given: str, year: int, month: int) -> ParsedDate:
    if not 1 <= month <= _MONTHS_A_YEAR:
        raise UnreadableDate("no_such_day", f'There is no month "{given[:40]}".')
    last = monthrange(_year(given, year), month)[1]
    return ParsedDate(date(year, month, 1), date(year, month, last), Precision.month)


def _year(given: str, year: int) -> int:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise _not_a_date(given)
    return year


def _not_a_date(given: str) -> UnreadableDate:
    return UnreadableDate("not_a_date", f'"{given[:40]}" is not a date. Type it as in 2016-03-01.')
