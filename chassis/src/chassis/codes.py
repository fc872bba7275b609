"""The standard codes that bodies and queries carry, as types. Their form is checked here, their meaning elsewhere."""

import gettext
from typing import Annotated, Final

import pycountry
from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

_SPANISH: Final = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=["es"], fallback=True)
# Kosovo has no ISO code of its own; XK is the user-assigned code that the field uses.
COUNTRY_NAMES: Final[dict[str, str]] = {
    country.alpha_2: getattr(country, "common_name", country.name) for country in pycountry.countries
} | {"XK": "Kosovo"}
# Every name that a country goes by in English and Spanish, and its longer codes.
COUNTRY_WORDS: Final[dict[str, tuple[str, ...]]] = {
    country.alpha_2: tuple(
        dict.fromkeys(
            [
                *(
                    word
                    for name in (getattr(country, "common_name", country.name), country.name, country.alpha_3)
                    for word in (name, _SPANISH.gettext(name))
                ),
                *([country.official_name] if hasattr(country, "official_name") else []),
            ]
        )
    )
    for country in pycountry.countries
} | {"XK": ("Kosovo", "XKX")}
_CURRENCIES: Final = frozenset(currency.alpha_3 for currency in pycountry.currencies)


def find_country_problem(code: str) -> str | None:
    """What is wrong with a country code, in words; None where nothing is."""
    if code in COUNTRY_NAMES:
        return None
    by_name = [known for known, name in COUNTRY_NAMES.items() if code.casefold() in {name.casefold(), known.casefold()}]
    hint = f" Did you mean {by_name[0]}?" if by_name else " Use ISO 3166-1 alpha-2, such as MX."
    return f'"{code}" is not a country code.{hint}'


def _check_country(code: str) -> str:
    problem = find_country_problem(code)
    if problem:
        raise ValueError(problem)
    return code


def _check_currency(code: str) -> str:
    if code not in _CURRENCIES:
        raise ValueError(f'"{code}" is not a currency code. Use ISO 4217, such as USD.')
    return code


CountryCode = Annotated[
    str,
    StringConstraints(max_length=100),
    AfterValidator(_check_country),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}$"}),
    Field(description="ISO 3166-1 alpha-2.", examples=["MX"]),
]
SubdivisionCode = Annotated[
    str, StringConstraints(pattern="^[A-Z]{2}-[A-Z0-9]{1,3}$"), Field(description="ISO 3166-2.", examples=["PK-SD"])
]
CurrencyCode = Annotated[
    str,
    StringConstraints(pattern="^[A-Z]{3}$"),
    AfterValidator(_check_currency),
    Field(description="ISO 4217.", examples=["USD"]),
]
Code = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$"),
    Field(description="The code people use for it: unique, never changed.", examples=["MX-CORR"]),
]
# Printable text: no NUL, which PostgreSQL cannot hold.
PRINTABLE: Final = r"^[^\x00]*$"
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=PRINTABLE)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=PRINTABLE)]
