"""Random histories of some size, as rows of tables: merges, voids, withdrawals, headcounts, sessions, certifications."""

import random
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession
from trainings.models import (
    AgencyRef,
    Attendance,
    Certification,
    CertificationSuspension,
    Completion,
    Course,
    CourseVersion,
    Enrollment,
    InstructorAssignment,
    Merge,
    Person,
    ProgramRef,
    Training,
    TrainingSession,
)

Row = dict[str, Any]
AGENCIES: Final = ("US-NM-CD", "US-CO-DOC", "US-BOP", "US-MD-DPSCS")
FUNDERS: Final = ("US-INL", "US-BOP")
PROGRAMS: Final = ("MX-CORR", "GE-CORR", "MX-POLICE")
NATIONS: Final = ("MX", "GE", "MA")
COURSES: Final = {
    "TRAINERS": "training_of_trainers",
    "LEADERS": "training_of_trainers",
    "BASIC": "basic",
    "EXTRACTION": "specialized",
    "DIRECTORS": "management",
}
DESIGNED_HOURS: Final = {"TRAINERS": 12, "BASIC": 20}
VERSIONS: Final = (
    {"label": "1", "introduced_on": date(2008, 6, 1), "designed_hours": 15, "language_code": None},
    {"label": "2", "introduced_on": date(2011, 3, 1), "designed_hours": None, "language_code": "es"},
    {"label": "2 en", "introduced_on": date(2011, 9, 1), "designed_hours": 8, "language_code": "en"},
    {"label": "3", "introduced_on": date(2013, 1, 1), "designed_hours": 10, "language_code": "es"},
)
VENUES: Final = ("host_country", "united_states", "third_country", "online")
SEXES: Final = ("female", "male", "not_recorded")
LEVELS: Final = ("line", "mid", "senior", "academy_instructor", None)
FIRST_DAY: Final = date(2009, 1, 1)
VOID: Final = {"voided_at": datetime(2020, 1, 1, tzinfo=UTC), "voided_by": "Somebody", "void_reason": "Entered twice."}
STANDS: Final = dict.fromkeys(VOID)
_BULK: Final = 2000
_VOIDED_LATER: Final = frozenset({"trainings", "training_sessions"})  # nobody takes part in what was voided before
# In the order in which they can be written.
TABLES: Final[dict[str, type[SQLModel]]] = {
    "agency_refs": AgencyRef,
    "program_refs": ProgramRef,
    "courses": Course,
    "course_versions": CourseVersion,
    "people": Person,
    "trainings": Training,
    "training_sessions": TrainingSession,
    "instructor_assignments": InstructorAssignment,
    "enrollments": Enrollment,
    "completions": Completion,
    "attendances": Attendance,
    "certifications": Certification,
    "certification_suspensions": CertificationSuspension,
    "merges": Merge,
}


