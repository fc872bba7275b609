"""Where the blocks of the cascade stand: each under the training that it came of, as wide as its completions are many."""

from typing import Any

from web.icicle import LEAST_WIDTH, ROW_HEIGHT, WIDTH, Block, Icicle, Kind, find_branch, lay_out


def node(training_id: str, tier: int, persons: int | None, parent_id: str | None = None) -> dict[str, Any]:
    return {"training_id": training_id, "tier": tier, "persons": persons, "parent_id": parent_id}


def by_id(drawn: Icicle) -> dict[str, Block]:
    return {block.node["training_id"]: block for block in drawn.blocks}


def test_blocks_stand_under_what_they_came_of() -> None:
    nodes = [node("a", 1, 10), node("b", 1, 30), node("c", 2, 20, "a"), node("d", 2, 40, "a"), node("e", 2, 10, "b")]
    drawn = lay_out(nodes, {})
    assert drawn.tiers == [1, 2]
    assert drawn.height == 2 * ROW_HEIGHT
    # 90 people side by side: the 60 that came of `a`, and the 30 of `b`, are the whole width.
    scale = WIDTH / 90
    assert [
        (block.node["training_id"], block.depth, block.x, block.y, block.width, block.span) for block in drawn.blocks
    ] == [
        ("a", 0, 0.0, 0, round(10 * scale, 2), round(60 * scale, 2)),
        ("c", 1, 0.0, ROW_HEIGHT, round(20 * scale, 2), round(20 * scale, 2)),
        ("d", 1, round(20 * scale, 2), ROW_HEIGHT, round(40 * scale, 2), round(40 * scale, 2)),
        ("b", 0, round(60 * scale, 2), 0, round(30 * scale, 2), round(30 * scale, 2)),
        ("e", 1, round(60 * scale, 2), ROW_HEIGHT, round(10 * scale, 2), round(10 * scale, 2)),
    ]


def test_a_headcount_stands_in_only_where_nobody_is_recorded_by_name() -> None:
    nodes = [node("a", 1, 10), node("b", 1, 0), node("c", 1, None), node("d", 1, 0)]
    drawn = by_id(lay_out(nodes, {"a": 99, "b": 24, "c": 99}))
    assert {one: (block.kind, block.people) for one, block in drawn.items()} == {
        "a": (Kind.counted, 10),
        "b": (Kind.headcount, 24),
        "c": (Kind.few, None),
        "d": (Kind.empty, 0),
    }
    assert drawn["d"].width >= LEAST_WIDTH
    assert drawn["b"].width > 2 * drawn["a"].width


def test_what_hangs_from_a_training_that_is_not_listed_stands_for_itself() -> None:
    drawn = lay_out([node("b", 2, 5, "a"), node("c", 4, 5, "b")], {})
    assert [(block.node["training_id"], block.depth, block.y) for block in drawn.blocks] == [
        ("b", 0, 0),
        ("c", 1, ROW_HEIGHT),
    ]
    assert drawn.tiers == [2, 4]
    assert lay_out([], {}).blocks == []


def test_nothing_is_wider_than_the_drawing() -> None:
    nodes = [node(str(number), 1, number % 7) for number in range(400)]
    drawn = lay_out(nodes, {})
    assert len(drawn.blocks) == 400
    assert max(block.x + block.span for block in drawn.blocks) <= WIDTH + 0.01


def test_the_first_levels_stand_where_they_stand_in_the_whole() -> None:
    nodes = [
        node("a", 1, 10), node("b", 1, 30), node("c", 2, 20, "a"), node("d", 2, 40, "a"), node("e", 3, 10, "c"),
        node("f", 5, 1, "e"),
    ]  # fmt: skip
    whole = lay_out(nodes, {})
    assert {one: block.beneath for one, block in by_id(whole).items()} == {
        "a": 4,
        "b": 0,
        "c": 2,
        "d": 0,
        "e": 1,
        "f": 0,
    }
    for most, drawn in ((1, "a"), (2, "ab"), (3, "acb"), (4, "acdb"), (5, "acedb"), (9, "acefdb")):
        found = whole.first_levels(most)
        assert "".join(by_id(found)) == drawn
        assert found.tiers == whole.tiers[: {1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 9: 4}[most]]
        assert all(by_id(whole)[one] == block for one, block in by_id(found).items())
    assert lay_out([], {}).first_levels(3).blocks == []


def test_a_branch_is_a_training_and_what_hangs_from_it() -> None:
    nodes = [
        node("f", 5, 1, "e"),
        node("a", 1, 10),
        node("c", 2, 20, "a"),
        node("d", 2, 40, "b"),
        node("e", 3, 10, "c"),
    ]
    assert [one["training_id"] for one in find_branch(nodes, "c")] == ["f", "c", "e"]
    assert find_branch(nodes, "b") == []  # it is not listed itself
    assert find_branch(nodes, "x") == []
