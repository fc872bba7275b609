"""Scores, hours and shares on the wire: plain decimals as text, as PostgreSQL keeps them."""

from typing import Annotated

from chassis.codes import PRINTABLE
from chassis.values import PlainDecimal
from pydantic import Field, StringConstraints

Score = Annotated[PlainDecimal, Field(ge=0, le=100, decimal_places=2, description="From 0 to 100.", examples=["87.50"])]
Hours = Annotated[PlainDecimal, Field(ge=0, le=24, decimal_places=2, examples=["6.50"])]
TotalHours = Annotated[PlainDecimal, Field(ge=0, lt=10_000, decimal_places=2, examples=["40.00"])]
Share = Annotated[PlainDecimal, Field(gt=0, le=1, decimal_places=3, description="A fraction.", examples=["0.800"])]
LanguageCode = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$"),
    Field(description="BCP 47: language, script and region where they matter.", examples=["es-MX"]),
]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=PRINTABLE)]
