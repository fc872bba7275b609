"""The reference dataset is loaded once, in order, and goes on where it was stopped."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tributary import Tributary
from tributary.load import DATA_FOLDER, ORDER, LoadError, find_missing, load_reference_data, natural_key


class FakeApi:
    """Keeps what is posted; two rows a page."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.posts: list[str] = []
        self.refused: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        path = request.url.path
        rows = self.rows.setdefault(path, [])
        if request.method == "POST":
            body = json.loads(request.content)
            name = " ".join(natural_key(body))
            if name in self.refused:
                error = {"pointer": "#/kind", "code": "unknown", "message": "There is no such kind."}
                problem = {"code": "validation", "detail": "1 field needs attention.", "errors": [error]}
                return httpx.Response(422, json=problem)
            self.posts.append(name)
            rows.append(body)
            return httpx.Response(201, json=body)
        start = int(request.url.params.get("cursor", 0))
        following = f"{path}?cursor={start + 2}" if start + 2 < len(rows) else None
        return httpx.Response(200, json={"items": rows[start : start + 2], "next": following})

    def connect(self) -> Tributary:
        """A client of it."""
        return Tributary("http://api.test", "t", transport=httpx.MockTransport(self))


def make_dataset(folder: Path, **items: list[dict[str, Any]]) -> Path:
    for name in ORDER:
        endpoint = "/v1/" + name.replace("_", "-")
        (folder / f"{name}.json").write_text(json.dumps({"endpoint": endpoint, "items": items.get(name, [])}))
    return folder


AGENCIES = [{"code": f"A{number}"} for number in range(5)]
PARTNERSHIPS = [
    {"agency_code": "A0", "program_code": "P", "starts": {"earliest": "2008-01-01"}},
    {"agency_code": "A0", "program_code": "P", "starts": {"earliest": "2012-01-01"}},
    {"agency_code": "A1", "program_code": "P", "starts": None},
    {"agency_code": "A2", "program_code": "P"},
]


def test_everything_is_loaded_in_order_and_only_once(tmp_path: Path) -> None:
    folder = make_dataset(tmp_path, agencies=AGENCIES, partnerships=PARTNERSHIPS)
    api = FakeApi()
    with api.connect() as client:
        assert load_reference_data(client, folder) == {"agencies": 5, "partnerships": 4}
        assert api.posts[:5] == ["A0", "A1", "A2", "A3", "A4"]
        assert api.posts[5:] == ["A0 P 2008-01-01", "A0 P 2012-01-01", "A1 P ", "A2 P "]
        assert load_reference_data(client, folder) == {}
        assert not list(find_missing(client, folder))
    assert len(api.posts) == 9


def test_a_load_that_was_stopped_goes_on_where_it_stopped(tmp_path: Path) -> None:
    folder = make_dataset(tmp_path, agencies=AGENCIES)
    api = FakeApi()
    api.refused = {"A3"}
    with api.connect() as client:
        with pytest.raises(LoadError, match=r"^agencies\.json, A3: 422 .* #/kind: There is no such kind\.$"):
            load_reference_data(client, folder)
        assert api.posts == ["A0", "A1", "A2"]
        api.refused = set()
        assert load_reference_data(client, folder) == {"agencies": 2}
    assert api.posts == ["A0", "A1", "A2", "A3", "A4"]


def test_rows_of_others_are_left_alone(tmp_path: Path) -> None:
    folder = make_dataset(tmp_path, agencies=AGENCIES)
    api = FakeApi()
    api.rows["/v1/agencies"] = [{"code": "A1", "name": "Edited by hand"}, {"code": "OTHER"}]
    with api.connect() as client:
        load_reference_data(client, folder)
    assert api.rows["/v1/agencies"][0] == {"code": "A1", "name": "Edited by hand"}
    assert api.posts == ["A0", "A2", "A3", "A4"]


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    folder = make_dataset(tmp_path)
    (folder / "measures.json").write_text("{")
    with FakeApi().connect() as client, pytest.raises(LoadError, match=r"measures\.json is not a file of the"):
        load_reference_data(client, folder)


def test_every_item_of_the_dataset_has_its_own_natural_key() -> None:
    for name in ORDER:
        items = json.loads((DATA_FOLDER / f"{name}.json").read_text(encoding="utf-8"))["items"]
        keys = [natural_key(item) for item in items]
        assert len(set(keys)) == len(keys), name
