"""The standard codes that bodies and queries carry, as types. Their form is checked here, their meaning elsewhere."""

from typing import Annotated, Final

from pydantic import Field, StringConstraints

CountryCode = Annotated[
    str, StringConstraints(pattern="^[A-Z]{2}$"), Field(description="ISO 3166-1 alpha-2.", examples=["MX"])
]
SubdivisionCode = Annotated[
    str, StringConstraints(pattern="^[A-Z]{2}-[A-Z0-9]{1,3}$"), Field(description="ISO 3166-2.", examples=["PK-SD"])
]
CurrencyCode = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$"), Field(description="ISO 4217.", examples=["USD"])]
Code = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$"),
    Field(description="The code people use for it: unique, never changed.", examples=["MX-CORR"]),
]
# Printable text: no NUL, which PostgreSQL cannot hold.
_TEXT: Final = r"^[^\x00]*$"
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=_TEXT)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=_TEXT)]
