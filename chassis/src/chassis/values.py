"""Values on the wire that PostgreSQL and JSON would each write differently: decimals and vague dates."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator

_DECIMAL: Final = r"^-?[0-9]{1,18}(\.[0-9]{1,6})?$"
_POSITIVE: Final = r"^[0-9]{1,16}(\.[0-9]{1,2})?$"
_DAY: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def plain(value: Decimal) -> str:
    """A decimal without an exponent: `1100000`, never `1.1E+6`."""
    return format(value, "f")


def _written_as(pattern: str, form: str) -> BeforeValidator:
    """Text must have the form that the schema declares: pydantic alone also takes numbers, exponents and timestamps."""

    def check(value: Any) -> Any:  # noqa: ANN401 - whatever was sent
        if isinstance(value, bool | int | float) or (isinstance(value, str) and not re.fullmatch(pattern, value)):
            raise ValueError(f"Write {form}")
        return value

    return BeforeValidator(check)


_as_text: Final = PlainSerializer(plain, return_type=str, when_used="json")
PlainDecimal = Annotated[
    Decimal,
    _written_as(_DECIMAL, 'a plain decimal as text, such as "1100000.00": a JSON number may lose digits'),
    Field(max_digits=24, decimal_places=6),
    _as_text,
    WithJsonSchema({"type": "string", "pattern": _DECIMAL, "examples": ["1100000.00"]}),
]
Amount = Annotated[
    Decimal,
    _written_as(_POSITIVE, 'a positive decimal as text with at most 2 decimals, such as "1100000.00"'),
    Field(gt=0, max_digits=18, decimal_places=2),
    _as_text,
    WithJsonSchema({"type": "string", "pattern": _POSITIVE, "examples": ["1100000.00"]}),
]
Day = Annotated[date, _written_as(_DAY, 'a date as text, such as "2016-03-01"')]
# In a document stored as JSON a date is text there too.
IsoDate = Annotated[
    Day,
    PlainSerializer(lambda value: value.isoformat() if value else None, return_type=str | None),
    WithJsonSchema({"type": "string", "format": "date"}),
]


class VagueDate(BaseModel):
    """A date as well as it is known: a window, and the words it was given in."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"earliest": "2013-04-01", "latest": "2013-09-30", "label": "mid-2013"}]},
    )

    earliest: IsoDate | None = Field(description="First day it may be; null where unknown.")
    latest: IsoDate | None = Field(description="Last day it may be; null where unknown.")
    label: str | None = Field(max_length=200, description="In words, as the source has it.")

    @model_validator(mode="after")
    def check_order(self) -> Self:
        """The window is not empty."""
        if self.earliest and self.latest and self.latest < self.earliest:
            raise ValueError(f"`latest` is before `earliest` ({self.earliest})")
        return self
