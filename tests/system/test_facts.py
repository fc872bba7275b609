"""Every fact of the five source documents is answered by the running system, with its value, source, rank and date."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (S[0-4]-\d\d) \| (.+) \| (.+) \| `(.+)` \|$", re.MULTILINE)
REQUEST = re.compile(r"`GET (/v1/[^`]+)`")
BOOKS = (
    "agencies",
    "sources",
    "measures",
    "programs",
    "partnerships",
    "series",
    "reported_figures",
    "statements",
    "conflicts",
)
# The fields that name something by its code, and the file it is in; None: the same file.
REFERENCES = {
    "agency_code": "agencies",
    "agency_codes": "agencies",
    "lead_agency_code": "agencies",
    "measure_code": "measures",
    "parent_code": None,
    "program_code": "programs",
    "publisher_agency_code": "agencies",
    "series_code": "series",
    "source_code": "sources",
}


class Fact(NamedTuple):
    """A row of docs/facts.md."""

    code: str
    text: str
    requests: list[str]
    expected: str


def read_items(name: str) -> list[dict[str, Any]]:
    """The items of a file of the reference dataset."""
    content: dict[str, Any] = json.loads((ROOT / "data" / f"{name}.json").read_text(encoding="utf-8"))
    assert content["endpoint"] == "/v1/" + name.replace("_", "-")
    items: list[dict[str, Any]] = content["items"]
    return items


def read_facts() -> list[Fact]:
    """The table of docs/facts.md."""
    rows = ROW.findall((ROOT / "docs" / "facts.md").read_text(encoding="utf-8"))
    return [Fact(code, text, REQUEST.findall(requests), expected) for code, text, requests, expected in rows]


def claims() -> dict[str, dict[str, Any]]:
    """The figures and statements of the reference dataset by code."""
    return {item["code"]: item for item in [*read_items("reported_figures"), *read_items("statements")]}


def is_figure(item: dict[str, Any]) -> bool:
    """Whether it is a reported figure, wherever it is shown; else it is a statement or a conflict."""
    return "bound" in item and "predicate" not in item


def plain(value: str) -> str:
    """A decimal without the zeros that a database may add."""
    return format(Decimal(value).quantize(Decimal(1)), "f") if Decimal(value) % 1 == 0 else value


def shown(item: dict[str, Any]) -> str:
    """The value as the table writes it."""
    if not is_figure(item):
        return json.dumps(item["value"], ensure_ascii=False)
    if item["bound"] == "unquantified":
        return "unquantified"
    if item["bound"] == "range":
        return f"{item['qualifier']} {plain(item['value_min'])}..{plain(item['value_max'])}"
    return f"{item['qualifier']} {plain(item['value'])}"


def objects(answer: Any) -> Iterator[dict[str, Any]]:
    """Every object in an answer, however deep."""
    if isinstance(answer, dict):
        yield answer
        for value in answer.values():
            yield from objects(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from objects(value)


@pytest.fixture
def reader(system: Any) -> Iterator[httpx.Client]:
    """A viewer at the running system's public address."""
    headers = {"Authorization": f"Bearer {system.token('viewer')}"}
    with httpx.Client(base_url=system.base_url, headers=headers, timeout=30) as client:
        yield client


def get_claim(reader: httpx.Client, request: str) -> dict[str, Any]:
    """The one item that a look-up by code answers."""
    answer = reader.get(request)
    assert answer.status_code == 200, f"{request}: {answer.text}"
    items = answer.json()["items"]
    assert len(items) == 1, f"{request}: {len(items)} items"
    item: dict[str, Any] = items[0]
    return item


def test_table_lists_149_facts_once_each() -> None:
    facts = read_facts()
    assert len(facts) == 149
    assert len({fact.code for fact in facts}) == 149
    assert Counter(fact.code[:2] for fact in facts) == {"S0": 44, "S1": 36, "S2": 27, "S3": 22, "S4": 20}


def test_table_says_what_the_dataset_says() -> None:
    dataset = claims()
    facts = read_facts()
    assert {fact.code for fact in facts} == set(dataset)
    assert {fact.code: (fact.text, fact.expected) for fact in facts} == {
        code: (item["text"], shown(item)) for code, item in dataset.items()
    }
    for fact in facts:
        noun = "reported-figures" if is_figure(dataset[fact.code]) else "statements"
        assert fact.requests[0] == f"/v1/{noun}?code={fact.code}"


