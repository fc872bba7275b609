"""Imports of rosters in words: fields, steps, orders of dates, what was typed to correct. Pure: no framework."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from web.edits import Field, Kind

# Our fields as a reader knows them, in the order in which they are asked for.
GROUPS: Final[Mapping[str, Mapping[str, str]]] = {
    "Who it is": {
        "given_name": "Given name",
        "surname_1": "First surname",
        "surname_2": "Second surname",
        "surnames": "Both surnames in one",
        "full_name": "Whole name in one",
        "full_name_original": "Name in the original script",
        "sex": "Sex",
        "birth_date": "Birth date",
        "nationality_code": "Nationality",
        "position": "Position",
        "unit_code": "Unit",
    },
    "Identity document": {
        "id_type": "Kind of document",
        "id_number": "Number of the document",
        "id_country_code": "Country that issued it",
    },
    "How it went": {
        "training_code": "Code of the training",
        "status": "Status",
        "completed_on": "Completed on",
        "level": "Level",
        "role": "Role",
        "pre_score": "Score before",
        "post_score": "Score after",
        "hours_attended": "Hours attended",
        "note": "Note",
    },
    "Clearance": {"vetting_basis": "Vetting", "vetting_reason": "Why no vetting is needed"},
    "Of our own template": {"seat": "Seat", "seat_version": "Version of the seat"},
}
LABELS: Final = {name: label for group in GROUPS.values() for name, label in group.items()}
NAMES: Final = ("given_name", "surname_1", "surname_2", "surnames", "full_name", "full_name_original")
DATES: Final = ("birth_date", "completed_on")
OUTCOMES: Final = {
    "error": "Errors",
    "possible_duplicate": "Possible duplicates",
    "new": "New",
    "changed": "Changed",
    "unchanged": "Unchanged",
    "excluded": "Left out",
}
STEPS: Final = ("Upload", "Map", "Check", "Commit", "Report")
TASKS: Final = {"read": "Reading the file", "check": "Checking the rows", "commit": "Writing", "undo": "Taking it back"}
OPEN: Final = frozenset({"queued", "running"})
ORDERS: Final = {"dmy": "day, month, year", "mdy": "month, day, year", "ymd": "year, month, day"}
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)  # fmt: skip
_NUMBERS: Final = re.compile(r"(\d{1,4})\D(\d{1,4})\D(\d{1,4})")
_CELL: Final = re.compile(r"value\.(\d+)\.(\w+)")
_SAMPLE: Final = 24  # characters of a sample that stand in a choice


def is_open(one: Mapping[str, Any]) -> bool:
    """Whether something of an import is being done or waits to be."""
    return one["status"] in OPEN


def say_state(one: Mapping[str, Any]) -> str:
    """Where an import is, in words."""
    if is_open(one):
        waits = " (waits for its turn)" if one["status"] == "queued" else ""
        return f"{TASKS.get(one['task'], one['task'])}{waits}"
    if one["status"] == "failed":
        return {"read": "Could not be read", "check": "Could not be checked"}.get(one["task"], "Failed")
    said = {
        "received": "Given up",
        "read": "Waits for its columns to be mapped",
        "checked": "Checked, waits to be committed",
        "committed": "Committed",
        "undone": "Undone",
    }
    counts = one["counts"] or {}
    if one["stage"] == "checked" and (counts.get("error") or counts.get("possible_duplicate")):
        return "Waits for rows to be fixed"
    return said.get(one["stage"], str(one["stage"]))


def percent_of(one: Mapping[str, Any]) -> int | None:
    """How far the newest piece of work is, None where nobody can know yet."""
    done, total = one["progress"]["done"], one["progress"]["total"]
    return min(100, done * 100 // total) if total else None


def step_of(one: Mapping[str, Any]) -> str:
    """The last part of the address of the page on which an import goes on."""
    if is_open(one):
        return "/run"
    if one["stage"] == "read":
        return "/map"
    if one["stage"] == "checked":
        return "/review"
    return ""


def map_fields(one: Mapping[str, Any]) -> list[Field]:
    """The form of the mapping: for each of our fields the column that it is."""
    numbers = [str(column["number"]) for column in one["columns"]]
    labels = {str(column["number"]): _say_column(column) for column in one["columns"]}
    fields = [
        Field(name, label, Kind.choice, choices=numbers, labels=labels, nothing="Not in the file")
        for name, label in LABELS.items()
    ]
    fields.append(
        Field("date_order", "Order of dates", Kind.choice, choices=tuple(ORDERS), labels=ORDERS, nothing="Not said")
    )
    fields.append(Field("header_row", "Row of the headers", Kind.integer, hint="0 where there is none"))
    fields.append(Field("country_code", "Country whose office keeps the people", hint="Code, such as MX"))
    if len(one["sheets"]) > 1:
        fields.append(Field("sheet", "Sheet", Kind.choice, choices=tuple(one["sheets"]), is_required=True))
    return fields


def mapping_of(one: Mapping[str, Any]) -> dict[str, Any]:
    """An import as the form of its mapping has it."""
    mapped = {column["field"]: column["number"] for column in one["columns"] if column["field"]}
    return mapped | {name: one[name] for name in ("date_order", "header_row", "country_code", "sheet")}


def proposals_of(one: Mapping[str, Any]) -> dict[str, str]:
    """Columns that are likely a field that no column is yet, to be looked at."""
    taken = {column["field"] for column in one["columns"]}
    return {
        column["proposed_field"]: str(column["number"])
        for column in one["columns"]
        if column["field"] is None and column["proposed_field"] and column["proposed_field"] not in taken
    }


def to_update(one: Mapping[str, Any], typed: Mapping[str, str], changed: Iterable[str]) -> dict[str, Any]:
    """What the API is told of a mapping that was changed. Raise `ValueError` with the names of fields of one column."""
    by_number: dict[str, list[str]] = {}
    for name in LABELS:
        if typed.get(name):
            by_number.setdefault(typed[name], []).append(name)
    twice = [names for names in by_number.values() if len(names) > 1]
    if twice:
        raise ValueError(*twice[0])
    fields = [
        {"number": column["number"], "field": wanted[0] if wanted else None}
        for column in one["columns"]
        if (wanted := by_number.get(str(column["number"]), [])) != ([column["field"]] if column["field"] else [])
    ]
    names = {field.name: field for field in map_fields(one)}
    update = {name: names[name].to_wire(typed[name]) for name in changed if name not in LABELS}
    return update | ({"fields": fields} if fields else {})


def date_examples(one: Mapping[str, Any]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """For each order what dates of the file are in it."""
    dated = [column for column in one["columns"] if (column["field"] or column["proposed_field"]) in DATES]
    samples = [text for column in dated for text in column["samples"] if _NUMBERS.search(text)][:3]
    return [
        (order, label, [(text, said) for text in samples if (said := read_date(text, order))])
        for order, label in ORDERS.items()
    ]


def read_date(text: str, order: str) -> str:
    """A date of the file in words, as an order of its numbers reads it; empty where that is no date."""
    found = _NUMBERS.search(text)
    if not found:
        return ""
    day, month, year = (int(found[order.index(part) + 1]) for part in "dmy")
    if not (1 <= day <= 31 and 1 <= month <= len(_MONTHS)):  # noqa: PLR2004 - days of the longest month
        return ""
    return f"{day} {_MONTHS[month - 1]} {year}"


def name_of_row(row: Mapping[str, Any]) -> str:
    """Who a row says that it is about."""
    said = {value["field"]: value["text"] for value in row["values"]}
    return " ".join(said[name] for name in NAMES if said.get(name)) or "without a name"


def cells_of(row: Mapping[str, Any], *, is_whole: bool) -> list[dict[str, Any]]:
    """The cells of a row that are shown to be typed into: those with errors, or all."""
    said = {value["field"]: value for value in row["values"]}
    wrong: dict[str, list[str]] = {}
    for error in row["errors"]:
        if error["field"]:
            wrong.setdefault(error["field"], []).append(error["message"])
    names = [*wrong, *(name for name in said if name not in wrong)] if is_whole else list(wrong)
    return [
        {
            "field": name,
            "label": LABELS.get(name, name),
            "column": said[name]["column"] if name in said else None,
            "text": said[name]["text"] if name in said else "",
            "messages": wrong.get(name, []),
        }
        for name in names
    ]


def cell_fields(names: Iterable[str]) -> list[Field]:
    """The fields of a form of corrections: `value.17.sex` is a cell."""
    found = [(name, cell) for name in names if (cell := _CELL.fullmatch(name))]
    return [Field(name, f"Row {cell[1]}, {LABELS.get(cell[2], cell[2]).lower()}") for name, cell in found]


def to_corrections(
    was: Mapping[str, str], typed: Mapping[str, str], changed: Sequence[str], marked: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What the API is told of cells that were typed into, and of what was marked beside them."""
    items: list[dict[str, Any]] = []
    for name in changed:
        cell = _CELL.fullmatch(name)
        assert cell is not None  # noqa: S101 - made by cell_fields
        if f"alike.{cell[1]}.{cell[2]}" in marked and was[name]:
            item = {"kind": "alike", "field": cell[2], "from_text": was[name], "text": typed[name]}
        else:
            item = {"kind": "value", "row": int(cell[1]), "field": cell[2], "text": typed[name]}
        if item not in items:
            items.append(item)
    for name, value in marked.items():
        kind, _, number = name.partition(".")
        if not number.isdecimal():
            continue
        if kind in {"exclude", "include"}:
            items.append({"kind": kind, "row": int(number)})
        elif kind == "person":
            items.append({"kind": "person", "row": int(number), "person_id": None if value == "new" else value})
    return items


def _say_column(column: Mapping[str, Any]) -> str:
    sample = next(iter(column["samples"]), "")
    short = sample if len(sample) <= _SAMPLE else f"{sample[:_SAMPLE]}..."
    return f"{column['header']} ({short})" if short else str(column["header"])
