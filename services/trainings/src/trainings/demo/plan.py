"""What a demonstration holds, piece by piece. Pure: the same each time it is asked, so that what is there can be told.

Mexico has one size, the one that documents speak of. The cascades of the other countries grow with the scale, in four
tiers where they are large enough; from a tenth of the full scale on there are eighty countries of very different sizes.
"""

import hashlib
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final

from chassis.planned import make_id

from trainings.domain import (
    CertificationKind,
    CourseType,
    EnrollmentRole,
    EnrollmentStatus,
    InstructorRole,
    Level,
    PersonType,
    Sex,
    TrainingStatus,
    VenueKind,
    VettingBasis,
)

Row = dict[str, Any]
PREFIX: Final = "DEMO-"
TRAINERS: Final = f"{PREFIX}TRAINERS"
BASIC: Final = f"{PREFIX}BASIC"
ADVANCED: Final = f"{PREFIX}ADVANCED"
COURSES: Final[tuple[Row, ...]] = (
    {"code": BASIC, "title": "Basic corrections course", "type": CourseType.basic, "designed_hours": 40},
    {"code": ADVANCED, "title": "Advanced corrections course", "type": CourseType.advanced, "designed_hours": 24},
    {
        "code": TRAINERS,
        "title": "Training of corrections trainers",
        "type": CourseType.training_of_trainers,
        "qualifies_for_course_code": BASIC,
        "designed_hours": 160,
    },
)
FUNDER: Final = "INL"

MEXICO: Final = "MX"
MEXICO_AGENCY: Final = "US-NM-CD"
MEXICO_INSTRUCTORS: Final = 512
MEXICO_OFFICERS: Final = 7912
MEXICO_CLASSES: Final = (24, *([30] * 8), *([31] * 8))
"""Completers of each class of trainers, from 2009 on."""
_CLASS_DAYS: Final = ((3, 2), (6, 1), (9, 14))
_FIRST_YEAR: Final = 2009

# With the agency whose instructors train theirs, and the program where the reference dataset has one.
OTHERS: Final[tuple[tuple[str, str, str | None], ...]] = (
    ("GE", "US-GA-APD", "GE-CORR"),
    ("MA", "US-CO-DOC", "MA-CORR"),
    ("PK", "US-BOP", "PK-SD-CORR"),
    ("CO", "US-BOP", None),
    ("GT", "US-CA-DOC", None),
    ("HN", "US-CA-DOC", None),
    ("KE", "US-BOP", None),
    ("PA", "US-CO-DOC", None),
    ("SV", "US-CA-DOC", None),
)
AGENCIES: Final = frozenset({MEXICO_AGENCY, "MX-PENITENTIARY", FUNDER, *(agency for _, agency, _ in OTHERS)})
PROGRAMS: Final = frozenset({"MX-CORR", *(program for _, _, program in OTHERS if program)})
"""Of the reference dataset."""

# From a tenth of the full scale on: trained by the agencies above, in turn.
WORLD: Final = (
    "AL", "AM", "AO", "AR", "AZ", "BA", "BD", "BF", "BI", "BJ", "BO", "BR", "BW", "BZ",
    "CD", "CF", "CI", "CL", "CM", "CR", "CV", "DJ", "DM", "DO", "EC", "ET", "FJ", "GD",
    "GH", "GM", "GN", "GY", "HT", "ID", "IN", "IQ", "JM", "JO", "KG", "KH", "KM", "KZ",
    "LA", "LB", "LK", "LR", "LS", "LY", "MD", "ME", "MG", "MK", "MN", "MR", "MW", "MZ",
    "NA", "NE", "NG", "NI", "NP", "PE", "PG", "PH", "PY", "RS", "RW", "SC", "SN", "TN",
)  # fmt: skip
WORLD_FROM: Final = 0.1

INTAKES_AT_SCALE_1: Final = 9800
"""Of all countries but Mexico: with 100 people each, in two trainings, a million in twenty thousand trainings."""
_SKEW: Final = 0.7  # a country's part falls with its place to this power: the first has twenty times that of the last
_LEAST_INTAKES: Final = 2
_INTAKES_OF_CLASS: Final = 12
_TURNS: Final = (
    6,
    9,
)  # the intakes of a class from which on those lead whom its instructors trained, and whom they did
_COHORTS_OF_PROGRAM: Final = 2
_COHORTS_OF_ACADEMIES: Final = (3, 2)  # so many cohorts at so many academies
_CLASS_SIZE: Final = 24
_INTAKE_SIZES: Final = (90, 110)
_COHORT_YEARS: Final = 12
_SESSIONS_EACH: Final = 10
_HEADCOUNT_EACH: Final = 25
_COUNTED_EACH: Final = 40
_DUPLICATES_EACH: Final = 2
_PARTNERS: Final = 4

