"""Joins what documents claim with what our records show, into figures. Decides what to show; asks nobody."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from chassis.errors import NotFound
from chassis.known import write_instant

from gateway.comparison import Claim, Comparison, Count, Coverage, Reason, Result, compare, is_covered
from gateway.words import say_claim, say_count, say_number

SEPARATOR: Final = "~"
NO_SERIES: Final = "-"
# The measures that the trainings service counts from its records.
COUNTED: Final = {
    "instructors_trained": ("Instructors trained", "persons"),
    "officers_trained": ("Officers trained", "persons"),
}
SELECTION: Final = (
    "Of the claims whose document may have been written by the date asked for, voided and deprecated ones are left "
    "out; preferred ones come before normal ones, then the one with the latest date."
)
_OWNERS: Final = ("trainings", "funding", "programs")
# An open conflict of this kind: something outside the document speaks against it.
_DISPUTED: Final = ("open", "document_against_external")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FigureKey:
    """What a figure's id stands for. It can be read back: computed figures have no row."""

    subject_type: str
    subject_code: str
    measure: str
    series: str | None

    def __str__(self) -> str:
        """The id."""
        return SEPARATOR.join((self.subject_type, self.subject_code, self.measure, self.series or NO_SERIES))

    @classmethod
    def parse(cls, figure_id: str) -> "FigureKey":
        """The key behind an id; `NotFound` where it is none."""
        parts = figure_id.split(SEPARATOR)
        if len(parts) != 4 or not all(parts):  # noqa: PLR2004 - subject type and code, measure, series
            raise NotFound(f"There is no figure {figure_id}. An id looks like country~MX~instructors_trained~series.")
        return cls(parts[0], parts[1], parts[2], None if parts[3] == NO_SERIES else parts[3])


@dataclass(slots=True)
class Recorded:
    """A service's answer for one series: counts by day."""

    answer: Json
    as_of: date

    @property
    def point(self) -> Json:
        """The count as of the date asked for."""
        found: Json = next(point for point in self.answer["points"] if point["as_of"] == self.as_of.isoformat())
        return found

    @property
    def counts(self) -> list[Count]:
        """The counts of all days asked for; none where nothing of the kind is recorded."""
        if self.point["records"] == 0:  # None where the number itself is hidden: then there are some
            return []
        return [
            Count(date.fromisoformat(point["as_of"]), Decimal(point["lower"] or 0), Decimal(point["upper"] or 0))
            for point in self.answer["points"]
        ]


@dataclass(slots=True)
class Findings:
    """All that a subject's figures are made from."""

    subject_type: str
    subject_code: str
    as_of: date
    known_at: datetime | None = None
    dossier: Json | None = None
    recorded: dict[str | None, Recorded] = field(default_factory=dict)
    money: Json | None = None
    services: dict[str, Json] = field(default_factory=dict)

    @property
    def series(self) -> list[Json]:
        """The series of the subject, headlines first."""
        found = self.dossier["series"] if self.dossier else []
        return sorted(found, key=lambda one: (not one["is_headline"], *self._place(one["measure_code"]), one["code"]))

    def _place(self, measure: str) -> tuple[int, str]:
        """People first, then US money, then the rest: what a card is read for."""
        owners = {one["code"]: one["owner_service"] for one in (self.dossier or {}).get("measures", [])}
        return (_OWNERS.index(owners.get(measure, "programs")), measure)

    @property
    def coverages(self) -> list[Json]:
        """Who declared what complete."""
        found: list[Json] = self.dossier["coverage_declarations"] if self.dossier else []
        return found


def uncounted_series(measure: str, subject_type: str, subject_code: str) -> Json:
    """A stand-in for the series of a measure that only our records speak of."""
    return {
        "code": None,
        "label": COUNTED[measure][0],
        "measure_code": measure,
        "subject_type": subject_type,
        "subject_code": subject_code,
        "is_headline": False,
        "currency": None,
        "agency_codes": [],
        "is_joint": False,
        "program_code": None,
        "nationality_code": subject_code,
        "venue_kind": None,
        "stage": None,
        "scope": None,
    }


def counted_series(findings: Findings) -> list[Json]:
    """The series to ask the trainings service for: those of its measures, and a stand-in for each without one."""
    known = [one for one in findings.series if one["measure_code"] in COUNTED]
    missing = [] if findings.subject_type != "country" else [
        uncounted_series(measure, findings.subject_type, findings.subject_code)
        for measure in COUNTED
        if measure not in {one["measure_code"] for one in known}
    ]  # fmt: skip
    return known + missing


def series_key(series: Mapping[str, Any]) -> str:
    """What the counts of a series are kept under."""
    return str(series["code"] or series["measure_code"])


def days_to_count(findings: Findings, series: Mapping[str, Any]) -> list[date]:
    """The days on which a comparison needs a count: both ends of the shown claim's window, and the date itself."""
    claim = choose_claim(claims_of(findings, series["code"]), findings.as_of)
    days = {findings.as_of}
    if claim is not None:
        days.add(date.fromisoformat(claim["as_of"]["earliest"]))
        days.add(_window_end(claim, findings.as_of))
    return sorted(days)