class History:
    """Rows by table, made by one dice."""

    def __init__(self, seed: int, *, people: int, trainings: int, seats: int) -> None:
        self.dice = random.Random(seed)
        self.rows: dict[str, list[Row]] = {table: [] for table in TABLES}
        seen = {"etag": '"1"', "checked_at": datetime(2020, 1, 1, tzinfo=UTC)}
        for code in sorted({*AGENCIES, *FUNDERS}):
            self.add("agency_refs", code=code, name=code, kind="us_state", **seen)
        for code in PROGRAMS:
            self.add("program_refs", code=code, title=code, **seen)
        for code, kind in COURSES.items():
            self.add("courses", code=code, title=code, type=kind, designed_hours=DESIGNED_HOURS.get(code))
            for version in VERSIONS:
                self.add("course_versions", course_code=code, **version)
        for _ in range(people):
            self.add_person()
        self.partners = [one["id"] for one in self.rows["people"] if one["person_type"] == "partner_instructor"]
        self.others = [one["id"] for one in self.rows["people"] if one["person_type"] != "partner_instructor"]
        self.sex_of = {one["id"]: one["sex"] for one in self.rows["people"]}
        self.teachers: list[tuple[date, uuid.UUID]] = []
        for starts_on in sorted(FIRST_DAY + timedelta(days=self.dice.randint(0, 2500)) for _ in range(trainings)):
            self.add_training(starts_on, seats)
        self.add_certifications()
        self.add_merges()

    def add(self, table: str, **values: Any) -> Row:
        """A row with an id."""
        row = {"id": uuid.UUID(int=self.dice.getrandbits(128), version=4)} | values
        self.rows[table].append(row)
        return row

    def is_so(self, share: float) -> bool:
        """True as often as `share` says."""
        return self.dice.random() < share

    def add_person(self) -> None:
        is_partner = not self.rows["people"] or self.is_so(0.03)
        self.add(
            "people",
            country_code="US" if is_partner else "MX",
            nationality_code="US" if is_partner else self.dice.choices(NATIONS, [6, 2, 1])[0],
            person_type="partner_instructor" if is_partner else "foreign_participant",
            sex=self.dice.choice(SEXES),
            birth_precision="not_recorded",
            data_key=b"x",
            given_name=b"x",
        )

    def add_training(self, starts_on: date, seats: int) -> None:
        dice = self.dice
        course = dice.choice(list(COURSES))
        training = self.add(
            "trainings",
            course_code=course,
            course_version_id=self.choose_version(course),
            provider_agency_code=dice.choice(AGENCIES),
            co_provider_agency_codes=[],
            funder_agency_codes=dice.sample(FUNDERS, dice.choice([0, 1, 1, 2])),
            program_code=dice.choice([None, *PROGRAMS]),
            host_country_code=dice.choice([*NATIONS, "US"]),
            beneficiary_country_codes=dice.sample(NATIONS, dice.choices([1, 2, 3], [8, 2, 1])[0]),
            starts_on=starts_on,
            ends_on=starts_on + timedelta(days=dice.randint(0, 40)),
            venue_kind=dice.choice(VENUES),
            status="planned",
            headcount_female=None,
            headcount_male=None,
            headcount_not_recorded=None,
            **(VOID if self.is_so(0.04) else STANDS),
        )
        if self.is_so(0.1):
            others = [code for code in AGENCIES if code != training["provider_agency_code"]]
            training["co_provider_agency_codes"] = dice.sample(others, dice.randint(1, 2))
        leads = self.choose_leads(starts_on)
        for person in leads:
            is_voided = self.is_so(0.03)
            role = "lead" if self.is_so(0.95) else "observer"
            self.add(
                "instructor_assignments",
                training_id=training["id"],
                person_id=person,
                role=role,
                **(VOID if is_voided else STANDS),
            )
        sessions = self.add_sessions(training) if self.is_so(0.2) else []
        is_headcount_only = self.is_so(0.05)
        free = [one for one in dice.sample(self.others, seats * 2) if one not in leads]
        seated = [] if is_headcount_only else free[: dice.randint(seats // 2, seats * 3 // 2)]
        attended = [self.sex_of[person] for person in seated if self.add_seat(training, person, sessions)]
        if is_headcount_only or self.is_so(0.12):
            counted = {sex: attended.count(sex) + dice.choice([0, 0, 3, 11]) for sex in SEXES}
            moved = min(counted["female"], dice.choice([0, 0, 2]))  # the list said nothing of some whom we know to be
            counted["female"] -= moved
            counted["not_recorded"] += moved
            training |= {f"headcount_{sex}": count for sex, count in counted.items()}

    def choose_version(self, course: str) -> uuid.UUID | None:
        """Any, even one that came later: somebody tried it out. Of some nothing is recorded."""
        versions = [one["id"] for one in self.rows["course_versions"] if one["course_code"] == course]
        return self.dice.choice([None, *versions])

    def choose_leads(self, starts_on: date) -> list[uuid.UUID]:
        if self.is_so(0.1):
            return []
        ready = [person for completed_on, person in self.teachers if completed_on < starts_on]
        found = []
        for _ in range(self.dice.choice([1, 1, 2])):
            kind = self.dice.random()
            if kind < 0.3 or not ready:
                found.append(self.dice.choice(self.partners))
            elif kind < 0.93:
                found.append(self.dice.choice(ready))
            else:
                found.append(self.dice.choice(self.others))
        return list(dict.fromkeys(found))

    def add_sessions(self, training: Row) -> list[Row]:
        return [
            self.add(
                "training_sessions",
                training_id=training["id"],
                held_on=training["starts_on"],
                hours=self.dice.choice([4, 6, 8]),
                **(VOID if self.is_so(0.1) else STANDS),
            )
            for _ in range(self.dice.randint(1, 3))
        ]

    def add_seat(self, training: Row, person: uuid.UUID, sessions: Sequence[Row]) -> bool:
        dice = self.dice
        status = dice.choices(
            ["completed", "attending", "enrolled", "no_show", "withdrawn", "failed", "incomplete"],
            [70, 5, 3, 6, 6, 5, 5],
        )[0]
        has_hours = status in {"completed", "attending"} or (status in {"withdrawn", "failed"} and self.is_so(0.5))
        seat = self.add(
            "enrollments",
            training_id=training["id"],
            person_id=person,
            role="participant",
            status="attending" if status == "completed" else status,  # what a completion makes of it
            vetting_basis="not_recorded",
            level=dice.choice(LEVELS),
            hours_attended=dice.choice([8, 20.5, None]) if has_hours and not sessions else None,
        )
        if sessions and has_hours:
            for session in dice.sample(list(sessions), dice.randint(1, len(sessions))):
                self.add(
                    "attendances",
                    training_id=training["id"],
                    enrollment_id=seat["id"],
                    session_id=session["id"],
                    hours=dice.choice([0, 2, session["hours"]]),
                )
        is_voided = self.is_so(0.03)
        on = training["starts_on"] + timedelta(days=dice.randint(0, 50))
        if status == "completed" or is_voided:
            if is_voided:
                self.add("completions", enrollment_id=seat["id"], completed_on=on, **VOID)
            if status == "completed":
                on += timedelta(days=is_voided)
                self.add("completions", enrollment_id=seat["id"], completed_on=on, **STANDS)
                if COURSES[training["course_code"]] == "training_of_trainers":
                    self.teachers.append((on, person))
        return status in {"completed", "attending", "failed", "incomplete"} or has_hours

    def add_certifications(self) -> None:
        teachers = list(dict.fromkeys(person for _, person in self.teachers))
        for person in self.dice.sample(teachers, len(teachers) // 3):
            issued_on = FIRST_DAY + timedelta(days=self.dice.randint(0, 2500))
            expires_on = self.dice.choice([None, issued_on + timedelta(days=self.dice.randint(100, 2000))])
            is_revoked = self.is_so(0.1)
            award = self.add(
                "certifications",
                person_id=person,
                kind=self.dice.choice(["instructor", "instructor", "master_trainer", "completion"]),
                course_code=self.dice.choice(list(COURSES)),
                training_id=self.dice.choice([None, self.dice.choice(self.rows["trainings"])["id"]]),
                issuer_agency_code=self.dice.choice(AGENCIES),
                issued_on=issued_on,
                expires_on=expires_on,
                revoked_on=issued_on + timedelta(days=self.dice.randint(0, 900)) if is_revoked else None,
                revoke_reason="For a reason." if is_revoked else None,
                **(VOID if self.is_so(0.05) else STANDS),
            )
            if not is_revoked and self.is_so(0.15):
                starts_on = issued_on + timedelta(days=self.dice.randint(0, 500))
                ends_on = self.dice.choice([None, starts_on + timedelta(days=self.dice.randint(0, 300))])
                self.add(
                    "certification_suspensions",
                    certification_id=award["id"],
                    starts_on=starts_on,
                    ends_on=ends_on,
                    reason="For a reason.",
                )

    def add_merges(self) -> None:
        """Chains too: somebody who was merged into another, who was merged into a third."""
        heads = list(self.others)
        self.dice.shuffle(heads)
        for _ in range(len(heads) // 20):
            person, canonical = heads.pop(), self.dice.choice(heads)
            what = {"basis": "decision", "evidence": "The same badge.", "decided_by": "Somebody"}
            is_voided = self.is_so(0.1)
            self.add(
                "merges",
                person_id=person,
                canonical_person_id=canonical,
                **what,
                **(VOID if is_voided else STANDS),
            )


async def write(session: AsyncSession, history: History) -> None:
    """Everything, in the order in which it can have happened: what is voided is so afterwards."""
    later: dict[str, list[uuid.UUID]] = {}
    for table, made in TABLES.items():
        rows = history.rows[table]
        voided = [one["id"] for one in rows if one.get("voided_at")]
        is_voided_later = table in _VOIDED_LATER
        for at in range(0, len(rows), _BULK):
            some = [one | STANDS if is_voided_later else one for one in rows[at : at + _BULK]]
            await session.exec(insert(made), params=some)
        if is_voided_later:
            later[table] = voided
    for table, ids in later.items():
        kind: Any = TABLES[table]
        await session.exec(update(kind).where(col(kind.id).in_(ids)).values(VOID))


async def keep(session: AsyncSession, superuser_url: str) -> None:
    """Commit, and let the planner look at what there is, as it does by itself after a while."""
    await session.commit()
    engine = create_async_engine(superuser_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("ANALYZE"))
    await engine.dispose()


async def export(session: AsyncSession) -> dict[str, list[Row]]:
    """All rows as JSON, by table."""
    connection = await session.connection()
    found = {}
    for table in TABLES:
        rows = await connection.execute(text(f"SELECT to_jsonb(r) FROM {table} r"))
        found[table] = [row for (row,) in rows]
    return found
