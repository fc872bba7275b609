"""Bodies and headers that a lenient reader would take, and nothing behind it could hold."""

import uuid

import pytest
from chassis.testing import Api
from chassis.testing.contract import problem_fault

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "note", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", '"\\ud800"', '"\\udc00\\ud800"', "9" * 5000, "[" * 9000]
)
async def test_what_is_not_json_is_malformed(api: Api, note: str) -> None:
    for body in (f'{{"name": "n", "note": {note}}}', f'{{"name": "n", "unknown": {{"deep": [{note}]}}}}'):
        answer = await api.officer().post("/v1/things", content=body, headers=JSON)
        assert problem_fault(answer, 400, "bad_request") is None, answer.text


async def test_half_of_a_pair_in_a_name_is_malformed(api: Api) -> None:
    answer = await api.officer().post("/v1/things", content='{"name": "n", "\\udfff": 1}', headers=JSON)
    assert problem_fault(answer, 400, "bad_request") is None, answer.text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
async def test_escaped_character_is_the_character(api: Api, encoding: str) -> None:
    body = '{"name": "\\ud83d\\ude00 \\u00e9 \\\\ud800 😀"}'.encode(encoding)
    answer = await api.officer().post("/v1/things", content=body, headers=JSON)
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == "😀 é \\ud800 😀"


@pytest.mark.parametrize("tag", ["9" * 19, '"' + "9" * 5000 + '"', "³", "é", ""])
async def test_version_that_no_record_can_have_is_malformed(api: Api, tag: str) -> None:
    headers = [(b"If-Match", tag.encode())]
    answer = await api.officer().patch(f"/v1/things/{uuid.uuid4()}", json={"name": "n"}, headers=headers)
    assert problem_fault(answer, 400, "bad_request") is None, answer.text


async def test_id_that_is_taken_is_named(api: Api) -> None:
    thing = {"id": str(uuid.uuid4()), "name": "n"}
    assert (await api.officer().post("/v1/things", json=thing)).status_code == 201
    answer = await api.officer().post("/v1/things", json=thing)
    assert problem_fault(answer, 409, "duplicate") is None, answer.text
    assert answer.json()["errors"] == [{"pointer": "#/id", "code": "pk_things", "message": "This id is taken."}]