# As a person's word: no letter that makes it look like a name.
_LETTERS: Final = "bcdfghjklmnpqrstvwxz"
_CODE_LENGTH: Final = 8
_SESSION_HOURS: Final = 8


@dataclass(frozen=True, slots=True)
class Draft:
    """Somebody before their names are sealed."""

    id: uuid.UUID
    country_code: str
    person_type: PersonType
    sex: Sex
    birth_date: date
    code: str

    @property
    def personal(self) -> dict[str, str | None]:
        """What is sealed of them. No word of it is anybody's name."""
        return {
            "given_name": "Synthetic",
            "surname_1": "Person",
            "surname_2": self.code.capitalize(),
            "full_name_original": None,
            "birth_date": self.birth_date.isoformat(),
            "position": None,
        }


@dataclass(slots=True)
class Piece:
    """What is written at once, or is there already: a first training, known by its code, and what belongs to it."""

    code: str
    people: list[Draft] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, table: str, **values: Any) -> Row:  # noqa: ANN401 - whatever a column holds
        """A row of a table."""
        self.rows.setdefault(table, []).append(values)
        return values


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A second record of somebody, as it is entered by who did not look."""

    id: uuid.UUID
    of: Draft


def list_pieces(scale: float) -> Iterator[Piece]:
    """Everything, each piece after those that it refers to."""
    for agency in sorted({MEXICO_AGENCY, *(agency for _, agency, _ in OTHERS)}):
        yield _partners_of(agency)
    yield from _mexico()
    for country, agency, program, intakes in list_countries(scale):
        yield from _country(country, agency, program, intakes)


def list_countries(scale: float) -> Iterator[tuple[str, str, str | None, int]]:
    """Each country but Mexico with who trains its trainers, its program in the reference dataset, and its intakes."""
    trainers = sorted({agency for _, agency, _ in OTHERS})
    world = [(country, trainers[place % len(trainers)], None) for place, country in enumerate(WORLD)]
    parts = [place**-_SKEW for place in range(1, len(OTHERS) + len(world) + 1)]
    for place, (country, agency, program) in enumerate([*OTHERS, *world]):
        intakes = round(INTAKES_AT_SCALE_1 * scale * parts[place] / sum(parts))
        if place < len(OTHERS):
            yield country, agency, program, max(_LEAST_INTAKES, intakes)
        elif scale >= WORLD_FROM and intakes:
            yield country, agency, program, intakes


def list_references(scale: float) -> dict[str, list[Row]]:
    """The agencies and programs of the plan that are not of the reference dataset, as the API takes them."""
    agencies: dict[str, Row] = {}
    programs: dict[str, Row] = {}
    for country, _, program, intakes in list_countries(scale):
        for place in range(-(-intakes // _INTAKES_OF_CLASS)):
            academy, own = _academy(country, place), _program(country, place, program)
            agencies[academy] = {
                "name": f"Demonstration academy {academy}",
                "kind": "host_national",
                "country_code": country,
            }
            if own != program:
                programs[own] = {
                    "title": f"Demonstration program {own}",
                    "kind": "country",
                    "sector": "corrections",
                    "countries": [{"country_code": country}],
                }
    return {
        "agencies": [{"code": code, **row} for code, row in agencies.items()],
        "programs": [{"code": code, **row} for code, row in programs.items()],
    }


def _academy(country: str, place: int) -> str:
    cohorts, academies = _COHORTS_OF_ACADEMIES
    return f"{PREFIX}{country}-ACADEMY-{place * academies // cohorts + 1:02}"


def _program(country: str, place: int, program: str | None) -> str:
    """The first cohorts are of the program that documents speak of, where there is one."""
    number = place // _COHORTS_OF_PROGRAM
    return program if program and number == 0 else f"{PREFIX}{country}-CORR-{number + 1:02}"


def list_duplicates() -> Iterator[Duplicate]:
    """A few in each of the other countries."""
    for country, _, _ in OTHERS:
        dice = _dice(f"{country}-1")
        size = dice.randint(*_INTAKE_SIZES)
        for number, draft in enumerate(islice(_people(f"{country}-1", country, size), _DUPLICATES_EACH)):
            yield Duplicate(make_id(f"{country}|duplicate", number), draft)


def _dice(seed: str) -> random.Random:
    return random.Random(f"tributary demo|{seed}")  # noqa: S311 - the same each time, and nothing secret


def _people(
    group: str, country: str, count: int, person_type: PersonType = PersonType.foreign_participant
) -> Iterator[Draft]:
    """So many people of a group, the same each time, and more of them where more are asked for."""
    for number in range(count):
        digest = hashlib.sha256(f"{group}|{number}".encode()).digest()
        letters = (_LETTERS[byte % len(_LETTERS)] for byte in digest[:_CODE_LENGTH])
        yield Draft(
            id=make_id(f"{group}|people", number),
            country_code=country,
            person_type=person_type,
            sex=(Sex.male, Sex.male, Sex.female)[digest[8] % 3] if digest[9] % 20 else Sex.not_recorded,
            # Never a 1 January: that would say that only the year is known.
            birth_date=date(1955, 1, 2) + timedelta(days=int.from_bytes(digest[10:14], "big") % (28 * 365)),
            code="".join(letters),
        )


def _partner_group(agency: str) -> str:
    return f"{PREFIX}PARTNERS-{agency}"


def _partner_ids(agency: str) -> list[uuid.UUID]:
    return [make_id(f"{_partner_group(agency)}|people", number) for number in range(_PARTNERS)]


def _partners_of(agency: str) -> Piece:
    """Instructors of a US agency. They come with a class of their own, of which nothing but a headcount is known."""
    group = _partner_group(agency)
    piece = Piece(group, list(_people(group, "US", _PARTNERS, PersonType.partner_instructor)))
    _add_headcount(piece, group, "KG", agency, date(2023, 5, 15), 40)
    return piece


def _mexico() -> Iterator[Piece]:
    trainings = sum((size + 1) // 2 for size in MEXICO_CLASSES)
    least, more = divmod(MEXICO_OFFICERS, trainings)
    number = 0
    for place, size in enumerate(MEXICO_CLASSES):
        year, part = divmod(place, len(_CLASS_DAYS))
        starts_on = date(_FIRST_YEAR + year, *_CLASS_DAYS[part])
        code = f"{PREFIX}MX-T{place + 1:03}"
        piece = _class_of_trainers(code, MEXICO, MEXICO_AGENCY, "MX-CORR", starts_on, size, VenueKind.united_states)
        if place == 0:
            _add_sessions(piece, code, starts_on, 5)
        instructors = [person.id for person in piece.people[:size]]
        yield piece
        ended_on = starts_on + timedelta(days=39)
        for pair in range(0, size, 2):
            number += 1
            code = f"{PREFIX}MX-B{number:04}"
            yield _basic_of_mexico(
                code,
                ended_on + timedelta(days=50 + 10 * pair),
                least + (number <= more),
                instructors[pair : pair + 2],
                number,
            )
    for later in range(3):
        code = f"{PREFIX}MX-H{later + 1:03}"
        piece = Piece(code)
        _add_headcount(piece, code, MEXICO, MEXICO_AGENCY, date(2022 + later, 4, 4), 60 + later)
        yield piece


def _basic_of_mexico(code: str, starts_on: date, size: int, leads: Sequence[uuid.UUID], number: int) -> Piece:
    dice = _dice(code)
    left = dice.choice((0, 0, 0, 1, 2))
    piece = Piece(code, list(_people(code, MEXICO, size + left)))
    training = _training(
        code,
        course_code=BASIC,
        provider_agency_code="MX-PENITENTIARY",
        program_code="MX-CORR",
        host_country_code=MEXICO,
        beneficiary_country_codes=[MEXICO],
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=11),
        venue_kind=VenueKind.host_country,
        venue=f"Demonstration academy {1 + number % 6}",
    )
    _add_roster(piece, training, leads, piece.people, completers=size, level=Level.line, dice=dice)
    return piece


def _country(country: str, agency: str, program: str | None, intakes: int) -> Iterator[Piece]:
    instructors: list[uuid.UUID] = []
    for number in range(1, intakes + 1):
        place, within = divmod(number - 1, _INTAKES_OF_CLASS)
        cohort = date(2010 + place % _COHORT_YEARS, 2 + place // _COHORT_YEARS % 3, 5)
        place_program = _program(country, place, program)
        starts_on = cohort + timedelta(days=90 + 25 * within)
        if within == 0:
            code = f"{PREFIX}{country}-T{place + 1:03}"
            venue = VenueKind.united_states if place % 2 else VenueKind.host_country
            piece = _class_of_trainers(code, country, agency, place_program, cohort, _CLASS_SIZE, venue)
            instructors = [person.id for person in piece.people[:_CLASS_SIZE]]
            yield piece
        elif within in _TURNS:
            turn = _TURNS.index(within)
            code = f"{PREFIX}{country}-{'NM'[turn]}{place + 1:03}"
            former = number - within + (0, *_TURNS)[turn]
            piece = _class_of_officers(code, country, place, place_program, former, instructors[-2:])
            instructors = _completers_of_intake(country, former)
            yield piece
        turn = sum(within >= turn for turn in _TURNS)
        own = within - (0, *_TURNS)[turn]
        yield _intake(country, place, place_program, number, starts_on, instructors[2 * own : 2 * own + 2])
        if number % _HEADCOUNT_EACH == 1:
            code = f"{PREFIX}{country}-H{number:04}"
            piece = Piece(code)
            _add_headcount(piece, code, country, agency, cohort + timedelta(days=400), 30 + number % 20)
            yield piece


def _completers_of_intake(country: str, number: int) -> list[uuid.UUID]:
    """Some who completed the basic course in an intake, one class of them."""
    return [make_id(f"{country}-{number}|people", one) for one in range(_CLASS_SIZE)]


def _intake(country: str, place: int, program: str, number: int, starts_on: date, leads: Sequence[uuid.UUID]) -> Piece:
    """People who take the basic course together and, most of them, the advanced one a year later."""
    dice = _dice(f"{country}-{number}")
    size = dice.randint(*_INTAKE_SIZES)
    code = f"{PREFIX}{country}-B{number:04}"
    piece = Piece(code, list(_people(f"{country}-{number}", country, size)))
    shared: Row = {
        "program_code": program,
        "host_country_code": country,
        "beneficiary_country_codes": [country],
        "venue_kind": VenueKind.host_country,
        "venue": f"Demonstration academy {1 + number % 4}",
        "provider_agency_code": _academy(country, place),
    }
    basic = _training(code, course_code=BASIC, starts_on=starts_on, ends_on=starts_on + timedelta(days=11), **shared)
    if number % _COUNTED_EACH == _LEAST_INTAKES:
        basic |= {"headcount_female": size // 4, "headcount_male": size - size // 4, "headcount_not_recorded": 3}
    _add_roster(piece, basic, leads, piece.people, completers=size - dice.randint(0, 6), level=Level.line, dice=dice)
    if number % _SESSIONS_EACH == 1:
        _add_sessions(piece, code, starts_on, 5)
    again_on = starts_on + timedelta(days=365)
    advanced = _training(
        f"{PREFIX}{country}-A{number:04}",
        course_code=ADVANCED,
        starts_on=again_on,
        ends_on=again_on + timedelta(days=4),
        **shared,
    )
    _add_roster(piece, advanced, leads, piece.people, completers=size - dice.randint(0, 10), level=Level.mid, dice=dice)
    return piece


def _class_of_trainers(
    code: str, country: str, agency: str, program: str | None, starts_on: date, size: int, venue_kind: VenueKind
) -> Piece:
    """Six weeks with the instructors of an agency; who completes it is certified for the basic course."""
    dice = _dice(code)
    piece = Piece(code, list(_people(code, country, size + dice.choice((0, 0, 1, 2)))))
    ends_on = starts_on + timedelta(days=39)
    training = _training(
        code,
        course_code=TRAINERS,
        provider_agency_code=agency,
        program_code=program,
        host_country_code="US" if venue_kind is VenueKind.united_states else country,
        beneficiary_country_codes=[country],
        starts_on=starts_on,
        ends_on=ends_on,
        venue_kind=venue_kind,
    )
    partners = _partner_ids(agency)
    leads = [partners[int(code[-3:]) % _PARTNERS], partners[(int(code[-3:]) + 1) % _PARTNERS]]
    _add_roster(piece, training, leads, piece.people, completers=size, level=Level.academy_instructor, dice=dice)
    _add_certifications(piece, training, agency, [person.id for person in piece.people[:size]])
    return piece


def _class_of_officers(
    code: str, country: str, place: int, program: str, former: int, leads: Sequence[uuid.UUID]
) -> Piece:
    """Two weeks in which instructors make instructors of those whom an intake had trained; all of them complete it."""
    piece = Piece(code)
    _, within = divmod(former - 1, _INTAKES_OF_CLASS)
    cohort = date(2010 + place % _COHORT_YEARS, 2 + place // _COHORT_YEARS % 3, 5)
    starts_on = cohort + timedelta(days=90 + 25 * within + 14)
    academy = _academy(country, place)
    training = _training(
        code,
        course_code=TRAINERS,
        provider_agency_code=academy,
        program_code=program,
        host_country_code=country,
        beneficiary_country_codes=[country],
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=11),
        venue_kind=VenueKind.host_country,
    )
    people = _completers_of_intake(country, former)
    _add_seats(piece, training, leads, people, completers=len(people), level=Level.academy_instructor, dice=_dice(code))
    _add_certifications(piece, training, academy, people)
    return piece


def _add_certifications(piece: Piece, training: Row, issuer: str, people: Sequence[uuid.UUID]) -> None:
    ends_on = training["ends_on"]
    for number, person_id in enumerate(people):
        piece.add(
            "certifications",
            id=make_id(f"{training['code']}|certifications", number),
            person_id=person_id,
            kind=CertificationKind.instructor,
            course_code=BASIC,
            training_id=training["id"],
            issuer_agency_code=issuer,
            issued_on=ends_on,
            expires_on=ends_on.replace(year=ends_on.year + 10),
        )


def _training(code: str, **values: Any) -> Row:  # noqa: ANN401 - whatever a column holds
    return {
        "id": make_id(f"{code}|training", 0),
        "code": code,
        "title": "Demonstration: generated records",
        "program_code": None,
        "venue": None,
        "funder_agency_codes": [FUNDER],
        "status": TrainingStatus.reported,
        "headcount_female": None,
        "headcount_male": None,
        "headcount_not_recorded": None,
    } | values


def _add_headcount(piece: Piece, code: str, country: str, agency: str, starts_on: date, count: int) -> None:
    """A training of which nobody kept a roster."""
    training = _training(
        code,
        course_code=ADVANCED,
        provider_agency_code=agency,
        host_country_code=country,
        beneficiary_country_codes=[country],
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=4),
        venue_kind=VenueKind.host_country,
    )
    women = count // 3
    headcount = {"headcount_female": women, "headcount_male": count - women - 5, "headcount_not_recorded": 5}
    piece.add("trainings", **training | headcount)


def _add_roster(
    piece: Piece,
    training: Row,
    leads: Sequence[uuid.UUID],
    people: Sequence[Draft],
    *,
    completers: int,
    level: Level,
    dice: random.Random,
) -> None:
    ids = [person.id for person in people]
    _add_seats(piece, training, leads, ids, completers=completers, level=level, dice=dice)


def _add_seats(
    piece: Piece,
    training: Row,
    leads: Sequence[uuid.UUID],
    people: Sequence[uuid.UUID],
    *,
    completers: int,
    level: Level,
    dice: random.Random,
) -> None:
    """The training with its leads and seats: the first so many complete it, what becomes of the others differs."""
    code, training_id = training["code"], training["id"]
    piece.add("trainings", **training)
    for number, lead in enumerate(leads):
        piece.add(
            "instructor_assignments",
            id=make_id(f"{code}|leads", number),
            training_id=training_id,
            person_id=lead,
            role=InstructorRole.lead,
        )
    fates = (EnrollmentStatus.withdrawn, EnrollmentStatus.no_show, EnrollmentStatus.incomplete, EnrollmentStatus.failed)
    for number, person_id in enumerate(people):
        seat = piece.add(
            "enrollments",
            id=make_id(f"{code}|seats", number),
            training_id=training_id,
            person_id=person_id,
            role=EnrollmentRole.participant,
            status=EnrollmentStatus.attending if number < completers else dice.choice(fates),
            level=level,
            vetting_basis=VettingBasis.not_recorded,
        )
        if number < completers:
            piece.add(
                "completions",
                id=make_id(f"{code}|completions", number),
                enrollment_id=seat["id"],
                completed_on=training["ends_on"],
            )


def _add_sessions(piece: Piece, code: str, starts_on: date, count: int) -> None:
    """The first days of a training, and who was there on each."""
    training_id = make_id(f"{code}|training", 0)
    dice = _dice(f"{code}|sessions")
    seats = [
        seat
        for seat in piece.rows["enrollments"]
        if seat["training_id"] == training_id and seat["status"] != EnrollmentStatus.no_show
    ]
    for day in range(count):
        session_id = make_id(f"{code}|sessions", day)
        piece.add(
            "training_sessions",
            id=session_id,
            training_id=training_id,
            held_on=starts_on + timedelta(days=day),
            hours=_SESSION_HOURS,
            topic=f"Day {day + 1}",
        )
        for number, seat in enumerate(seats):
            piece.add(
                "attendances",
                id=make_id(f"{code}|attendances|{day}", number),
                training_id=training_id,
                enrollment_id=seat["id"],
                session_id=session_id,
                hours=dice.choice((8, 8, 8, 8, 8, 8, 7, 6)),
            )
