"""Questions about vetting, and about seats that lack a clearance."""

from datetime import date
from typing import Any

from chassis.paging import Listing
from chassis.tokens import EVERYWHERE, Caller
from chassis.voids import is_voided_filter
from sqlalchemy import ColumnElement, Text, func, or_, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Bundle
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from trainings import domain
from trainings.models import Enrollment, Person, Training, Unit, VettingRecord
from trainings.queries import visibility


def may_be_vetted_by(caller: Caller) -> ColumnElement[bool]:
    """Vetting records of people and units in countries that the caller may record vetting for."""
    if EVERYWHERE in caller.vetting:
        return true()
    person = select(Person.id).where(col(Person.country_code).in_(caller.vetting))
    unit = select(Unit.id).where(col(Unit.country_code).in_(caller.vetting))
    return or_(col(VettingRecord.person_id).in_(person), col(VettingRecord.unit_id).in_(unit))


def vetting_records(caller: Caller) -> Listing:
    """The vetting of people and units that the caller may record vetting for."""
    return Listing(
        statement=visibility.about_people(VettingRecord, caller).where(may_be_vetted_by(caller)),
        filters={
            "person_id": VettingRecord.person_id,
            "unit_id": VettingRecord.unit_id,
            "result": VettingRecord.result,
            "valid_until": VettingRecord.valid_until,
            "is_voided": is_voided_filter(VettingRecord.voided_at),
        },
        sorts={
            "requested_on": VettingRecord.requested_on,
            "created_at": VettingRecord.created_at,
            "updated_at": VettingRecord.updated_at,
        },
        id=VettingRecord.id,
    )


def seats_at_risk(caller: Caller, today: date) -> Listing:
    """The open seats of trainings to come that need a clearance and will lack one on the first day, with reasons."""
    faults = func.clearance_faults(Enrollment.person_id, Enrollment.unit_id, Training.starts_on, type_=ARRAY(Text))
    shown = (
        *(getattr(Enrollment, name) for name in ("id", "training_id", "person_id", "unit_id", "status")),
        col(Training.starts_on),
        col(Person.country_code),
        faults.label("reasons"),
    )
    seat: Bundle[Any] = Bundle("seat", *shown)
    statement: SelectOfScalar[Any] = (
        select(seat)
        .join_from(Enrollment, Training, col(Enrollment.training_id) == Training.id)
        .join(Person, col(Enrollment.person_id) == Person.id)
        .where(
            visibility.visible_to(caller),
            col(Enrollment.vetting_basis) == "required",
            col(Enrollment.status).in_([status for status, then in domain.NEXT_ENROLLMENT_STATUS.items() if then]),
            col(Training.starts_on) > today,
            col(Enrollment.voided_at).is_(None),
            col(Training.voided_at).is_(None),
            col(Training.status) != "canceled",
            func.cardinality(faults) > 0,
        )
    )
    return Listing(
        statement=statement,
        filters={
            "country_code": Person.country_code,
            "training_id": Enrollment.training_id,
            "person_id": Enrollment.person_id,
            "starts_on": Training.starts_on,
        },
        sorts={"starts_on": Training.starts_on},
        id=Enrollment.id,
        present=lambda row: row._asdict(),
    )
