"""What somebody writes who generated a client from our OpenAPI document. Type-checked with it, and run as a program.

It prints what it read as one JSON object.
"""

import json
import sys
from typing import Any
from uuid import UUID

from tributary_client import AuthenticatedClient
from tributary_client.api.agencies import get_agency, list_agencies
from tributary_client.api.countries import get_country
from tributary_client.models import AgencyPage, CountryCard, Problem

NOBODY = UUID("01920000-0000-7000-8000-000000000000")


def read_card(client: AuthenticatedClient) -> dict[str, Any]:
    """Mexico's card: the code, and each figure as it is to be shown, and as the document has it."""
    card = get_country.sync("MX", client=client)
    assert isinstance(card, CountryCard)
    figures = {
        figure.id: {
            "display": figure.headline.display,
            "value": figure.reported.value if figure.reported else None,
            "qualifier": figure.reported.qualifier if figure.reported else None,
            "as_of": figure.reported.as_of.to_dict() if figure.reported else None,
        }
        for figure in card.figures
    }
    return {"country_code": card.country_code, "missing": card.missing, "figures": figures}


def read_agencies(client: AuthenticatedClient) -> dict[str, Any]:
    """All agencies by pages of five, and how many there are said to be."""
    codes: list[str] = []
    totals: list[int | None] = []
    cursor: str | None = None
    while not totals or cursor is not None:
        page = list_agencies.sync(client=client, limit=5, cursor=cursor, with_total=True)
        assert isinstance(page, AgencyPage)
        codes += [agency.code for agency in page.items]
        totals.append(page.total_count)
        cursor = page.next_cursor
    return {"codes": codes, "totals": totals}


def read_problem(client: AuthenticatedClient) -> dict[str, Any]:
    """What is answered where there is nothing."""
    answer = get_agency.sync_detailed(NOBODY, client=client)
    problem = answer.parsed
    assert isinstance(problem, Problem)
    return {"http_status": int(answer.status_code), "status": problem.status, "code": problem.code}


def main() -> None:
    """Read from the system at the first argument, with the token on standard input."""
    with AuthenticatedClient(base_url=sys.argv[1], token=sys.stdin.read(), raise_on_unexpected_status=True) as client:
        found = {"card": read_card(client), "agencies": read_agencies(client), "problem": read_problem(client)}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
