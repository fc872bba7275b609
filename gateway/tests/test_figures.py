"""Joining claims and records: which claim is shown, what is never shown as zero, what is disputed."""

from datetime import date
from typing import Any

import pytest
from chassis.errors import NotFound
from gateway.figures import FigureKey, Findings, Recorded, choose_claim, days_to_count, make_figures

TODAY = date(2026, 11, 20)
MEASURE = {
    "code": "instructors_trained", "unit": "persons", "kind": "count", "basis": "cumulative",
    "counting_rule": "Distinct persons.", "owner_service": "trainings",
}  # fmt: skip
SERIES = {
    "code": "mx-instructors", "label": "Instructors", "measure_code": "instructors_trained", "is_headline": True,
    "currency": None, "agency_codes": ["NM"], "is_joint": False, "program_code": None, "nationality_code": "MX",
    "venue_kind": None, "stage": None, "scope": None,
}  # fmt: skip


def make_claim(code: str, value: str, earliest: str, latest: str | None, **over: Any) -> dict[str, Any]:
    return {
        "id": code, "code": code, "series_code": "mx-instructors", "value": value, "value_min": None, "value_max": None,
        "qualifier": "more_than", "qualifier_text": "more than", "bound": "gt", "text": "", "unit": "persons",
        "currency": None, "as_of": {"earliest": earliest, "latest": latest, "label": None}, "period_start": None,
        "period_end": None, "rank": "normal", "rank_reason": None, "superseded_by_code": None,
        "supersession_reason": None, "primary_source": None, "notes": None, "asserted_on": None,
        "created_at": "2026-01-01", "source_code": "s", "source_title": "A page", "publisher": "P", "locator": None,
        "conflicts": [], "is_voided": False, "voided_at": None, "voided_by": None, "void_reason": None,
    } | over  # fmt: skip


OLD = make_claim("S1-25", "370", "2011-04-25", "2015-12-17", superseded_by_code="S0-18")
NEW = make_claim("S0-18", "505", "2015-10-07", "2021-01-20", rank="preferred")


def make_point(as_of: str, value: str | None, records: int | None, **over: Any) -> dict[str, Any]:
    return {"as_of": as_of, "value": value, "lower": value, "upper": value, "records": records} | over


def make_findings(*claims: dict[str, Any], points: list[dict[str, Any]] | None = None, **over: Any) -> Findings:
    dossier = {
        "series": [SERIES] if claims else [], "measures": [MEASURE] if claims else [],
        "reported_figures": list(claims), "coverage_declarations": [],
    } | over  # fmt: skip
    findings = Findings("country", "MX", TODAY, dossier=dossier)
    if points is not None:
        answer = {"measure": "instructors_trained", "method": "m", "method_version": "1", "points": points}
        findings.recorded["mx-instructors" if claims else "instructors_trained"] = Recorded(answer, TODAY)
    return findings


def test_claim_counts_only_once_its_document_may_have_been_written() -> None:
    assert choose_claim([OLD, NEW], date(2011, 4, 24)) is None
    assert choose_claim([OLD, NEW], date(2011, 4, 25)) is OLD
    assert choose_claim([OLD, NEW], date(2015, 10, 7)) is NEW


def test_preferred_comes_before_later_and_deprecated_never() -> None:
    later = make_claim("X", "600", "2022-01-01", None)
    wrong = make_claim("Y", "9", "2023-01-01", None, rank="deprecated")
    assert choose_claim([later, NEW, wrong], TODAY) is NEW
    assert choose_claim([OLD, later, wrong], TODAY) is later
    assert choose_claim([wrong], TODAY) is None


VOID = {
    "is_voided": True, "voided_at": "2026-11-01T10:00:00Z", "voided_by": "An analyst", "void_reason": "Misread.",
}  # fmt: skip


def test_voided_claim_stands_in_the_history_and_nowhere_else() -> None:
    conflict = {"code": "C14", "kind": "document_against_external", "status": "open", "title": "", "resolution": ""}
    wrong = make_claim("S9-1", "5050", "2015-10-07", "2021-01-20", rank="preferred", conflicts=[conflict], **VOID)
    old = OLD | {"superseded_by_code": None}
    assert choose_claim([wrong, old], TODAY) is old
    findings = make_findings(wrong, old, points=[make_point("2026-11-20", None, 0)])
    (figure,) = make_figures(findings)
    assert figure["headline"] == {"display": "more than 370", "kind": "reported"}
    assert (figure["reported"]["is_voided"], figure["reported"]["void_reason"]) == (False, None)
    (told,) = figure["reported"]["history"]
    assert (told["code"], told["display"]) == ("S9-1", "more than 5,050")
    assert {name: told[name] for name in VOID} == VOID
    assert (figure["is_disputed"], figure["conflicts"]) == (False, [])
    assert days_to_count(findings, SERIES) == [date(2011, 4, 25), date(2015, 12, 17), TODAY]


def test_figure_of_voided_claims_alone_is_none() -> None:
    findings = make_findings(NEW | VOID, points=[make_point("2026-11-20", None, 0)])
    assert make_figures(findings) == []
    findings = make_findings(NEW | VOID, points=[make_point("2026-11-20", "12", 12)])
    (figure,) = make_figures(findings)
    assert (figure["reported"], figure["headline"]) == (None, {"display": "12 so far", "kind": "recorded"})