def claims_of(findings: Findings, series_code: str | None) -> list[Json]:
    """The claims of a series whose document may have been written by the date asked for."""
    found = findings.dossier["reported_figures"] if findings.dossier else []
    by_then = [one for one in found if date.fromisoformat(one["as_of"]["earliest"]) <= findings.as_of]
    return [one for one in by_then if one["series_code"] == series_code]


def choose_claim(claims: Iterable[Json], as_of: date) -> Json | None:
    """The claim to show as of a date (rule R4): see `SELECTION`."""
    written = [one for one in _standing(claims) if date.fromisoformat(one["as_of"]["earliest"]) <= as_of]
    eligible = [one for one in written if one["rank"] == "preferred"] or [
        one for one in written if one["rank"] == "normal"
    ]
    return max(eligible, key=_recency, default=None)


def _standing(claims: Iterable[Json]) -> list[Json]:
    """The claims that were not entered in error."""
    return [one for one in claims if not one["is_voided"]]


def _recency(claim: Json) -> tuple[date, date, str, str]:
    earliest, latest = _day(claim["as_of"]["earliest"]), _day(claim["as_of"]["latest"])
    return (latest or date.max, earliest or date.min, claim["asserted_on"] or "", claim["created_at"])


def _window_end(claim: Json, as_of: date) -> date:
    """The last day on which the document may have been written, looked at on `as_of`."""
    return min(_day(claim["as_of"]["latest"]) or as_of, as_of)


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def make_figures(findings: Findings) -> list[Json]:
    """Every figure of the subject that has a claim or a record behind it."""
    with_claims = [one for one in findings.series if claims_of(findings, one["code"])]
    without = [one for one in counted_series(findings) if one not in with_claims]
    made = [make_figure(findings, one) for one in (*with_claims, *without)]
    return [figure for figure in made if figure is not None]


def make_figure(findings: Findings, series: Json) -> Json | None:
    """One figure; None where there is neither a claim nor a record."""
    measure = _measure(findings, series["measure_code"])
    claims = claims_of(findings, series["code"])
    shown = choose_claim(claims, findings.as_of)
    conflicts = _conflicts(_standing(claims))
    recorded = _recorded(findings, series, shown)
    if shown is None and recorded is None:
        return None
    key = FigureKey(findings.subject_type, findings.subject_code, series["measure_code"], series["code"])
    others = sorted((one for one in claims if one is not shown), key=_recency, reverse=True)
    reported = None
    if shown is not None:
        reported = _claim_read(shown, measure, series) | {
            "history": [_claim_read(one, measure, series) for one in others]
        }
    headline = {"display": reported["display"], "kind": "reported"} if reported else None
    if headline is None and recorded is not None:
        headline = {"display": recorded["display"], "kind": "recorded"}
    return {
        "id": str(key),
        "subject_type": findings.subject_type,
        "subject_code": findings.subject_code,
        "measure": series["measure_code"],
        "series": series["code"],
        "is_headline": series["is_headline"] or len(_series_of(findings, series["measure_code"])) == 1,
        "label": series["label"],
        "unit": measure["unit"],
        "currency": series["currency"],
        "basis": measure["basis"],
        "counting_rule": measure["counting_rule"],
        "agency_codes": series["agency_codes"],
        "is_joint": series["is_joint"],
        "nationality_code": series["nationality_code"],
        "stage": series["stage"],
        "scope": series["scope"],
        "headline": headline,
        "reported": reported,
        "recorded": recorded,
        "comparison": _compare(findings, series, measure, shown),
        "is_disputed": any((one["status"], one["kind"]) == _DISPUTED for one in conflicts),
        "conflicts": conflicts,
        "explain_url": f"/v1/figures/{key}/explain?as_of={findings.as_of}{_then(findings)}",
    }


def _then(findings: Findings) -> str:
    return f"&known_at={write_instant(findings.known_at)}" if findings.known_at else ""


def _series_of(findings: Findings, measure: str) -> list[Json]:
    return [one for one in findings.series if one["measure_code"] == measure]


def _measure(findings: Findings, code: str) -> Json:
    found = findings.dossier["measures"] if findings.dossier else []
    for measure in found:
        if measure["code"] == code:
            return dict(measure)
    answers = [one.answer for one in findings.recorded.values() if one.answer["measure"] == code]
    rule = answers[0]["method"] if answers else "Not known while the programs service is out of reach."
    return {"code": code, "unit": COUNTED[code][1], "kind": "count", "basis": "cumulative", "counting_rule": rule}


