"""What a file looks like: its rows as they are kept, its columns with samples, and which field each is taken for."""

import uuid
from collections.abc import Iterator
from typing import Any

from chassis.tables import mapping
from chassis.tables.mapping import Looks, cells_of
from chassis.tables.model import Table
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.domain import DATE_FIELDS, ImportStage
from trainings.models import RosterImport
from trainings.service.roster_imports.papers import Tools


def seal_rows(table: Table, looks: Looks, tools: Tools, import_id: uuid.UUID) -> Iterator[dict[str, Any]]:
    """The rows of a file as they are kept. Takes its time: not for the loop of events."""
    for row in table.rows():
        looks.see(row)
        sealed = tools.seal(cells_of(row), "cells", import_id, row.number)
        yield {"roster_import_id": import_id, "number": row.number, "cells": sealed}


async def remember_mapping(session: AsyncSession, tools: Tools, one: RosterImport, details: dict[str, Any]) -> None:
    """Map a file as the last one of its layout and country was; take its order of dates, where the file has one."""
    one.layout_mark = tools.key.mark("roster_layout", details["layout"])
    statement = (
        select(RosterImport)
        .where(
            RosterImport.country_code == one.country_code,
            RosterImport.layout_mark == one.layout_mark,
            RosterImport.id != one.id,
            col(RosterImport.stage).in_([ImportStage.checked, ImportStage.committed, ImportStage.undone]),
            col(RosterImport.details).is_not(None),
        )
        .order_by(col(RosterImport.created_at).desc())
        .limit(1)
    )
    before = (await session.exec(statement)).first()
    one.mapping_from_id = before.id if before else None
    if before is not None:
        remembered = tools.open(before.details, "details", before.id)["columns"]
        for column, former in zip(details["columns"], remembered, strict=True):
            column["field"], column["is_remembered"] = former["field"], former["field"] is not None
        one.date_order = one.date_order or before.date_order
    if one.date_order is None:
        one.date_order = mapping.found_date_order(details, DATE_FIELDS)


def asks_date_order(one: RosterImport, details: dict[str, Any]) -> bool:
    """Whether a date of the file may be two days, and nobody has said which."""
    return one.date_order is None and mapping.asks_date_order(details, DATE_FIELDS)
