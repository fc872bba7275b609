"""The cascade as a drawing: where each training's block stands. Pure: no framework, no markup.

Tiers are rows; a block is as wide as completions of its training are many, and stands under a training that it came of.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any, Final

WIDTH: Final = 1000.0
ROW_HEIGHT: Final = 48
LEAST_WIDTH: Final = 1.5
"""So that a training that nobody completed is still seen."""
FEW: Final = 5
"""How wide a block is whose people are too few to show: all such blocks alike."""


class Kind(StrEnum):
    """What a block's width says."""

    counted = auto()
    few = auto()
    headcount = auto()
    empty = auto()


@dataclass(frozen=True, slots=True)
class Block:
    """A training in the drawing. Below it, as wide as `span`, stand the `beneath` trainings that came of it."""

    node: Mapping[str, Any]
    kind: Kind
    people: int | None
    depth: int
    x: float
    y: int
    width: float
    span: float
    beneath: int


@dataclass(frozen=True, slots=True)
class Icicle:
    """The blocks, each after the one that it came of, and the tiers from above."""

    blocks: list[Block]
    tiers: list[int]

    @property
    def height(self) -> int:
        """Of the whole drawing."""
        return ROW_HEIGHT * len(self.tiers)

    def first_levels(self, most: int) -> "Icicle":
        """So many blocks, those nearest to the source first; each stands where it stands in the whole."""
        nearest = sorted(range(len(self.blocks)), key=lambda place: (self.blocks[place].depth, place))[:most]
        blocks = [self.blocks[place] for place in sorted(nearest)]
        tiers = {block.node["tier"] for block in blocks}
        return Icicle(blocks, [tier for tier in self.tiers if tier <= max(tiers, default=0)])


def find_branch(nodes: Sequence[Mapping[str, Any]], training_id: str) -> list[Mapping[str, Any]]:
    """The training and what hangs from it; nothing where it is none of these."""
    found = {training_id} & {node["training_id"] for node in nodes}
    # A training is of a higher tier than the one it came of, so the lowest come first.
    for node in sorted(nodes, key=lambda one: one["tier"]):
        if node["parent_id"] in found:
            found.add(node["training_id"])
    return [node for node in nodes if node["training_id"] in found]


def lay_out(nodes: Sequence[Mapping[str, Any]], headcounts: Mapping[str, int]) -> Icicle:
    """Place trainings; `headcounts` are of those whose people were counted, by name or without."""
    ids = {node["training_id"] for node in nodes}
    children: dict[str | None, list[Mapping[str, Any]]] = {}
    for node in nodes:
        parent = node["parent_id"] if node["parent_id"] in ids else None
        children.setdefault(parent, []).append(node)
    measured = {node["training_id"]: _measure(node, headcounts) for node in nodes}
    spans = _spans(nodes, children, {one: people for one, (_kind, people) in measured.items()})
    whole = sum(spans[node["training_id"]] for node in children.get(None, []))
    scale = WIDTH / whole if whole else 1.0
    tiers = sorted({node["tier"] for node in nodes})
    rows = {tier: row for row, tier in enumerate(tiers)}

    beneath: dict[str, int] = {}
    for node in sorted(nodes, key=lambda one: -one["tier"]):
        own = children.get(node["training_id"], [])
        beneath[node["training_id"]] = len(own) + sum(beneath[child["training_id"]] for child in own)

    def place(parent: str | None, depth: int, x: float) -> Iterator[Block]:
        for node in children.get(parent, []):
            one = node["training_id"]
            kind, people = measured[one]
            span = spans[one] * scale
            yield Block(
                node=node,
                kind=kind,
                people=None if kind is Kind.few else people,
                depth=depth,
                x=round(x, 2),
                y=rows[node["tier"]] * ROW_HEIGHT,
                width=round(min(max(people * scale, LEAST_WIDTH), max(span, LEAST_WIDTH)), 2),
                span=round(span, 2),
                beneath=beneath[one],
            )
            yield from place(one, depth + 1, x)
            x += span

    return Icicle(list(place(None, 0, 0.0)), tiers)


def _measure(node: Mapping[str, Any], headcounts: Mapping[str, int]) -> tuple[Kind, int]:
    """What is known of a training's people. A headcount stands in where nobody is recorded by name."""
    if node["persons"] is None:
        return Kind.few, FEW
    if node["persons"]:
        return Kind.counted, node["persons"]
    counted = headcounts.get(node["training_id"], 0)
    return (Kind.headcount, counted) if counted else (Kind.empty, 0)


def _spans(
    nodes: Sequence[Mapping[str, Any]],
    children: Mapping[str | None, list[Mapping[str, Any]]],
    people: Mapping[str, int],
) -> dict[str, float]:
    """How much room each training needs: for its own people, or for what came of it where that is more."""
    spans: dict[str, float] = {}
    # A training is of a higher tier than the one it came of, so the highest come first.
    for node in sorted(nodes, key=lambda one: -one["tier"]):
        one = node["training_id"]
        spans[one] = max(people[one], sum(spans[child["training_id"]] for child in children.get(one, [])), 0.2)
    return spans
