"""Totals of money on the wire. No total without its stage, tier, currency, boundary and date."""

from chassis.codes import CountryCode
from chassis.known import KnownRead
from chassis.values import Day
from pydantic import BaseModel, ConfigDict, Field

from funding.domain import Stage, Tier
from funding.schemas.money import MoneyRead


class MoneyTotalsQuery(BaseModel):
    """Which totals."""

    country_code: CountryCode
    as_of: Day | None = Field(
        default=None,
        description="Entries effective up to this day; if absent the day of `known_at`, else today (UTC).",
    )


class StageTotalRead(BaseModel):
    """The sum of one stage in one currency."""

    stage: Stage
    label: str = Field(description="The stage, as a reader should see it.")
    tier: Tier = Field(description="`sub` is money that `primary` counts already: never add the two.")
    currency: str
    amount: MoneyRead
    entries: int = Field(description="How many entries were summed.")
    boundary: str
    as_of: Day
    rule: str = Field(description="How the sum is made.")
    entries_url: str = Field(description="The list of exactly what was summed: entries, or of a cost its allocations.")


class MoneyTotalsRead(KnownRead):
    """The ledger of a country, summed by stage and currency."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "country_code": "MX",
                    "as_of": "2016-09-30",
                    "boundary": "All fund lines of country MX; transfers between them are not netted.",
                    "entries": 3,
                    "totals": [
                        {
                            "stage": "obligated",
                            "label": "Obligated",
                            "tier": "primary",
                            "currency": "USD",
                            "amount": {"amount": "600.00", "currency": "USD"},
                            "entries": 3,
                            "boundary": "All fund lines of country MX; transfers between them are not netted.",
                            "as_of": "2016-09-30",
                            "rule": (
                                "obligations + upward adjustments - deobligations - closings at cancellation, "
                                "each less its reversals"
                            ),
                            "entries_url": (
                                "/v1/ledger-entries?country_code=MX&stage=obligated&currency=USD"
                                "&effective_date_lte=2016-09-30"
                            ),
                        }
                    ],
                    "known_at": None,
                    "feed_number": None,
                }
            ]
        }
    )

    country_code: str
    as_of: Day
    boundary: str = Field(description="What the totals take in, and what they do not net.")
    entries: int = Field(description="How many entries the country has up to this day; 0 means nothing is recorded.")
    totals: list[StageTotalRead] = Field(
        description="In the order of the ladder. A stage without entries is absent, never zero."
    )
