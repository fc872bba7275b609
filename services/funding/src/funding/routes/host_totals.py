"""Totals of what others give over HTTP: each by stream, stage, currency and evidence, beside US money and not in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from chassis.known import LookingBack, Moment, default_day, say_moment, write_instant
from chassis.unit_of_work import Session, work_router
from fastapi import Query, Request
from sqlmodel.ext.asyncio.session import AsyncSession

from funding import domain, queries
from funding.domain import ContributionStage, Reached
from funding.models import HostContribution
from funding.schemas.exchange_rates import ConvertedRead, RateUsed
from funding.schemas.host_contribution_totals import (
    HostContributionTotalsQuery,
    HostContributionTotalsRead,
    HostTotalRead,
)
from funding.schemas.money import MoneyRead

router: Final = work_router("Host contributions")
Counted = tuple[HostContribution, Reached]


@dataclass(frozen=True, slots=True)
class Conversion:
    """The rates that may apply, and how old one may be."""

    rates: Sequence[domain.Rate]
    max_age_days: int

    @classmethod
    async def of(cls, request: Request, session: AsyncSession, counted: Iterable[Counted]) -> "Conversion":
        """For what was reached on those days."""
        max_age_days: int = request.app.state.settings.rate_max_age_days
        amounts = [(reached.money, reached.day) for _, reached in counted]
        return cls(await queries.list_rates_for(session, amounts, max_age_days), max_age_days)

    def to_dollars(self, counted: Iterable[Counted]) -> list[domain.Converted]:
        """Each amount at the rate of its own day."""
        return [domain.to_dollars(one.money, one.day, self.rates, self.max_age_days) for _, one in counted]


@router.get("/host-contribution-totals", response_model=HostContributionTotalsRead)
async def get_host_contribution_totals(
    request: Request, session: Session, query: Annotated[HostContributionTotalsQuery, Query()], moment: LookingBack
) -> HostContributionTotalsRead:
    """Sum what a country, and recipients in it, give of their own. It is never added to US money."""
    as_of = query.as_of or default_day(moment.known_at if moment else None)
    asked: dict[str, list[Any]] = {"country_code": [query.country_code]}
    names = ("stream", "agreement_code", "function_code", "program_code", "evidence_grade")
    asked |= {name: values for name in names if (values := getattr(query, name))}
    found = await queries.list_contributions(session, asked)
    counted = [(one, reached) for one in found for reached in one.reached_by(as_of)]
    conversion = await Conversion.of(request, session, counted) if query.convert_to else None
    return HostContributionTotalsRead(
        country_code=query.country_code,
        as_of=as_of,
        contributions=len({one.id for one, _ in counted}),
        note=domain.NEVER_US_MONEY,
        totals=make_totals(counted, asked, as_of, moment, conversion),
        **say_moment(moment),
    )


def make_totals(
    counted: Sequence[Counted],
    asked: Mapping[str, Sequence[Any]],
    as_of: date,
    moment: Moment | None,
    conversion: Conversion | None,
    period: Sequence[tuple[str, str]] = (),
) -> list[HostTotalRead]:
    """A total of each stream, stage, currency and grade of evidence, in that order. `period`: further filters."""
    ladder = list(ContributionStage)
    groups: dict[tuple[str, ContributionStage, str, str], list[Counted]] = {}
    for one, reached in counted:
        groups.setdefault((one.stream, reached.stage, one.currency, one.evidence_grade), []).append((one, reached))
    ordered = sorted(groups, key=lambda key: (key[0], ladder.index(key[1]), key[2:]))
    return [_total(key, groups[key], asked, as_of, moment, conversion, period) for key in ordered]


def _total(
    key: tuple[str, ContributionStage, str, str],
    counted: list[Counted],
    asked: Mapping[str, Sequence[Any]],
    as_of: date,
    moment: Moment | None,
    conversion: Conversion | None,
    period: Sequence[tuple[str, str]],
) -> HostTotalRead:
    stream, stage, currency, grade = key
    of_key = {"stream": stream, "currency": currency, "evidence_grade": grade}
    filters = list(of_key.items())
    filters += [(name, str(value)) for name, values in asked.items() if name not in of_key for value in values]
    days = [(f"{stage}_on_lte", as_of.isoformat())]
    days += [("not_lapsed_by", as_of.isoformat())] if stage is ContributionStage.pledged else []
    pairs = [*filters, *days, *period, ("is_voided", "false")]
    pairs += [("known_at", write_instant(moment.known_at))] if moment else []
    return HostTotalRead(
        stream=domain.ContributionStream(stream),
        stage=stage,
        currency=currency,
        evidence_grade=domain.EvidenceGrade(grade),
        claimants=sorted({one.claimant for one, _ in counted}),
        amount=MoneyRead.model_validate(domain.sum_of([reached.money for _, reached in counted])),
        converted=convert(counted, conversion) if conversion else None,
        contributions=len(counted),
        boundary=f"Contributions with {', '.join(f'{_words(name)} {value}' for name, value in filters)}; no US money.",
        as_of=as_of,
        rule=domain.STAGE_RULES[stage],
        contributions_url=f"/v1/host-contributions?{urlencode(pairs)}",
    )


def convert(counted: Iterable[Counted], conversion: Conversion) -> ConvertedRead:
    """A sum in US dollars with each rate that was used."""
    made = conversion.to_dollars(counted)
    return ConvertedRead(
        amount=MoneyRead.model_validate(domain.sum_of([one.amount for one in made])),
        rates=[
            RateUsed(
                currency=rate.currency,
                units_per_usd=rate.units_per_usd,
                rate_date=rate.rate_date,
                rate_source=rate.source,
                original=MoneyRead.model_validate(domain.sum_of([one.original for one in of_rate])),
                converted=MoneyRead.model_validate(domain.sum_of([one.amount for one in of_rate])),
            )
            for rate, of_rate in domain.group_by_rate(made)
        ],
        rule=domain.rate_rule(conversion.max_age_days),
    )


def _words(name: str) -> str:
    return name.removesuffix("_code").replace("_", " ")
