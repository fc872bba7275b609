"""Totals of money on the wire: the one schema of every sum, with its stage, tier, currency, boundary and date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import urlencode

from chassis.codes import CountryCode
from chassis.known import KnownRead, Moment, write_instant
from chassis.values import Day
from pydantic import BaseModel, ConfigDict, Field

from funding.domain import MADE, US_FUNDS, Sum, Tier, TotalStage
from funding.schemas.money import MoneyRead

_BOUNDARY: Final = "All fund lines of country MX; what one of them transfers to another is counted once."


class MoneyTotalsQuery(BaseModel):
    """Which totals."""

    country_code: CountryCode
    as_of: Day | None = Field(
        default=None,
        description="Entries effective up to this day; if absent the day of `known_at`, else today (UTC).",
    )


class StageTotalRead(BaseModel):
    """A total in one currency: of one stage, or of what is left of one stage by another. No sum has another form."""

    stage: TotalStage = Field(description="One stage of the ladder, or what is left between two: the rule says which.")
    label: str = Field(description="The stage, as a reader should see it.")
    tier: Tier = Field(description="`sub` is money that `primary` counts already: never add the two.")
    currency: str
    amount: MoneyRead
    entries: int = Field(description="How many entries were summed.")
    boundary: str
    as_of: Day
    rule: str = Field(description="How the sum is made.")
    entries_url: str = Field(
        description="The list of exactly what was summed: entries, those of a stage that is taken away with the "
        "opposite sign; of a cost its allocations."
    )


class MoneyTotalsRead(KnownRead):
    """The ledger of a country, summed by stage and currency."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "country_code": "MX",
                    "as_of": "2016-09-30",
                    "boundary": _BOUNDARY,
                    "entries": 3,
                    "totals": [
                        {
                            "stage": "obligated",
                            "label": "Obligated",
                            "tier": "primary",
                            "currency": "USD",
                            "amount": {"amount": "600.00", "currency": "USD"},
                            "entries": 3,
                            "boundary": _BOUNDARY,
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
                    "internal_transfers": [],
                    "known_at": None,
                    "feed_number": None,
                }
            ]
        }
    )

    country_code: str
    as_of: Day
    boundary: str = Field(description="What the totals take in, and that no money is in them twice.")
    entries: int = Field(description="How many entries the country has up to this day; 0 means nothing is recorded.")
    totals: list[StageTotalRead] = Field(
        description="In the order of the ladder. A stage without entries is absent, never zero."
    )
    internal_transfers: list[StageTotalRead] = Field(
        description="What is left out of `totals`: it is in them already, at the other end of a transfer."
    )


INTERNAL: Final = (("is_internal_transfer", "true"),)
NOT_INTERNAL: Final = (("is_internal_transfer", "false"),)
"""Filters of entries that a total of a country counts at the other end of a transfer, and of all others."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Which entries totals are made of: filters of the ledger, a day, and what that takes in, in words."""

    filters: Sequence[tuple[str, str]]
    boundary: str
    as_of: date
    moment: Moment | None

    def say(
        self,
        what: TotalStage,
        total: Sum,
        currency: str = US_FUNDS,
        *,
        rule: str = "",
        only: Sequence[tuple[str, str]] = (),
    ) -> StageTotalRead:
        """A total of this cell. `rule`: said before the rule of the stage; `only`: of these of its entries."""
        made = MADE[what]
        return StageTotalRead(
            stage=what,
            label=made.label,
            tier=made.tier,
            currency=currency,
            amount=MoneyRead(amount=total.amount, currency=currency),
            entries=total.entries,
            boundary=self.boundary,
            as_of=self.as_of,
            rule=f"{rule} {made.rule}".strip(),
            entries_url=self._entries_url(what, currency, only),
        )

    def _entries_url(self, what: TotalStage, currency: str, only: Sequence[tuple[str, str]]) -> str:
        pairs = [
            *self.filters,
            *MADE[what].only,
            *only,
            *(("stage", str(stage)) for stage in MADE[what].stages),
            ("currency", currency),
            ("effective_date_lte", self.as_of.isoformat()),
            *([("known_at", write_instant(self.moment.known_at))] if self.moment else []),
        ]
        return f"/v1/ledger-entries?{urlencode(pairs)}"
