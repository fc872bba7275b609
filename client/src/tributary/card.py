"""A country's card as text for a terminal. Every figure keeps where it comes from; what is missing is named."""

from collections.abc import Iterator
from typing import Any

Card = dict[str, Any]
INDENT = "  "


def write_headlines(card: Card) -> list[str]:
    """The headline figures of a card, a line each, with who says so."""
    chosen = [figure for figure in card["figures"] if figure["is_headline"]] or card["figures"]
    lines = [f"{INDENT}{one['label']}: {one['headline']['display']} ({_said_by(one)})" for one in chosen]
    if not lines:
        lines = [f"{INDENT}{card['note'] or 'No figures.'}"]
    return [card["name"], *lines, *(f"{INDENT}{line}" for line in _missing(card))]


def write_card(card: Card) -> str:
    """The whole card."""
    sections = [
        (
            "",
            [
                f"{card['name']} ({card['country_code']}), as of {card['as_of']}{_known(card)}",
                *([card["note"]] if card["note"] else []),
            ],
        ),
        ("Figures", [line for figure in card["figures"] for line in _figure(figure)]),
        ("Programs", [_program(one) for one in card["programs"]]),
        ("Partners", [_partner(one) for one in card["partners"]]),
        ("US money", list(_us_money(card["money"]["us"]))),
        ("The host nation's own money", list(_host_money(card["money"]["host_investment"]))),
        ("Statements", list(_statements(card))),
        ("Missing", _missing(card)),
    ]
    written = [
        "\n".join([title, *(f"{INDENT}{line}" for line in lines)] if title else lines)
        for title, lines in sections
        if lines
    ]
    return "\n\n".join(written)


def _known(card: Card) -> str:
    return f", as recorded by {card['known_at']}" if card["known_at"] else ""


def _said_by(figure: Card) -> str:
    reported = figure["reported"]
    if figure["headline"]["kind"] == "reported" and reported:
        return f"reported by {reported['source']['title']}, {write_date(reported['as_of'])}"
    return "recorded"


def _figure(figure: Card) -> Iterator[str]:
    yield f"{figure['label']}: {figure['headline']['display']}"
    if reported := figure["reported"]:
        yield f"{INDENT}reported  {_claim(reported)}"
        for older in reported["history"]:
            yield f"{INDENT}history   {_claim(older)}"
    recorded = figure["recorded"]
    if recorded:
        yield f"{INDENT}recorded  {recorded['display']} on {recorded['as_of']}, by the rule: {recorded['method']}"
    else:
        yield f"{INDENT}recorded  not recorded"
    comparison = figure["comparison"]
    reasons = f" ({', '.join(comparison['reasons'])})" if comparison["reasons"] else ""
    yield f"{INDENT}compared  {comparison['result']}{reasons}: {comparison['compared']}"
    for conflict in figure["conflicts"]:
        said = f"{conflict['code']} {conflict['status']}: {conflict['title']}. {conflict['resolution']}"
        yield f"{INDENT}conflict  {said}"


def _claim(claim: Card) -> str:
    source = claim["source"]
    place = f", {source['locator']}" if source["locator"] else ""
    said = f"{claim['display']}, {source['title']} ({source['publisher']}{place}), {write_date(claim['as_of'])}"
    if claim["superseded_by_code"]:
        said += f", superseded by {claim['superseded_by_code']}"
    if claim["rank"] != "normal":
        said += f", {claim['rank']}"
    if claim["is_voided"]:
        said += f", voided by {claim['voided_by']} on {claim['voided_at'][:10]}: {claim['void_reason']}"
    return said


def _program(program: Card) -> str:
    facts = [program["sector"], program["status"], write_span(program["starts"], program["ends"])]
    return f"{program['code']} {program['title']} ({', '.join(filter(None, facts))})"


def _partner(partner: Card) -> str:
    said = f"{partner['agency_name']}: {', '.join(partner['roles'])} in {partner['program_code']}"
    since = write_span(partner["starts"], partner["ends"])
    return ". ".join(filter(None, [f"{said} ({since})" if since else said, partner["scope"]]))


def _us_money(money: Card) -> Iterator[str]:
    yield f"{money['status'].replace('_', ' ')}: {money['note']}"
    for total in money["totals"]:
        amount = total["amount"]
        yield f"{total['label']} ({total['tier']}): {amount['amount']} {amount['currency']} on {total['as_of']}"
    yield from _reported_money(money["reported"])


def _host_money(money: Card) -> Iterator[str]:
    yield money["note"]
    yield from _reported_money(money["reported"])


def _reported_money(references: list[Card]) -> Iterator[str]:
    for one in references:
        source = f", {one['source']['title']}" if one["source"] else ""
        yield f"reported  {one['label']}: {one['display']}{source}"


def _statements(card: Card) -> Iterator[str]:
    for topic in card["statements"]:
        yield topic["topic"]
        for one in topic["items"]:
            yield f"{INDENT}{one['text']} [{one['attribution']}]"
    if card["statements_next"]:
        yield f"More statements: {card['statements_next']}"


def _missing(card: Card) -> list[str]:
    return [
        f"The {name} service did not answer ({card['services'][name]['status']}): its part is missing here, not zero."
        for name in card["missing"]
    ]


def write_date(vague: Card | None) -> str:
    """A vague date: its label, else its ends."""
    if not vague:
        return ""
    if vague.get("label"):
        return str(vague["label"])
    ends = [vague["earliest"], vague["latest"]]
    return str(ends[0]) if ends[0] == ends[1] else " to ".join(str(end or "?") for end in ends)


def write_span(starts: Card | None, ends: Card | None) -> str:
    """From when to when; empty where neither is known."""
    if not starts and not ends:
        return ""
    return f"{write_date(starts) or '?'} to {write_date(ends)}" if ends else f"since {write_date(starts)}"
