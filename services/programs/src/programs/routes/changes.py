"""What changed in this service, over HTTP."""

from typing import Final

from chassis.changes import Kind, changes_router

from programs.models import metadata

_PARTS: Final = ("program_countries", "rank_decisions", "supersessions", "conflict_members")
KINDS: Final = tuple(
    Kind(metadata.tables[table], is_part=table in _PARTS)
    for table in (
        "agencies",
        "conflicts",
        "coverage_declarations",
        "measures",
        "partnerships",
        "programs",
        "reported_figures",
        "series",
        "sources",
        "statements",
        *_PARTS,
    )
)
router: Final = changes_router(KINDS)
