"""What changed at all services, as a script that keeps a copy sees it; and the how-to's own script."""

import json
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from tributary import ProblemError, Tributary

Json = dict[str, Any]
HOW_TO = (Path(__file__).parents[2] / "docs" / "feed.md").read_text(encoding="utf-8")
SERVICES = ("programs", "trainings", "funding", "gateway")


def numbers_of(position: str) -> dict[str, int]:
    return {service: int(number) for service, number in (part.split(":") for part in position.split(","))}


def read_all(client: Tributary, after: str = "", **query: Any) -> tuple[list[Json], str]:
    """All transactions after a position, and the position then."""
    items: list[Json] = []
    while True:
        page = client.get("/v1/changes", after=after, **query)
        assert page["missing"] == []
        items += page["items"]
        after = page["position"]
        if page["next"] is None:
            return items, after


def agency(code: str) -> Json:
    return {"code": code, "name": f"Agency {code}", "kind": "us_state"}


def fresh_code() -> str:
    return f"US-{uuid.uuid4().hex[:8].upper()}"


def test_changes_folded_are_the_records(system: Any) -> None:
    with system.client() as client:
        items, position = read_all(client, limit=7)
        assert list(numbers_of(position)) == list(SERVICES)
        for service in SERVICES:
            numbers = [item["number"] for item in items if item["service"] == service]
            assert numbers == sorted(set(numbers))
        rows: dict[str, dict[str, Json]] = {}
        for change in (change for item in items for change in item["changes"]):
            kept = rows.setdefault(change["type"], {})
            if change["operation"] == "delete":
                del kept[change["id"]]
            else:
                kept[change["id"]] = change["after"]
        for noun in ("agencies", "programs", "sources", "series", "reported-figures", "statements", "conflicts"):
            listed = {row["id"]: row["version"] for row in client.list(f"/v1/{noun}")}
            assert {record_id: row["version"] for record_id, row in rows[noun].items()} == listed
        assert not set(rows) & {"people", "users", "grants", "tokens"}


def test_change_is_told_with_the_name_of_who_made_it(system: Any) -> None:
    with system.client("officer", "*") as officer, system.client() as reader:
        _, position = read_all(reader)
        made = officer.post("/v1/agencies", agency(fresh_code()))
        items, _ = read_all(reader, position)
        [told] = [item for item in items if item["changes"][0]["id"] == made["id"]]
        assert (told["service"], told["number"]) == ("programs", numbers_of(position)["programs"] + 1)
        assert (told["actor"]["kind"], told["actor"]["name"]) == ("script", "test officer *")
        assert told["changes"][0]["after"]["name"] == made["name"]
        history = reader.get("/v1/history", subject=f"agencies/{made['id']}")
        heading = {name: value for name, value in told.items() if name not in {"service", "changes"}}
        change = {name: value for name, value in told["changes"][0].items() if name not in {"type", "id"}}
        assert history == {"items": [heading | change], "next_cursor": None, "next": None}


def test_foreign_person_is_in_no_answer(system: Any) -> None:
    with system.client("officer", "GE") as georgia, system.client("officer", "MX") as mexico:
        _, position = read_all(mexico)
        body = {"country_code": "GE", "nationality_code": "GE", "given_name": "Synthetic"}
        person = georgia.post("/v1/people", body)
        for query in ({}, {"type": "people"}, {"limit": 1}):
            items, _ = read_all(mexico, position, **query)
            assert person["id"] not in json.dumps(items)
            items, _ = read_all(georgia, position, **query)
            assert [change["id"] for item in items for change in item["changes"]] == [person["id"]]
            assert "Synthetic" not in json.dumps(items)
        problems = []
        for record_id in (person["id"], str(uuid.uuid4())):
            with pytest.raises(ProblemError) as caught:
                mexico.get("/v1/history", subject=f"people/{record_id}")
            problems.append((caught.value.status, caught.value.code, caught.value.detail.replace(record_id, "ID")))
        assert problems[0] == problems[1]
        assert problems[0][0] == 404
        assert len(georgia.get("/v1/history", subject=f"people/{person['id']}")["items"]) == 1


def test_position_of_a_service_that_does_not_answer_stays(system: Any) -> None:
    with system.client("officer", "*") as client:
        _, position = read_all(client)
        course = client.post("/v1/courses", {"code": fresh_code(), "title": "A course", "type": "basic"})
        made = client.post("/v1/agencies", agency(fresh_code()))
        with system.without("trainings"):
            page = client.get("/v1/changes", after=position, limit=500)
        assert page["missing"] == ["trainings"]
        ids = {change["id"] for item in page["items"] for change in item["changes"]}
        assert made["id"] in ids
        assert course["id"] not in ids
        assert numbers_of(page["position"])["trainings"] == numbers_of(position)["trainings"]
        items, _ = read_all(client, page["position"])
        assert course["id"] in {change["id"] for item in items for change in item["changes"]}


def test_how_tos_script_keeps_a_copy(served: Any, tmp_path: Path) -> None:
    [script] = re.findall(r"^```python\n(.*?)^```", HOW_TO, re.MULTILINE | re.DOTALL)
    (tmp_path / "sync.py").write_text(script, encoding="utf-8")
    settings = {"TRIBUTARY_URL": served.base_url, "TRIBUTARY_TOKEN": served.token()}
    with served.client("officer", "*") as officer:
        for _ in range(2):
            officer.post("/v1/agencies", agency(fresh_code()))
            ran = subprocess.run(
                [sys.executable, "sync.py"],
                cwd=tmp_path, env=os.environ | settings, capture_output=True, text=True, check=True,
            )  # fmt: skip
            listed = {row["id"]: row["name"] for row in officer.list("/v1/agencies")}
            copy = json.loads((tmp_path / "agencies.json").read_text(encoding="utf-8"))
            assert {record_id: row["name"] for record_id, row in copy["rows"].items()} == listed
            assert ran.stdout == f"{len(listed)} agencies, up to {copy['position']}\n"