def test_dataset_has_every_fact_as_one_figure_or_one_statement() -> None:
    figures, statements = read_items("reported_figures"), read_items("statements")
    assert (len(figures), len(statements)) == (29, 120)
    assert len(claims()) == 149
    assert (len(read_items("conflicts")), len(read_items("sources"))) == (18, 5)


def test_dataset_refers_only_to_what_it_has_posted_before() -> None:
    posted: dict[str, set[str]] = {name: set() for name in BOOKS}
    for name in BOOKS:
        for item in read_items(name):
            for field, book in REFERENCES.items():
                codes = item.get(field) or []
                assert set([codes] if isinstance(codes, str) else codes) <= posted[book or name], f"{name}: {item}"
            superseded = {one["figure_code"] for one in item.get("supersedes", [])}
            assert superseded <= posted["reported_figures"], f"{name}: {item}"
            if "code" in item:
                assert item["code"] not in posted[name]
                posted[name].add(item["code"])
    members = {code for conflict in read_items("conflicts") for code in conflict["member_codes"]}
    assert members <= posted["reported_figures"] | posted["statements"]


def test_at_most_one_figure_of_a_series_and_period_is_preferred() -> None:
    preferred = Counter(
        (figure["series_code"], json.dumps(figure.get("period_start")), json.dumps(figure.get("period_end")))
        for figure in read_items("reported_figures")
        if figure["rank"] == "preferred"
    )
    assert set(preferred.values()) == {1}


def test_every_request_gives_the_fact(reader: httpx.Client) -> None:
    dataset = claims()
    for fact in read_facts():
        item = get_claim(reader, fact.requests[0])
        assert item["code"] == fact.code
        assert shown(item) == fact.expected == shown(dataset[fact.code]), fact.code
        assert item["text"] == fact.text, fact.code


def test_every_leading_figure_stands_among_the_figures_of_its_subject(reader: httpx.Client) -> None:
    leading = [fact for fact in read_facts() if len(fact.requests) > 1]
    assert {fact.code for fact in leading} == {"S0-13", "S0-18", "S0-19", "S0-20", "S0-30", "S1-23", "S3-01"}
    for fact in leading:
        for request in fact.requests[1:]:
            answer = reader.get(request)
            assert answer.status_code == 200, f"{request}: {answer.text}"
            found = [item for item in objects(answer.json()) if item.get("code") == fact.code and is_figure(item)]
            assert found, f"{request} does not show {fact.code}"
            assert {shown(item) for item in found} == {fact.expected}, request


def test_every_figure_has_its_source_rank_and_window(reader: httpx.Client) -> None:
    sources = {source["code"]: source for source in read_items("sources")}
    for figure in read_items("reported_figures"):
        item = get_claim(reader, f"/v1/reported-figures?code={figure['code']}")
        source = sources[figure["source_code"]]
        assert (item["source_code"], item["source_title"]) == (source["code"], source["title"]), figure["code"]
        assert (item["rank"], item["rank_reason"]) == (figure["rank"], figure.get("rank_reason")), figure["code"]
        assert item["as_of"]["earliest"] == source["as_of_earliest"], figure["code"]
        assert item["as_of"]["latest"] == source.get("as_of_latest"), figure["code"]
        assert item["qualifier_text"] == figure.get("qualifier_text"), figure["code"]
        assert item["supersedes_codes"] == [one["figure_code"] for one in figure.get("supersedes", [])], figure["code"]


def test_every_statement_has_its_source_rank_and_author(reader: httpx.Client) -> None:
    for statement in read_items("statements"):
        item = get_claim(reader, f"/v1/statements?code={statement['code']}")
        for field in (
            "source_code",
            "attribution",
            "rank",
            "kind",
            "topic",
            "predicate",
            "subject_type",
            "subject_code",
        ):
            assert item[field] == statement[field], statement["code"]
        assert item["rank_reason"] == statement.get("rank_reason"), statement["code"]


def test_every_conflict_names_its_claims(reader: httpx.Client) -> None:
    for conflict in read_items("conflicts"):
        item = get_claim(reader, f"/v1/conflicts?code={conflict['code']}")
        assert (item["status"], item["resolution"]) == (conflict["status"], conflict["resolution"])
        assert {member["code"] for member in item["members"]} == set(conflict["member_codes"])
