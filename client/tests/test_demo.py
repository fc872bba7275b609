"""What makes a system a demonstration, whatever command starts it, and what is declared of its records once."""

import json
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from tributary import AsyncTributary, Tributary
from tributary.demo import DEMO_SETTING, declare_complete
from tributary.processes import processes_file, read_topology
from tributary.serve import System


@pytest.mark.parametrize("is_demo", [False, True])
def test_serve_on_the_folder_of_a_demonstration_says_so_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_demo: bool
) -> None:
    monkeypatch.setenv("TRIBUTARY_DATA", str(tmp_path))
    monkeypatch.delenv(DEMO_SETTING, raising=False)
    if is_demo:
        (tmp_path / "demo").touch()
    pages = next(one for one in read_topology(processes_file()).public if one.database is None)
    addresses = {"gateway": "http://127.0.0.1:1", pages.name: "http://127.0.0.1:2"}
    with ExitStack() as stack:
        child = System(stack)._child_of(pages, "postgresql+asyncpg://superuser@host/postgres", addresses, None)
    assert child._environment.get(DEMO_SETTING) == ("true" if is_demo else None)


@pytest.mark.parametrize(("there", "posted"), [([], 1), (["2009-01-01"], 1), (["2009-01-01", "2008-01-01"], 0)])
def test_completeness_is_declared_once(there: list[str], posted: int) -> None:
    bodies: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            bodies.append(json.loads(request.content))
            return httpx.Response(201, json={})
        rows = [{"country_code": "MX", "measure_family": "trainings", "complete_from": day} for day in there]
        return httpx.Response(200, json={"items": rows, "next": None})

    with Tributary("http://api.test", "secret", transport=httpx.MockTransport(answer)) as client:
        declare_complete(client)
    assert [body["complete_from"] for body in bodies] == ["2008-01-01"] * posted


def test_client_knows_a_demonstration_by_its_answers() -> None:
    marked = iter([{}, {"X-Tributary-Demo": "true"}])
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={}, headers=next(marked)))
    with Tributary("http://api.test", "secret", transport=transport) as client:
        assert not client.is_demo
        client.get("/v1/countries/MX")
        assert not client.is_demo
        client.get("/v1/countries/MX")
        assert client.is_demo


async def test_asynchronous_client_knows_it_too_for_each_caller() -> None:
    marked = iter([{"X-Tributary-Demo": "true"}, {"X-Tributary-Demo": "true"}, {}])
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={}, headers=next(marked)))
    async with AsyncTributary("http://api.test", "secret", transport=transport) as client:
        other = client.acting_for("second")
        assert not client.is_demo
        await client.get("/v1/countries/MX")
        assert (client.is_demo, other.is_demo) == (True, False)
        await (await other.download("/v1/agencies")).aclose()
        assert other.is_demo
        await client.get("/v1/countries/MX")
        assert (client.is_demo, other.is_demo) == (False, True)
