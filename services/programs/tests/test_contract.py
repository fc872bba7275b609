"""What every service promises, whatever it is about."""

from collections.abc import AsyncIterator
from typing import Any

from chassis.feed import NOT_CAPTURED
from chassis.testing import Api, Database
from chassis.testing.contract import Write, check_answers, check_document, check_writes
from programs.models import metadata
from programs.routes.changes import KINDS


async def test_document_keeps_the_style(api: Api) -> None:
    check_document(api.app)


async def test_answers_keep_the_style(api: Api) -> None:
    await check_answers(api)


async def writes(api: Api) -> AsyncIterator[Write]:
    schemas = api.app.openapi()["components"]["schemas"]

    def create(noun: str, schema: str, **over: Any) -> Write:
        return Write(f"POST /v1/{noun}", f"/v1/{noun}", schemas[f"{schema}Create"]["examples"][0] | over)

    async def change(noun: str, parameter: str, **body: Any) -> Write:
        made = (await api.viewer().get(f"/v1/{noun}")).json()["items"][0]
        return Write(f"PATCH /v1/{noun}/{{{parameter}}}", f"/v1/{noun}/{made['id']}", body)

    async def rank(noun: str, parameter: str) -> Write:
        made = (await api.viewer().get(f"/v1/{noun}")).json()["items"][0]
        return Write(f"POST /v1/{noun}/{{{parameter}}}/ranks", f"/v1/{noun}/{made['id']}/ranks", RANK)

    async def void(noun: str, parameter: str) -> Write:
        newest = (await api.viewer().get(f"/v1/{noun}?sort=-created_at")).json()["items"][0]
        return Write(f"POST /v1/{noun}/{{{parameter}}}/void", f"/v1/{noun}/{newest['id']}/void", {"reason": "Misread."})

    yield create("agencies", "Agency")
    yield await change("agencies", "agency_id", name="New Mexico")
    yield create("programs", "Program", lead_agency_code="US-NM-CD")
    yield await change("programs", "program_id", title="Corrections")
    yield create("sources", "Source")
    yield await change("sources", "source_id", title="Corrections page")
    yield create("partnerships", "Partnership")
    yield await change("partnerships", "partnership_id", scope="Trains instructors")
    yield create("partnerships", "Partnership", starts=None)
    yield await void("partnerships", "partnership_id")
    yield create("measures", "Measure")
    yield await change("measures", "measure_id", label="Instructors")
    yield create("series", "Series")
    yield await change("series", "series_id", label="Instructors")
    yield create("reported-figures", "ReportedFigure", supersedes=[], code="S1-25", value="370", rank="normal")
    yield create("reported-figures", "ReportedFigure")
    yield await rank("reported-figures", "reported_figure_id")
    yield create("statements", "Statement", value=True)
    yield await rank("statements", "statement_id")
    yield create("conflicts", "Conflict")
    yield await change("conflicts", "conflict_id", title="505 or 370")
    yield create("coverage-declarations", "CoverageDeclaration")
    yield await void("reported-figures", "reported_figure_id")
    yield await void("statements", "statement_id")


RANK = {"rank": "deprecated", "reason": "Typing error in the document."}


async def test_every_write_can_be_validated_only_and_repeated_by_key(api: Api, database: Database) -> None:
    await check_writes(api, database.superuser_url, writes(api))


async def test_rule_that_is_checked_at_commit_is_checked_by_validation(api: Api) -> None:
    program = api.app.openapi()["components"]["schemas"]["ProgramCreate"]["examples"][0] | {"lead_agency_code": None}
    made = (await api.officer().post("/v1/programs", json=program)).json()
    address, headers = f"/v1/programs/{made['id']}", {"If-Match": '"1"'}
    shares = {"countries": [{"country_code": "KZ", "share": "0.5"}, {"country_code": "TN", "share": "0.5"}]}
    for query in ("?validate_only=true", ""):
        answer = await api.officer().patch(address + query, json=shares, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "one_country")


def test_changes_of_every_table_can_be_read() -> None:
    assert {kind.table.name for kind in KINDS} == set(metadata.tables) - NOT_CAPTURED
