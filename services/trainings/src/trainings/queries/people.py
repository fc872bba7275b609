"""Questions about people and units."""

from collections.abc import Callable

from chassis.paging import Listing
from chassis.tokens import Caller
from sqlalchemy import ColumnElement, exists, func, text
from sqlmodel import col, select

from trainings import domain
from trainings.models import Completion, Course, Enrollment, InstructorAssignment, Person, Training, Unit
from trainings.queries import visibility


def people(caller: Caller, present: Callable[[Person], object], named: ColumnElement[bool] | None) -> Listing:
    """The people the caller may see, as `present` reveals them; `named`: who has the name that is searched for."""
    return Listing(
        statement=visibility.about_people(Person, caller),
        filters={
            "id": Person.id,
            "country_code": Person.country_code,
            "nationality_code": Person.nationality_code,
            "sex": Person.sex,
            "birth_precision": Person.birth_precision,
            "person_type": Person.person_type,
            "unit_id": Person.unit_id,
            "is_dormant_instructor": is_dormant_instructor,
            "q": lambda _: named,
        },
        sorts={
            "created_at": Person.created_at,
            "updated_at": Person.updated_at,
            "country_code": Person.country_code,
            "nationality_code": Person.nationality_code,
        },
        id=Person.id,
        present=present,
    )


def is_dormant_instructor(wanted: bool) -> ColumnElement[bool]:
    """People who completed a training of trainers and led nothing in the last twelve months."""
    year_ago = func.current_date() - text("interval '12 months'")
    could = exists(
        select(1)
        .select_from(Completion)
        .join(Enrollment)
        .join(Training, col(Enrollment.training_id) == Training.id)
        .join(Course, col(Training.course_code) == Course.code)
        .where(
            Enrollment.person_id == Person.id,
            Course.type == domain.CourseType.training_of_trainers,
            col(Completion.voided_at).is_(None),
            col(Training.voided_at).is_(None),
        )
        .correlate(Person)
    )
    did = exists(
        select(1)
        .select_from(InstructorAssignment)
        .join(Training, col(InstructorAssignment.training_id) == Training.id)
        .where(
            InstructorAssignment.person_id == Person.id,
            InstructorAssignment.role == domain.InstructorRole.lead,
            col(InstructorAssignment.voided_at).is_(None),
            col(Training.voided_at).is_(None),
            col(Training.starts_on) > year_ago,
        )
        .correlate(Person)
    )
    return could & ~did if wanted else ~(could & ~did)


def units(caller: Caller) -> Listing:
    """The units of countries that the caller has a grant for."""
    names = ("code", "country_code", "agency_code", "parent_id", "commander_person_id", "is_security_force")
    return Listing(
        statement=visibility.about_people(Unit, caller),
        filters={name: getattr(Unit, name) for name in names},
        sorts={"name": Unit.name, "created_at": Unit.created_at, "updated_at": Unit.updated_at},
        id=Unit.id,
        text=[Unit.name, Unit.code],
    )
