"""What every record that can be voided promises, whatever it is."""

import asyncio
from typing import Any, Final

from chassis.idempotency import HEADER, REPLAYED
from chassis.testing.api import Api
from chassis.testing.contract import problem_fault

STANDS: Final[dict[str, Any]] = {"is_voided": False, "voided_at": None, "voided_by": None, "void_reason": None}
_BAD_BODIES: Final[tuple[Any, ...]] = (
    {},
    {"reason": None},
    {"reason": ""},
    {"reason": " \n\t"},
    {"reason": "x" * 1001},
    {"reason": "a\0b"},
    {"reason": ["Entered twice."]},
    {"reason": "Entered twice.", "voided_by": "Somebody else"},
)


async def check_void(api: Api, address: str) -> dict[str, Any]:
    """Fail unless the record at `address` is voided as the style says: by its version, with a reason, once, for good.

    Answers the record as it is then.
    """
    writer = api.writer()
    before = (await writer.get(address)).json()
    assert {name: before[name] for name in STANDS} == STANDS
    version = {"If-Match": f'"{before["version"]}"'}
    why = {"reason": "  Entered twice. "}
    fault = problem_fault(await writer.post(f"{address}/void", json=why), 428, "precondition_required")
    assert fault is None, fault
    stale = {"If-Match": f'"{before["version"] + 1}"'}
    fault = problem_fault(await writer.post(f"{address}/void", json=why, headers=stale), 412, "stale_version")
    assert fault is None, fault
    for body in _BAD_BODIES:
        answer = await writer.post(f"{address}/void", json=body, headers=version)
        fault = problem_fault(answer, 422, "validation")
        assert fault is None, f"{body}: {fault}"
    assert (await writer.get(address)).json() == before

    keyed = version | {HEADER: "void"}
    first = await writer.post(f"{address}/void", json=why, headers=keyed)
    assert first.is_success, first.text
    made: dict[str, Any] = first.json()
    assert made == before | {
        "is_voided": True,
        "voided_at": made["voided_at"],
        "voided_by": "Test officer",
        "void_reason": "Entered twice.",
        "version": before["version"] + 1,
        "updated_at": made["updated_at"],
    }
    assert before["updated_at"] < made["voided_at"] <= made["updated_at"]
    assert first.headers["etag"] == f'"{made["version"]}"'
    replay = await writer.post(f"{address}/void", json=why, headers=keyed)
    assert (replay.status_code, replay.content, replay.headers[REPLAYED]) == (200, first.content, "true")

    for headers in (version, {"If-Match": first.headers["etag"]}):
        again = await writer.post(f"{address}/void", json=why, headers=headers)
        fault = problem_fault(again, 409, "voided")
        assert fault is None, fault
        at = made["voided_at"][:19] + "Z"
        assert (again.json()["voided_by"], again.json()["voided_at"]) == ("Test officer", at)
        assert again.json()["detail"].startswith(f"Test officer voided this record at {at}.")
    assert (await writer.get(address)).json() == made
    await _check_lists(api, address.rpartition("/")[0], made)
    return made


async def _check_lists(api: Api, collection: str, voided: dict[str, Any]) -> None:
    """A list has what was voided, marked, and leaves it out where it is asked to; so has a file."""
    for query, is_there in (("", True), ("is_voided=true", True), ("is_voided=false", False)):
        items = (await api.writer().get(f"{collection}?limit=500&{query}")).json()["items"]
        assert (voided in items) is is_there, query
        file = (await api.writer().get(f"{collection}?format=ndjson&{query}")).text
        assert (voided["id"] in file) is is_there, query


async def check_voided_once(api: Api, address: str) -> None:
    """Fail unless of several who void the record at `address` at once exactly one does."""
    headers = {"If-Match": (await api.writer().get(address)).headers["etag"]}
    voids = (api.writer().post(f"{address}/void", json={"reason": f"{at}."}, headers=headers) for at in range(4))
    answers = await asyncio.gather(*voids)
    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409], [one.text for one in answers]
    (made,) = (one.json() for one in answers if one.is_success)
    assert {one.json()["code"] for one in answers if not one.is_success} == {"voided"}
    assert (await api.writer().get(address)).json() == made
