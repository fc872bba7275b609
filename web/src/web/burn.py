"""Where the lines of a burn chart stand: what is bound, what is paid, and where the pace leads. Pure: no framework."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

WIDTH: Final = 720
HEIGHT: Final = 240
_PAD: Final = 12


@dataclass(frozen=True, slots=True)
class Drawing:
    """The lines as pairs of coordinates, ready for a drawing; None where there is no such line."""

    bound: str
    paid: str
    pace: str | None
    ends_x: float | None
    today_x: float
    years: list[tuple[float, int]]


def draw(burn: Mapping[str, Any]) -> Drawing | None:
    """The drawing of an agreement's burn; None where nothing is recorded."""
    points: Sequence[Mapping[str, Any]] = burn["points"]
    if not points:
        return None
    days = [date.fromisoformat(one["as_of"]) for one in points]
    bound, paid = ([_amount(one[name]) for one in points] for name in ("bound", "disbursed"))
    paid_on = _day(burn["paid_on_at_this_pace"])
    ends_on = _day(burn["ends_on"])
    first, last = min(days), max([*days, *(one for one in (paid_on, ends_on) if one is not None)])
    span = max((last - first).days, 1)
    most = max([*bound, *paid, Decimal(1)])

    def x(day: date) -> float:
        return round(_PAD + (WIDTH - 2 * _PAD) * max((day - first).days, 0) / span, 1)

    def y(amount: Decimal) -> float:
        return round(HEIGHT - _PAD - float((HEIGHT - 2 * _PAD) * max(amount, Decimal(0)) / most), 1)

    def line(amounts: Sequence[Decimal]) -> str:
        return " ".join(f"{x(day)},{y(amount)}" for day, amount in zip(days, amounts, strict=True))

    pace = f"{x(days[-1])},{y(paid[-1])} {x(paid_on)},{y(bound[-1])}" if paid_on and paid_on > days[-1] else None
    years = [(x(date(year, 10, 1)), year + 1) for year in range(first.year, last.year + 1)]
    shown = [(at, year) for at, year in years if first <= date(year - 1, 10, 1) <= last]
    return Drawing(line(bound), line(paid), pace, x(ends_on) if ends_on else None, x(days[-1]), shown)


def _amount(total: Mapping[str, Any]) -> Decimal:
    return Decimal(total["amount"]["amount"])


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
