"""A demonstration's records: generated in the databases by a process of ours, declared complete over the API."""

import json
from collections.abc import Mapping
from typing import Final

from tributary.client import Tributary

DEFAULT_SCALE: Final = 0.01
LARGEST_SCALE: Final = 1.0
DEMO_SETTING: Final = "TRIBUTARY_DEMO"
NOTICE: Final = "Demonstration data: every person is synthetic."
MARKER: Final = "Every person in the databases of this folder is synthetic: tributary demo made them.\n"
# From when documents count what the generated records show of Mexico.
_DECLARED: Final = {"country_code": "MX", "measure_family": "trainings", "complete_from": "2008-01-01"}
_NOTE: Final = "Generated records, complete by the way they were made."


def record_references(client: Tributary, wanted: str) -> None:
    """Record the agencies and programs that generated records refer to, as the process that makes them names them."""
    for noun, bodies in json.loads(wanted).items():
        there = {row["code"] for row in client.list(f"/v1/{noun}")}
        for body in bodies:
            if body["code"] not in there:
                client.post(f"/v1/{noun}", body)


def read_references(client: Tributary) -> str:
    """What generated records refer to, as the process that makes them reads it."""
    return json.dumps({"agencies": list(client.list("/v1/agencies")), "programs": list(client.list("/v1/programs"))})


def declare_complete(client: Tributary) -> None:
    """State, once, that Mexico's records are complete: only then is a claim compared with them."""
    if not any(_says(one, _DECLARED) for one in client.list("/v1/coverage-declarations", country_code="MX")):
        client.post("/v1/coverage-declarations", _DECLARED | {"note": _NOTE})


def _says(row: Mapping[str, object], wanted: Mapping[str, object]) -> bool:
    return all(row[name] == value for name, value in wanted.items())
