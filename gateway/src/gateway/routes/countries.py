"""Countries and their cards over HTTP."""

from typing import Annotated, Any, Final

from chassis.codes import COUNTRY_NAMES, Code
from chassis.errors import NotFound
from chassis.known import KnownAtQuery
from chassis.paging import Page
from chassis.unit_of_work import CurrentCaller, work_router
from chassis.values import Day
from fastapi import Query, Request, Response

from gateway.cards import make_card
from gateway.countries import answer_countries
from gateway.gather import AS_OF_MEANING, gather
from gateway.schemas.countries import CountryCard, CountryPage, CountryQuery

router: Final = work_router("Countries")
AS_OF: Final = Query(description=AS_OF_MEANING)


@router.get("/countries", response_model=CountryPage)
async def list_countries(
    request: Request, caller: CurrentCaller, query: Annotated[CountryQuery, Query()]
) -> Page | Response:
    """List the countries of the world, with how much is recorded of each."""
    return await answer_countries(request, caller, query)


@router.get("/countries/{country_code}", response_model=CountryCard)
async def get_country(
    request: Request,
    caller: CurrentCaller,
    country_code: Code,
    as_of: Annotated[Day | None, AS_OF] = None,
    known_at: KnownAtQuery = None,
) -> dict[str, Any]:
    """Read a country's card: figures reported and recorded, programs, partners, money by stage, statements."""
    if country_code not in COUNTRY_NAMES:
        raise NotFound(f"There is no country with the code {country_code}. Use ISO 3166-1 alpha-2, such as MX.")
    return make_card(await gather(request, caller, "country", country_code, as_of, known_at))
