"""A recount of everything in plain Python from exported rows. Shares no SQL and no module with the service."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
SEXES = ("female", "male", "not_recorded")


@dataclass
class Fact:
    """One seat, one certification, or the heads of one sex of one training."""

    person: str | None
    training: Row | None
    day: date | None
    values: dict[str, list[str | None]]  # by dimension; several where it stands in several groups
    attended: bool = True
    completed: bool = True
    hours: Decimal | None = None
    heads: int = 0
    named: int = 0


class Recount:
    """Answers from rows: lists of dictionaries by table."""

    def __init__(self, rows: dict[str, list[Row]]) -> None:
        self.rows = rows
        self.people = {one["id"]: one for one in rows["people"]}
        self.courses = {one["code"]: one for one in rows["courses"]}
        self.trainings = {one["id"]: one for one in rows["trainings"]}
        self.up = {one["person_id"]: one["canonical_person_id"] for one in rows["merges"] if not one["voided_at"]}
        self.completed_on = {
            one["enrollment_id"]: day(one["completed_on"]) for one in rows["completions"] if not one["voided_at"]
        }
        sessions = {one["id"] for one in rows["training_sessions"] if not one["voided_at"]}
        self.hours: dict[str, Decimal] = defaultdict(Decimal)
        for one in rows["attendances"]:
            if one["session_id"] in sessions:
                self.hours[one["enrollment_id"]] += Decimal(str(one["hours"]))
        self.versions = {one["id"]: one for one in rows["course_versions"]}
        self.delivered: dict[str, Decimal] = defaultdict(Decimal)
        for one in rows["training_sessions"]:
            if not one["voided_at"]:
                self.delivered[one["training_id"]] += Decimal(str(one["hours"]))
        self.found_origins: dict[str, set[str]] = {}
        self.tiers = self.find_tiers()
        self.seats = [fact for fact in map(self.seat, rows["enrollments"]) if fact]
        self.awards = [self.award(one) for one in rows["certifications"] if not one["voided_at"]]
        self.heads = self.find_heads()

    def root(self, person: str) -> str:
        """Who stands for the person."""
        while person in self.up:
            person = self.up[person]
        return person

    def of_training(self, training: Row | None, on: date | None) -> dict[str, list[str | None]]:
        if training is None:
            names = ("country", "host_country", "program", "agency", "funder", "course", "course_type", "venue", "tier")
            names = (*names, "training")
            found: dict[str, list[str | None]] = {name: [None] for name in names}
        else:
            tier = self.tiers.get(training["id"])
            found = {
                "country": training["beneficiary_country_codes"],
                "host_country": [training["host_country_code"]],
                "program": [training["program_code"]],
                "agency": [training["provider_agency_code"], *training["co_provider_agency_codes"]],
                "funder": training["funder_agency_codes"] or [None],
                "course": [training["course_code"]],
                "course_type": [self.courses[training["course_code"]]["type"]],
                "venue": [training["venue_kind"]],
                "tier": [None if tier is None else str(tier)],
                "training": [str(training["id"])],
            }
        fiscal = None if on is None else str(on.year + (on.month >= 10))
        return found | {"fiscal_year": [fiscal], "calendar_year": [None if on is None else str(on.year)]}

    def of_person(self, person: str, level: str | None) -> dict[str, list[str | None]]:
        who = self.people[person]
        return {"nationality": [who["nationality_code"]], "sex": [who["sex"]], "level": [level]}

    def seat(self, seat: Row) -> Fact | None:
        training = self.trainings[seat["training_id"]]
        if training["voided_at"]:
            return None
        person, completed = self.root(seat["person_id"]), self.completed_on.get(seat["id"])
        hours = self.hours.get(seat["id"])
        if hours is None and seat["hours_attended"] is not None:
            hours = Decimal(str(seat["hours_attended"]))
        on = completed or day(training["ends_on"])
        return Fact(
            person=person,
            training=training,
            day=on,
            values=self.of_person(person, seat["level"]) | self.of_training(training, on),
            attended=completed is not None
            or seat["status"] in {"attending", "completed", "failed", "incomplete"}
            or (hours or 0) > 0,
            completed=completed is not None,
            hours=hours,
        )

    def award(self, award: Row) -> Fact:
        training = self.trainings.get(award["training_id"] or "")
        if training and training["voided_at"]:
            training = None
        person, on = self.root(award["person_id"]), day(award["issued_on"])
        values = self.of_person(person, None) | self.of_training(training, on)
        values |= {
            "agency": [award["issuer_agency_code"]],
            "course": [award["course_code"]],
            "course_type": [self.courses[award["course_code"]]["type"]],
        }
        return Fact(person=person, training=training, day=on, values=values)

    def find_heads(self) -> list[Fact]:
        named: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for seat in self.seats:
            if seat.attended and seat.training and seat.person:
                named[seat.training["id"]][self.people[seat.person]["sex"]].add(seat.person)
        found = []
        for training in self.trainings.values():
            if training["headcount_total"] is None or training["voided_at"]:
                continue
            nations = training["beneficiary_country_codes"]
            on = day(training["ends_on"])
            for sex in SEXES:
                values = self.of_training(training, on) | {
                    "nationality": [nations[0] if len(nations) == 1 else None],
                    "sex": [sex],
                    "level": [None],
                }
                heads = training[f"headcount_{sex}"]
                found.append(Fact(None, training, on, values, heads=heads, named=len(named[training["id"]][sex])))
        self.named_in = {training: len(set().union(*by.values())) for training, by in named.items()}
        return found

    # Tiers, one training after the other in the order in which they began.

    def find_tiers(self) -> dict[str, int | None]:
        leads: dict[str, set[str]] = defaultdict(set)
        for one in self.rows["instructor_assignments"]:
            if one["role"] == "lead" and not one["voided_at"]:
                leads[one["training_id"]].add(self.root(one["person_id"]))
        taught: dict[str, list[tuple[date, str]]] = defaultdict(list)
        for seat in self.rows["enrollments"]:
            training = self.trainings[seat["training_id"]]
            completed = self.completed_on.get(seat["id"])
            if (
                completed
                and not training["voided_at"]
                and self.courses[training["course_code"]]["type"] == "training_of_trainers"
            ):
                taught[self.root(seat["person_id"])].append((completed, training["id"]))
        self.leads, self.taught = leads, taught
        tiers: dict[str, int | None] = {}
        for training in sorted(self.trainings.values(), key=lambda one: str(one["starts_on"])):
            if training["voided_at"]:
                continue
            found = [self.tier_of_lead(one, training, taught, tiers) for one in leads[training["id"]]]
            known = [one for one in found if one is not None]
            tiers[training["id"]] = 1 + max(known) if found and len(known) == len(found) else None
        return tiers

    def tier_of_lead(
        self, person: str, training: Row, taught: dict[str, list[tuple[date, str]]], tiers: dict[str, int | None]
    ) -> int | None:
        if self.people[person]["person_type"] == "partner_instructor":
            return 0
        starts_on = day(training["starts_on"])
        if not self.may_lead(person, training["course_code"], starts_on):
            return None
        found = [tiers.get(origin) for completed, origin in taught[person] if completed < starts_on]
        return min((one for one in found if one is not None), default=None)

    # What a training may have lost.

    def has_mixed_team(self, training: Row) -> bool:
        return (
            len({self.tier_of_lead(one, training, self.taught, self.tiers) for one in self.leads[training["id"]]}) > 1
        )

    def is_older_version(self, training: Row) -> bool:
        own = self.versions.get(training["course_version_id"] or "")
        if own is None:
            return False
        by_then = [
            day(one["introduced_on"])
            for one in self.versions.values()
            if one["course_code"] == own["course_code"]
            and day(one["introduced_on"]) <= day(training["starts_on"])
            and (None in {one["language_code"], own["language_code"]} or one["language_code"] == own["language_code"])
        ]
        return max(by_then, default=date.min) > day(own["introduced_on"])

    def is_short(self, training: Row, on: date) -> bool:
        own = self.versions.get(training["course_version_id"] or "", {})
        designed = own.get("designed_hours") or self.courses[training["course_code"]]["designed_hours"]
        delivered = self.delivered.get(training["id"])
        if designed is None or delivered is None or day(training["ends_on"]) > on:
            return False
        return delivered / designed < Decimal("0.8")

    def may_lead(self, person: str, course: str, on: date) -> bool:
        held = [
            one
            for one in self.rows["certifications"]
            if self.root(one["person_id"]) == person
            and one["course_code"] == course
            and one["kind"] in {"instructor", "master_trainer"}
            and not one["voided_at"]
        ]
        return not held or any(self.holds(one, on) for one in held)

    def holds(self, award: Row, on: date) -> bool:
        if day(award["issued_on"]) > on:
            return False
        if award["expires_on"] and day(award["expires_on"]) < on:
            return False
        if award["revoked_on"] and day(award["revoked_on"]) <= on:
            return False
        return not any(
            day(one["starts_on"]) <= on and (not one["ends_on"] or on <= day(one["ends_on"]))
            for one in self.rows["certification_suspensions"]
            if one["certification_id"] == award["id"]
        )

    # Counts.

    def count(
        self, measure: str, filters: dict[str, list[str]], by: list[str], first: date | None, last: date | None
    ) -> dict[tuple[str | None, ...], dict[str, Any]]:
        """By key: parts, persons, hours, without_hours, largest, unnamed."""
        groups: dict[tuple[str | None, ...], list[Fact]] = defaultdict(list)
        facts = self.awards if measure == "certifications" else self.seats
        if measure in {"persons", "completions"}:
            facts = [one for one in facts if one.completed]
        facts = [one for one in facts if one.attended]
        if measure in {"persons", "attendances", "contact_hours"}:
            facts = facts + self.heads
        for fact in facts:
            if (first and fact.day < first) or (last and fact.day > last):  # type: ignore[operator]
                continue
            if any(
                not {one or ("not_recorded" if name == "level" else "") for one in fact.values.get(name, [])}
                & set(kept)
                for name, kept in filters.items()
            ):
                continue
            for key in keys(fact, by):
                groups[key].append(fact)
        return {key: self.measure(measure, facts) for key, facts in groups.items()}

    def measure(self, measure: str, facts: list[Fact]) -> dict[str, Any]:
        parts: dict[tuple[Any, ...], list[Decimal | None]] = defaultdict(list)
        heads: dict[str, list[Fact]] = defaultdict(list)
        for number, fact in enumerate(facts):
            if fact.person is None:
                heads[fact.training["id"]].append(fact)  # type: ignore[index]
            elif measure == "certifications":
                parts[fact.person, number].append(None)
            else:
                parts[fact.person, fact.training["id"]].append(fact.hours)  # type: ignore[index]
        is_asked = measure == "contact_hours"
        hours = [max((one for one in found if one is not None), default=None) for found in parts.values()]
        classes = []
        for training, found in heads.items():
            total = found[0].training["headcount_total"]  # type: ignore[index]
            spare = max(total - self.named_in.get(training, 0), 0)
            unnamed = min(spare, sum(max(one.heads - one.named, 0) for one in found))
            classes.append((sum(one.heads for one in found), unnamed))
        return {
            "parts": len(parts),
            "persons": len({person for person, _ in parts}),
            "hours": sum((one for one in hours if one is not None and is_asked), Decimal(0)),
            "without_hours": sum(one is None and is_asked for one in hours),
            "largest": max((heads for heads, _ in classes), default=0),
            "unnamed": sum(unnamed for _, unnamed in classes),
            "headcounts": len(classes),
        }

    # The cascade.

    def origins(self, training: Row) -> set[str]:
        """The trainings that made its leads what they are."""
        if training["id"] not in self.found_origins:
            self.found_origins[training["id"]] = self.find_origins(training)
        return self.found_origins[training["id"]]

    def find_origins(self, training: Row) -> set[str]:
        found = set()
        for person in self.leads[training["id"]]:
            is_partner = self.people[person]["person_type"] == "partner_instructor"
            starts_on = day(training["starts_on"])
            if not is_partner and self.may_lead(person, training["course_code"], starts_on):
                found |= {origin for completed, origin in self.taught[person] if completed < starts_on}
        return found

    def completers(self, nations: list[str], on: date) -> dict[str, set[str]]:
        """Who had completed what."""
        found: dict[str, set[str]] = defaultdict(set)
        for seat in self.seats:
            if seat.completed and seat.day <= on and (not nations or seat.values["nationality"][0] in nations):  # type: ignore[operator]
                found[seat.training["id"]].add(seat.person)  # type: ignore[index, arg-type]
        return found

    def placed(self, on: date) -> dict[str, int]:
        """The tier of each training that had begun."""
        return {one: tier for one, tier in self.tiers.items() if tier and day(self.trainings[one]["starts_on"]) <= on}

    def descent(self, roots: set[str], on: date) -> set[str]:
        """The roots that are in the cascade, and what came of any root."""
        placed = self.placed(on)
        found = set(roots)
        grew = True
        while grew:
            more = {one for one in placed if one not in found and self.origins(self.trainings[one]) & found}
            grew = bool(more)
            found |= more
        return found & set(placed)

    def roots(self, agencies: list[str], on: date) -> set[str]:
        """The trainings by partners' own instructors that one of the agencies provided."""
        return {
            one
            for one, tier in self.placed(on).items()
            if tier == 1
            and {self.trainings[one]["provider_agency_code"], *self.trainings[one]["co_provider_agency_codes"]}
            & set(agencies)
        }

    def generations(self, nations: list[str], agencies: list[str], on: date) -> dict[int | None, dict[str, Any]]:
        """By tier, and of all tiers under None."""
        placed, completers = self.placed(on), self.completers(nations, on)
        scope = self.descent(self.roots(agencies, on), on) if agencies else set(placed)
        whole = scope
        if nations:
            scope = {one for one in scope if completers[one]}
        last_led: dict[str, date] = {}
        for one in placed:
            for person in self.leads[one]:
                last_led[person] = max(last_led.get(person, date.min), day(self.trainings[one]["starts_on"]))
        attended = {
            (one.training["id"], one.person)  # type: ignore[index]
            for one in self.seats
            if one.attended and one.day <= on and (not nations or one.values["nationality"][0] in nations)  # type: ignore[operator]
        }
        year_ago = date(on.year - 1, on.month, on.day)
        found: dict[int | None, dict[str, Any]] = {}
        seen: set[str] = set()
        for tier in sorted({placed[one] for one in scope}):
            trainings = {one for one in scope if placed[one] == tier}
            persons = set().union(*(completers[one] for one in trainings))
            teachers = set().union(
                *(
                    completers[one]
                    for one in trainings
                    if self.courses[self.trainings[one]["course_code"]]["type"] == "training_of_trainers"
                )
            )
            found[tier] = {
                "trainings": len(trainings),
                "persons": len(persons),
                "first_persons": len(persons - seen),
                "completions": sum(len(completers[one]) for one in trainings),
                "attendances": sum(one in whole and placed[one] == tier for one, _ in attended) or None,
                "mixed_trainings": sum(self.has_mixed_team(self.trainings[one]) for one in trainings),
                "older_version_trainings": sum(self.is_older_version(self.trainings[one]) for one in trainings),
                "short_trainings": sum(self.is_short(self.trainings[one], on) for one in trainings),
                "instructors": len(teachers),
                "leading_instructors": len(teachers & set(last_led)),
                "active_instructors": sum(last_led.get(one, date.min) > year_ago for one in teachers),
            }
            seen |= persons
        found[None] = {
            "trainings": len(scope),
            "persons": len(seen),
            "first_persons": len(seen),
            "completions": sum(len(completers[one]) for one in scope),
            "attendances": sum(one in whole for one, _ in attended) or None,
            "mixed_trainings": None,
            "older_version_trainings": None,
            "short_trainings": None,
            "instructors": None,
            "leading_instructors": None,
            "active_instructors": None,
        }
        return found

    def reach(self, trainings: set[str], nations: list[str], on: date) -> dict[int | None, tuple[int, int, int]]:
        """Trainings, persons and completions by tier, and of all under None."""
        placed, completers = self.placed(on), self.completers(nations, on)
        scope = self.descent(trainings, on)
        if not scope:
            return {None: (0, 0, 0)}
        found = {}
        for tier in (*sorted({placed[one] for one in scope}), None):
            some = [one for one in scope if tier in {None, placed[one]}]
            found[tier] = (
                len(some),
                len(set().union(*(completers[one] for one in some))),
                sum(len(completers[one]) for one in some),
            )
        return found

    def overlaps(self, agency: str, nations: list[str], on: date) -> dict[str, int]:
        """By other agency, whom both reached."""
        completers = self.completers(nations, on)
        agencies = {one["provider_agency_code"] for one in self.trainings.values()}
        agencies = agencies.union(*(one["co_provider_agency_codes"] for one in self.trainings.values()))
        reached = {
            one: set().union(*(completers[each] for each in self.descent(self.roots([one], on), on)), set())
            for one in agencies
        }
        shared = {one: len(reached[one] & reached[agency]) for one in reached if one != agency}
        return {one: persons for one, persons in shared.items() if persons}

    def outside(self, nations: list[str], on: date) -> dict[str, tuple[int, int, int]]:
        """Trainings, persons and completions without a tier, by reason."""
        completers = self.completers(nations, on)
        found: dict[str, list[str]] = defaultdict(list)
        for one, tier in self.tiers.items():
            if tier is None and day(self.trainings[one]["starts_on"]) <= on and completers[one]:
                found["lead_of_unknown_tier" if self.leads[one] else "no_lead"].append(one)
        return {
            reason: (
                len(some),
                len(set().union(*(completers[one] for one in some))),
                sum(len(completers[one]) for one in some),
            )
            for reason, some in found.items()
        }


def keys(fact: Fact, by: list[str]) -> set[tuple[str | None, ...]]:
    """Each group that the fact stands in."""
    found: set[tuple[str | None, ...]] = {()}
    for dimension in by:
        found = {(*key, value) for key in found for value in set(fact.values.get(dimension, [None]))}
    return found


def day(value: Any) -> date:
    """A date, however it was exported."""
    return value if isinstance(value, date) else date.fromisoformat(value)
