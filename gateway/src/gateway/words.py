"""Numbers as people read them: with the document's word, the unit where it is money, and what is not stated."""

from decimal import Decimal
from typing import Any, Final

_WORDS: Final = {
    "more_than": "more than ",
    "just_over": "just over ",
    "at_least": "at least ",
    "about": "about ",
    "approx": "about ",
}


def say_number(value: str | Decimal) -> str:
    """`7800` as `7,800`."""
    number = Decimal(value)
    return f"{number.to_integral_value():,}" if number == number.to_integral_value() else f"{number.normalize():,f}"


def say_claim(figure: dict[str, Any], *, is_money: bool, stage: str | None) -> str:
    """A reported figure in words: `more than 505`, `25,000,000 USD, stage not stated`, `hundreds`."""
    if figure["bound"] == "unquantified":
        words = str(figure["qualifier_text"] or "some").removesuffix(" of")
        return f"{words} (no number given)"
    if figure["bound"] == "range":
        low, high = say_number(figure["value_min"]), say_number(figure["value_max"])
        return "hundreds" if figure["qualifier"] == "hundreds" else f"{low} to {high}"
    word = "almost " if figure["bound"] == "lt" else _WORDS.get(figure["qualifier"] or "", "")
    said = word + say_number(figure["value"])
    if not is_money:
        return f"{said}%" if figure["unit"] == "percent" else said
    missing = [] if figure["currency"] else ["currency"]
    missing += ["stage"] if stage in {None, "unspecified"} else []
    said += f" {figure['currency']}" if figure["currency"] else ""
    return f"{said}, {' and '.join(missing)} not stated" if missing else said


def say_count(point: dict[str, Any], *, is_complete: bool) -> str:
    """A recorded count in words: `512`, `3 so far`, `10 to 12`, `fewer than 5`."""
    if point.get("suppressed"):
        said = "fewer than 5"
    elif point["lower"] != point["upper"]:
        said = f"{say_number(point['lower'])} to {say_number(point['upper'])}"
    else:
        said = say_number(point["value"])
    return said if is_complete else f"{said} so far"