def _claim_read(claim: Json, measure: Json, series: Json) -> Json:
    copied = (
        "code", "value", "value_min", "value_max", "qualifier", "qualifier_text", "bound", "text", "as_of",
        "period_start", "period_end", "rank", "rank_reason", "superseded_by_code", "supersession_reason",
        "primary_source", "notes", "is_voided", "voided_at", "voided_by", "void_reason",
    )  # fmt: skip
    return {name: claim[name] for name in copied} | {
        "display": say_claim(claim, is_money=measure["kind"] == "money", stage=series["stage"]),
        "source": {
            "code": claim["source_code"],
            "title": claim["source_title"],
            "publisher": claim["publisher"],
            "locator": claim["locator"],
        },
        "reported_figure_url": f"/v1/reported-figures/{claim['id']}",
    }


def _recorded(findings: Findings, series: Json, shown: Json | None) -> Json | None:
    found = findings.recorded.get(series_key(series))
    if found is None or not found.counts:
        return None
    point, answer = found.point, found.answer
    declared = is_covered(_claim(shown, findings.as_of), _coverages(findings, "trainings"), findings.as_of)
    return {
        "value": point["value"],
        "lower": point["lower"],
        "upper": point["upper"],
        "display": say_count(point, is_complete=declared),
        "method": answer["method"],
        "method_version": answer["method_version"],
        "as_of": findings.as_of,
        "is_declared_complete": declared,
        "is_suppressed": bool(point.get("suppressed")),
    }


def _claim(shown: Json | None, as_of: date) -> Claim:
    """The claim as the comparison sees it, its window ending by `as_of`; for no claim at all, a window of that day."""
    if shown is None:
        return Claim(None, None, None, None, "unquantified", None, as_of, as_of)
    start = shown["period_start"] or {}

    def number(name: str) -> Decimal | None:
        return None if shown[name] is None else Decimal(shown[name])

    return Claim(
        number("value"),
        number("value_min"),
        number("value_max"),
        shown["qualifier"],
        shown["bound"],
        _day(start.get("earliest")),
        date.fromisoformat(shown["as_of"]["earliest"]),
        _window_end(shown, as_of),
    )


def _coverages(findings: Findings, family: str) -> list[Coverage]:
    return [
        Coverage(date.fromisoformat(one["complete_from"]), _day(one["complete_to"]))
        for one in findings.coverages
        if one["measure_family"] == family
    ]


def _compare(findings: Findings, series: Json, measure: Json, shown: Json | None) -> Json:
    code = series["measure_code"]
    if shown is None:
        return _said(Comparison(Result.not_comparable), "No document was recorded that states this figure.")
    said = say_claim(shown, is_money=measure["kind"] == "money", stage=series["stage"])
    claimed = f"{said} ({shown['source_title']})"
    if code in COUNTED:
        found = findings.recorded.get(series_key(series))
        if found is None:
            status = findings.services.get("trainings", {}).get("status", "unavailable")
            return _said(Comparison(Result.not_comparable), f"{claimed}; the records are out of reach ({status}).")
        comparison = compare(
            _claim(shown, findings.as_of), found.counts, _coverages(findings, "trainings"), findings.as_of
        )
        return _said(comparison, f"{claimed} against {_say_counts(found, findings)}.")
    if measure["kind"] == "money" and measure.get("owner_service") == "funding":
        return _compare_money(findings, series, claimed)
    return _said(Comparison(Result.not_recorded), f"{claimed}; our records hold nothing that counts this.")


def _compare_money(findings: Findings, series: Json, claimed: str) -> Json:
    if findings.money is None:
        status = findings.services.get("funding", {}).get("status", "unavailable")
        return _said(Comparison(Result.not_comparable), f"{claimed}; the ledger is out of reach ({status}).")
    if not findings.money["entries"]:
        return _said(
            Comparison(Result.not_recorded), f"{claimed}; the ledger has no entry for {series['subject_code']}."
        )
    totals = ", ".join(
        f"{one['stage']} {say_number(one['amount']['amount'])} {one['currency']}" for one in findings.money["totals"]
    )
    reason = Reason.stage_unspecified if series["stage"] in {None, "unspecified"} else Reason.scope_differs
    return _said(
        Comparison(Result.not_comparable, (reason,)),
        f"{claimed} stands beside the ledger by stage ({totals}); money of unstated stage is never compared with it.",
    )


def _say_counts(found: Recorded, findings: Findings) -> str:
    if not found.counts:
        return "nothing recorded"
    said = [
        f"{say_number(count.lower)}{'' if count.lower == count.upper else f' to {say_number(count.upper)}'}"
        f" recorded as of {count.as_of}"
        for count in found.counts
    ]
    complete = "" if _coverages(findings, "trainings") else "; nobody has declared the records complete"
    return ", ".join(said) + complete


def _said(comparison: Comparison, compared: str) -> Json:
    return {"result": comparison.result, "reasons": list(comparison.reasons), "compared": compared}


def _conflicts(claims: Sequence[Json]) -> list[Json]:
    found = {one["code"]: one for claim in claims for one in claim["conflicts"]}
    return [found[code] for code in sorted(found)]