def test_superseded_claim_is_history_and_not_wrong() -> None:
    (figure,) = make_figures(make_findings(OLD, NEW, points=[make_point("2026-11-20", None, 0)]))
    assert figure["headline"] == {"display": "more than 505", "kind": "reported"}
    assert [(one["code"], one["rank"], one["superseded_by_code"]) for one in figure["reported"]["history"]] == [
        ("S1-25", "normal", "S0-18")
    ]
    assert (figure["recorded"], figure["comparison"]["result"]) == (None, "not_recorded")


def test_counts_are_asked_for_at_both_ends_of_the_window_and_today() -> None:
    assert days_to_count(make_findings(NEW), SERIES) == [date(2015, 10, 7), date(2021, 1, 20), TODAY]
    open_ended = make_claim("X", "600", "2022-01-01", None)
    assert days_to_count(make_findings(open_ended), SERIES) == [date(2022, 1, 1), TODAY]


def test_recorded_count_stands_beside_the_claim_as_so_far_until_declared_complete() -> None:
    points = [make_point(day, "512", 600) for day in ("2015-10-07", "2021-01-20", "2026-11-20")]
    (figure,) = make_figures(make_findings(NEW, points=points))
    assert (figure["recorded"]["display"], figure["comparison"]["reasons"]) == (
        "512 so far",
        ["records_not_declared_complete"],
    )
    coverage = {"measure_family": "trainings", "complete_from": "2008-01-01", "complete_to": None}
    (figure,) = make_figures(make_findings(NEW, points=points, coverage_declarations=[coverage]))
    assert (figure["recorded"]["display"], figure["comparison"]["result"]) == ("512", "consistent")


def test_hidden_count_is_there_and_is_not_zero() -> None:
    hidden = {"lower": "1", "upper": "4", "suppressed": True}
    points = [make_point(day, None, None, **hidden) for day in ("2015-10-07", "2021-01-20", "2026-11-20")]
    (figure,) = make_figures(make_findings(NEW, points=points))
    assert (figure["recorded"]["value"], figure["recorded"]["display"]) == (None, "fewer than 5 so far")
    assert figure["comparison"]["result"] == "not_comparable"


def test_records_without_a_claim_are_a_figure_of_their_own() -> None:
    (figure,) = make_figures(make_findings(points=[make_point("2026-11-20", "12", 12)]))
    assert (figure["id"], figure["headline"]) == (
        "country~MX~instructors_trained~-",
        {"display": "12 so far", "kind": "recorded"},
    )
    assert make_figures(make_findings(points=[make_point("2026-11-20", None, 0)])) == []


def test_records_out_of_reach_are_said_to_be_and_not_called_missing() -> None:
    findings = make_findings(NEW)
    findings.services["trainings"] = {"status": "timeout"}
    (figure,) = make_figures(findings)
    assert (figure["recorded"], figure["comparison"]["result"]) == (None, "not_comparable")
    assert "out of reach (timeout)" in figure["comparison"]["compared"]


def test_open_conflict_with_something_outside_the_document_makes_a_dispute() -> None:
    conflict = {"code": "C14", "kind": "document_against_external", "status": "open", "title": "", "resolution": ""}
    (figure,) = make_figures(make_findings(NEW | {"conflicts": [conflict]}, points=[make_point("2026-11-20", None, 0)]))
    assert figure["is_disputed"]
    settled = conflict | {"status": "resolved"}
    (figure,) = make_figures(make_findings(NEW | {"conflicts": [settled]}, points=[make_point("2026-11-20", None, 0)]))
    assert not figure["is_disputed"]


def test_id_of_a_figure_can_be_read_back() -> None:
    key = FigureKey("country", "MX", "instructors_trained", None)
    assert FigureKey.parse(str(key)) == key
    for bad in ("", "country~MX", "country~MX~x~", "a~b~c~d~e"):
        with pytest.raises(NotFound):
            FigureKey.parse(bad)


def test_a_figure_of_the_past_shows_what_could_be_said_then() -> None:
    then = date(2014, 6, 30)
    findings = make_findings(OLD, NEW)
    findings.as_of = then
    assert days_to_count(findings, SERIES) == [date(2011, 4, 25), then]
    answer = {"measure": "instructors_trained", "method": "m", "method_version": "1", "points": [
        make_point("2011-04-25", "380", 380), make_point("2014-06-30", "400", 400),
    ]}  # fmt: skip
    findings.recorded["mx-instructors"] = Recorded(answer, then)
    coverage = {"measure_family": "trainings", "complete_from": "2008-01-01", "complete_to": "2014-06-30"}
    findings.dossier = (findings.dossier or {}) | {"coverage_declarations": [coverage]}
    (figure,) = make_figures(findings)
    assert (figure["headline"]["display"], figure["reported"]["history"]) == ("more than 370", [])
    assert (figure["recorded"]["value"], figure["comparison"]["result"]) == ("400", "consistent")
