"""A roster to fill in: a line a seat, with what is recorded; handed in again it changes what was changed in it."""

import csv
import io
import uuid
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from chassis.errors import NotFound
from chassis.tables.writing import SheetColumn, write_workbook
from chassis.tokens import Caller
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.domain import CLEAR, BirthPrecision, EnrollmentStatus, Level, RosterField, Sex, VettingBasis
from trainings.models import Training
from trainings.service.loading import WRITER
from trainings.service.roster_imports.known import Known, load_roster, load_units
from trainings.service.roster_imports.papers import Tools

_COLUMNS: Final = (
    RosterField.seat,
    RosterField.seat_version,
    RosterField.given_name,
    RosterField.surname_1,
    RosterField.surname_2,
    RosterField.full_name_original,
    RosterField.sex,
    RosterField.birth_date,
    RosterField.nationality_code,
    RosterField.id_type,
    RosterField.id_number,
    RosterField.id_country_code,
    RosterField.position,
    RosterField.unit_code,
    RosterField.level,
    RosterField.status,
    RosterField.completed_on,
    RosterField.pre_score,
    RosterField.post_score,
    RosterField.hours_attended,
    RosterField.vetting_basis,
    RosterField.vetting_reason,
    RosterField.note,
)
_CHOICES: Final[dict[RosterField, type[StrEnum]]] = {
    RosterField.sex: Sex,
    RosterField.level: Level,
    RosterField.status: EnrollmentStatus,
    RosterField.vetting_basis: VettingBasis,
}
_COMMENTS: Final = {
    RosterField.seat: "Leave as it is; empty for somebody new.",
    RosterField.seat_version: "Leave as it is: it tells whether somebody changed the seat meanwhile.",
    RosterField.birth_date: "As 1980-05-12; the year alone where the day is not known.",
    RosterField.id_number: "Numbers are never written out; fill in a new one only.",
}
_FORMULA_STARTS: Final = ("=", "+", "-", "@")
_ABOUT: Final = (
    ("An empty cell", "leaves the field as it is"),
    (CLEAR, "empties the field"),
    ("A line without a seat", "is somebody new"),
    ("A line that is taken out", "changes nothing: seats are not removed by it"),
)


async def make_template(
    session: AsyncSession, caller: Caller, tools: Tools, training_id: uuid.UUID, kind: str
) -> tuple[bytes, str]:
    """The file of a training's roster, as far as the caller may see it, and its name."""
    caller.require_role(WRITER)
    training = await session.get(Training, training_id)
    if training is None:
        raise NotFound(f"There is no training {training_id}.")
    known = Known(tools.key, trainings={training.id: training})
    await load_roster(session, caller, known)
    await load_units(session, caller, known, [])
    lines = [_line(known, known.seats[seat_id]) for seat_id in sorted(known.seats)]
    name = f"roster-{training.code or training.id}"
    if kind == "csv":
        return _as_csv(lines), f"{name}.csv"
    columns = [
        SheetColumn(
            header=str(column),
            comment=_COMMENTS.get(column),
            choices=[str(value) for value in _CHOICES.get(column, ())],
        )
        for column in _COLUMNS
    ]
    codes = {
        str(column): [(str(value), str(value).replace("_", " ")) for value in values]
        for column, values in _CHOICES.items()
    }
    return write_workbook(columns, lines, sheet="Roster", codes=codes, about=_ABOUT), f"{name}.xlsx"


def _line(known: Known, seat: Any) -> list[str | None]:  # noqa: ANN401 - a row
    person, revealed = known.people[seat.person_id], known.reveal(seat.person_id)
    birth_date = revealed["birth_date"]
    if birth_date is not None and person.birth_precision == BirthPrecision.year:
        birth_date = birth_date[:4]
    values: dict[str, Any] = {
        "seat": seat.id,
        "seat_version": seat.version,
        "unit_code": known.unit_codes.get(seat.unit_id),
        "completed_on": known.completed.get(seat.id),
        "sex": person.sex,
        "nationality_code": person.nationality_code,
        "birth_date": birth_date,
    }
    for column in _COLUMNS:
        if column not in values:
            values[column] = revealed.get(column) if column in revealed else getattr(seat, str(column), None)
    return [None if values[column] is None else _harmless(str(values[column])) for column in _COLUMNS]


def _harmless(cell: str) -> str:
    """Text that looks like a formula, marked as text; the mark is taken off where the file is handed in again."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def _as_csv(lines: Sequence[Sequence[str | None]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    writer.writerows(lines)
    return ("\ufeff" + text.getvalue()).encode()
