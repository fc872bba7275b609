"""Statements: what a document says that is not a number of a measure."""

from typing import Any, Final

import pytest
from chassis.testing import Api

SOURCE: Final[dict[str, Any]] = {
    "code": "page", "title": "A page", "publisher": "A bureau", "kind": "web_page", "confidence": "low",
    "as_of_earliest": "2015-10-07",
}  # fmt: skip
STATEMENT: Final[dict[str, Any]] = {
    "kind": "reform", "topic": "reform", "predicate": "reform_prisoner_classification", "subject_type": "country",
    "subject_code": "MA", "text": "Morocco sorts prisoners better.", "attribution": "A page", "source_code": "page",
}  # fmt: skip


@pytest.mark.parametrize("value", [None, False, 0, "", "16 prisons", [1, None], {"of": {"all": 1.5}}])
async def test_value_is_answered_as_it_was_given(api: Api, value: Any) -> None:
    officer = api.officer()
    assert (await officer.post("/v1/sources", json=SOURCE)).status_code == 201
    answer = await officer.post("/v1/statements", json=STATEMENT | {"value": value})
    assert answer.status_code == 201, answer.text
    assert answer.json()["value"] == value


async def test_value_may_be_left_out(api: Api) -> None:
    officer = api.officer()
    assert (await officer.post("/v1/sources", json=SOURCE)).status_code == 201
    answer = await officer.post("/v1/statements", json=STATEMENT)
    assert answer.status_code == 201, answer.text
    assert answer.json()["value"] is None
