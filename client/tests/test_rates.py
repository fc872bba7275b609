"""A file of exchange rates is recorded once, and never over what is recorded otherwise."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tributary import Tributary
from tributary.load import DATA_FOLDER, LoadError
from tributary.rates import load_rates, read_rates

HEADER = "currency,rate_date,units_per_usd,rate_source,note\n"


class FakeApi:
    """Keeps the rates that are posted; of one currency it takes none."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            body = json.loads(request.content)
            if body["currency"] == "XXZ":
                return httpx.Response(422, json={"code": "validation", "detail": "There is no such currency."})
            self.rows.append(body)
            return httpx.Response(201, json=body)
        assert request.url.params["is_voided"] == "false"
        return httpx.Response(200, json={"items": self.rows, "next": None})

    def connect(self) -> Tributary:
        return Tributary("http://api.test", "t", transport=httpx.MockTransport(self))


def write(folder: Path, text: str) -> Path:
    path = folder / "rates.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_sample_is_recorded_once_and_says_that_it_is_invented() -> None:
    api = FakeApi()
    with api.connect() as client:
        assert load_rates(client, DATA_FOLDER / "exchange_rates_sample.csv") == (12, 0)
        assert load_rates(client, DATA_FOLDER / "exchange_rates_sample.csv") == (0, 12)
    assert len(api.rows) == 12
    assert all("invented" in row["rate_source"] for row in api.rows)


def test_rate_that_is_recorded_otherwise_stops_the_file_before_anything_is_recorded(tmp_path: Path) -> None:
    api = FakeApi()
    first = "MXN,2015-12-31,17.30,Treasury,\n"
    with api.connect() as client:
        load_rates(client, write(tmp_path, HEADER + first))
        assert load_rates(client, write(tmp_path, HEADER + first.replace("17.30", "17.300000"))) == (0, 1)
        path = write(tmp_path, HEADER + "GEL,2015-12-31,2.4,Treasury,\n" + first.replace("17.30", "17.31"))
        with pytest.raises(LoadError, match=r"line 3: MXN of 2015-12-31 is recorded as 17.30 \(Treasury\), not 17.31"):
            load_rates(client, path)
        with pytest.raises(LoadError, match=r"line 2: 422 validation: There is no such currency"):
            load_rates(client, write(tmp_path, HEADER + "XXZ,2015-12-31,2.4,Treasury,\n"))
    assert [(row["currency"], "note" in row) for row in api.rows] == [("MXN", False)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("currency,rate_date,rate\nMXN,2015-12-31,17\n", "the columns are"),
        (HEADER + "MXN,2015-12-31\n", "line 2: it has more or fewer cells"),
        (HEADER + "MXN,2015-12-31,17,T,,\n", "line 2: it has more or fewer cells"),
        (HEADER + "MXN,2015-12-31,seventeen,T,\n", 'line 2: "seventeen" is not a number'),
    ],
)
def test_line_that_is_no_rate_is_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(LoadError, match=told):
        read_rates(write(tmp_path, text))


def test_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="is not a file of rates"):
        read_rates(tmp_path / "none.csv")
