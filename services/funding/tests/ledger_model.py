"""The ledger a second time, in plain Python: what entries come to, and which rules they break. Shares nothing with the service.

Written from the rules alone. Amounts are cents, entries are what the feed recorded of them.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

MOVES = {
    "appropriation": ("appropriated", 1), "allotment": ("allotted", 1), "allotment_withdrawal": ("allotted", -1),
    "commitment": ("committed", 1), "commitment_release": ("committed", -1), "obligation": ("obligated", 1),
    "upward_adjustment": ("obligated", 1), "deobligation": ("obligated", -1), "sub_obligation": ("sub_obligated", 1),
    "sub_deobligation": ("sub_obligated", -1), "disbursement": ("disbursed", 1), "refund": ("disbursed", -1),
}  # fmt: skip
NEW_MONEY = ("appropriation", "allotment", "commitment", "obligation")


@dataclass
class Line:
    """A line of an agreement."""

    agreement: str
    parent: str | None


@dataclass
class Facts:
    """What entries are held against: the account's days, the lines, the ceilings and signatures of agreements."""

    available_from: date
    available_to: date
    cancels_on: date
    lines: dict[str, Line]
    ceilings: dict[str, int]
    signed_on: dict[str, date]


@dataclass
class Ledger:
    """Entries in the order in which they were committed."""

    facts: Facts
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, recorded: dict[str, Any]) -> None:
        """An entry as the feed has it."""
        amount = Decimal(str(recorded["amount"])) * 100
        assert amount == int(amount), recorded
        day = date.fromisoformat(recorded["effective_date"])
        self.entries[recorded["id"]] = recorded | {"cents": int(amount), "day": day}

    def moved(self, entry: dict[str, Any]) -> tuple[str, int]:
        """The stage that an entry moves, and by how much."""
        stage, sign = MOVES[entry["kind"]]
        return stage, (-sign if entry["reverses_entry_id"] else sign) * entry["cents"]

    def sums(self, day: date | None = None) -> dict[tuple[str, str], int]:
        """Cents by fund line and stage, up to a day."""
        found: dict[tuple[str, str], int] = defaultdict(int)
        for entry in self.entries.values():
            if day is None or entry["day"] <= day:
                stage, cents = self.moved(entry)
                found[entry["fund_line_code"], stage] += cents
        return dict(found)

    def faults(self) -> list[str]:
        """Every rule that is broken, on any day on which something moves."""
        found = [fault for entry in self.entries.values() for fault in self.entry_faults(entry)]
        for day in sorted({entry["day"] for entry in self.entries.values()}):
            found += [f"{fault} on {day}" for fault in self.day_faults(day)]
        return found

    def entry_faults(self, entry: dict[str, Any]) -> list[str]:
        facts, found = self.facts, []
        is_reversal = entry["reverses_entry_id"] is not None
        if entry["day"] >= facts.cancels_on:
            found.append("F7")
        if entry["day"] > facts.available_to and entry["kind"] in NEW_MONEY and not is_reversal:
            found.append("F6")
        if entry["day"] < facts.available_from and entry["kind"] not in ("appropriation", "allotment"):
            found.append("F12")
        line = facts.lines.get(entry["agreement_line_id"])
        if (
            line
            and entry["kind"] in ("obligation", "sub_obligation")
            and entry["day"] < facts.signed_on[line.agreement]
        ):
            found.append("F12")
        if is_reversal:
            taken = self.entries[entry["reverses_entry_id"]]
            same = ("kind", "cents", "fund_line_code", "agreement_line_id")
            if any(taken[name] != entry[name] for name in same) or taken["day"] > entry["day"]:
                found.append("F9")
            others = [one for one in self.entries.values() if one["reverses_entry_id"] == taken["id"]]
            if len(others) != 1 or taken["reverses_entry_id"]:
                found.append("F9")
        return [f"{rule} by {entry['kind']} {entry['id']}" for rule in found]

    def day_faults(self, day: date) -> list[str]:
        known = [entry for entry in self.entries.values() if entry["day"] <= day]
        return [*self.line_faults(known), *self.agreement_faults(known), *self.root_faults(known)]

    def line_faults(self, known: list[dict[str, Any]]) -> list[str]:
        lines: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for entry in known:
            stage, cents = self.moved(entry)
            lines[entry["fund_line_code"]][stage] += cents
        found = []
        for code, held in lines.items():
            if held["committed"] < 0 or held["allotted"] < held["committed"] + held["obligated"]:
                found.append(f"F1 {code} {dict(held)}")
            if held["disbursed"] < 0 or held["obligated"] < held["disbursed"]:
                found.append(f"F2 {code} {dict(held)}")
        return found

    def agreement_faults(self, known: list[dict[str, Any]]) -> list[str]:
        bound: dict[str, int] = defaultdict(int)
        paid: dict[str, int] = defaultdict(int)
        charged: dict[str, int] = defaultdict(int)
        agreements: dict[str, int] = defaultdict(int)
        for entry in known:
            line = self.facts.lines.get(entry["agreement_line_id"])
            if line is None:
                continue
            stage, cents = self.moved(entry)
            if stage in ("obligated", "sub_obligated"):
                bound[entry["agreement_line_id"]] += cents
                agreements[line.agreement] += cents
                charged[line.parent or ""] += cents
            if stage == "disbursed":
                paid[entry["agreement_line_id"]] += cents
                paid[line.parent or ""] += cents
        found = [f"F3 {line}" for line in self.facts.lines if paid[line] < 0 or paid[line] > bound[line]]
        found += [f"F4 {line}" for line in self.facts.lines if charged[line] > bound[line]]
        return found + [f"F3 {code}" for code, ceiling in self.facts.ceilings.items() if agreements[code] > ceiling]

    def root_faults(self, known: list[dict[str, Any]]) -> list[str]:
        left: dict[str, int] = defaultdict(int)
        for entry in known:
            left[self.root(entry)] += self.moved(entry)[1]
        return [f"F9 {entry}" for entry, cents in left.items() if cents < 0]

    def root(self, entry: dict[str, Any]) -> str:
        """The entry that another adjusts or takes back, or that one adjusts which is taken back."""
        if entry["reverses_entry_id"]:
            entry = self.entries[entry["reverses_entry_id"]]
        return str(entry["adjusts_entry_id"] or entry["id"])
