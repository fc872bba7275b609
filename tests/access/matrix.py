"""The matrix of access, written by hand from what was promised: who may do what, to whose records. Not from the code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]
Own = Mapping[str, Json]
Statuses = tuple[int, ...]

COLUMNS: Final = (
    "anonymous", "viewer", "analyst", "officer MX", "officer GE", "officer *", "officer, no grant",
    "officer *, token MX", "admin",
)  # fmt: skip
# Of which countries' people each may learn anything.
SEES: Final[dict[str, frozenset[str]]] = {
    "anonymous": frozenset(),
    "viewer": frozenset(),
    "analyst": frozenset(),
    "officer MX": frozenset({"MX"}),
    "officer GE": frozenset({"GE"}),
    "officer *": frozenset({"MX", "GE"}),
    "officer, no grant": frozenset(),
    "officer *, token MX": frozenset({"MX"}),
    "admin": frozenset(),
}

# A row of statuses, in the order of the columns. 200 of a write stands for "accepted".
#                        anon view anal  MX   GE    *  none *>MX admin
READ: Final = (          401, 200, 200, 200, 200, 200, 200, 200, 200)  # fmt: skip
ANALYSTS: Final = (      401, 403, 200, 200, 200, 200, 200, 200, 403)  # fmt: skip
OFFICERS: Final = (      401, 403, 403, 200, 200, 200, 200, 200, 403)  # fmt: skip
ADMINS: Final = (        401, 403, 403, 403, 403, 403, 403, 403, 200)  # fmt: skip
# By the country of the record.
OWN_COUNTRY: Final = {
    "MX": (              401, 403, 403, 200, 403, 200, 403, 200, 403),
    "GE": (              401, 403, 403, 403, 200, 200, 403, 403, 403),
}  # fmt: skip
# Proposed by the officer for all countries.
POSTED_BY_ANOTHER: Final = {
    "MX": (              401, 403, 403, 200, 403, 403, 403, 200, 403),
    "GE": (              401, 403, 403, 403, 200, 403, 403, 403, 403),
}  # fmt: skip
PERSON: Final = {
    "MX": (              401, 403, 403, 200, 404, 200, 404, 200, 403),
    "GE": (              401, 403, 403, 404, 200, 200, 404, 404, 403),
}  # fmt: skip
ABOUT_PERSON: Final = {
    "MX": (              401, 403, 403, 200, 422, 200, 422, 200, 403),
    "GE": (              401, 403, 403, 422, 200, 200, 422, 422, 403),
}  # fmt: skip
# The history of a record of or about a person: where it may not be read it is as absent as none.
HISTORY: Final = {
    "MX": (              401, 404, 404, 200, 404, 200, 404, 200, 404),
    "GE": (              401, 404, 404, 404, 200, 200, 404, 404, 404),
}  # fmt: skip
# A person of the country is handed to the other country's office.
HAND_OVER: Final = {
    "MX": (              401, 403, 403, 403, 404, 200, 404, 403, 403),
    "GE": (              401, 403, 403, 404, 403, 200, 404, 404, 403),
}  # fmt: skip
# The token of the officer for that country.
TOKEN: Final = {
    "MX": (              401, 404, 404, 200, 404, 404, 404, 404, 200),
    "GE": (              401, 404, 404, 404, 200, 404, 404, 404, 200),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """An operation and its statuses. An operation may have several rows, and has one at least.

    `of`: the noun of the record that its path, or `{id}` in `query`, names. `body`: as it is, or from the records of a
    country; where `example` names a schema, its example in the document with `over` and `body` in it.
    """

    operation: str
    statuses: Statuses | Mapping[str, Statuses]
    of: str = ""
    body: Callable[[Own], Json] | Json | None = None
    example: str = ""
    over: Mapping[str, Any] | None = None
    query: str = ""
    # A body that is no JSON, with its media type.
    content: tuple[str, str] | None = None

    @property
    def method(self) -> str:
        """Of HTTP."""
        return self.operation.split()[0]

    @property
    def path(self) -> str:
        """As in the document."""
        return self.operation.split()[1]

    @property
    def noun(self) -> str:
        """The first word of the address."""
        return self.path.split("/")[2]

    def body_for(self, own: Own) -> Json | None:
        """The body for a country's records."""
        return self.body(own) if callable(self.body) else self.body

    @property
    def is_about_people(self) -> bool:
        """Whether it reads or writes records of people."""
        return self.noun in PERSONAL

    def status(self, column: str, country: str) -> int:
        """What the answer must be."""
        statuses = self.statuses if isinstance(self.statuses, tuple) else self.statuses[country]
        return statuses[COLUMNS.index(column)]


PERSONAL: Final = frozenset(
    {
        "people", "enrollments", "attendances", "completions", "instructor-assignments", "certifications",
        "identity-documents", "duplicate-candidates", "merges", "units", "vetting-records", "seats-at-risk",
        "roster-imports",
    }
)  # fmt: skip
_WHY: Final = {"reason": "Entered twice."}
_RANK: Final = {"rank": "deprecated", "reason": "Typing error in the document."}


def _new_person(own: Own, **over: Any) -> Json:
    country = own["people"]["country_code"]
    return {"country_code": country, "nationality_code": country, "given_name": "Synthetic"} | over


def _other(own: Own) -> str:
    return "GE" if own["people"]["country_code"] == "MX" else "MX"


def _training(own: Own) -> Json:
    names = (
        "course_code", "provider_agency_code", "program_code", "host_country_code", "beneficiary_country_codes",
        "starts_on", "ends_on", "venue_kind",
    )  # fmt: skip
    return {name: own["trainings"][name] for name in names}


def _seat(own: Own) -> Json:
    return {"training_id": own["other training"]["id"], "person_id": own["newcomer"]["id"]}


def _award(own: Own) -> Json:
    names = ("kind", "course_code", "issuer_agency_code", "issued_on")
    return {name: own["certifications"][name] for name in names} | {"person_id": own["newcomer"]["id"]}


MATRIX: Final = (
    # People and their parts in trainings.
    Row("GET /v1/people", OFFICERS),
    Row("POST /v1/people", OWN_COUNTRY, body=_new_person),
    Row("GET /v1/people/{person_id}", PERSON, "people"),
    Row("PATCH /v1/people/{person_id}", PERSON, "people", {"given_name": "Other"}),
    Row("PATCH /v1/people/{person_id}", HAND_OVER, "people", lambda own: {"country_code": _other(own)}),
    Row("GET /v1/enrollments", OFFICERS),
    Row("POST /v1/enrollments", ABOUT_PERSON, body=_seat),
    Row("GET /v1/enrollments/{enrollment_id}", PERSON, "enrollments"),
    Row("PATCH /v1/enrollments/{enrollment_id}", PERSON, "enrollments", {"note": "Another."}),
    Row("POST /v1/enrollments/{enrollment_id}/transitions", PERSON, "free seat", {"to": "attending"}),
    Row("POST /v1/enrollments/{enrollment_id}/void", PERSON, "free seat", _WHY),
    Row("GET /v1/roster-imports", OFFICERS),
    Row(
        "POST /v1/roster-imports",
        OWN_COUNTRY,
        query="country_code={country}",
        content=("text/csv", "training_code,given_name\nX,Synthetic\n"),
    ),
    Row("GET /v1/roster-imports/{roster_import_id}", PERSON, "roster-imports"),
    Row("PATCH /v1/roster-imports/{roster_import_id}", PERSON, "roster-imports", {"date_order": "dmy"}),
    Row("GET /v1/roster-imports/{roster_import_id}/rows", PERSON, "roster-imports"),
    Row("GET /v1/trainings/{training_id}/roster-template", OFFICERS, "trainings"),
    Row("GET /v1/roster-imports/{roster_import_id}/events", PERSON, "roster-imports"),
    Row("POST /v1/roster-imports/{roster_import_id}/check", PERSON, "roster-imports"),
    Row(
        "POST /v1/roster-imports/{roster_import_id}/corrections",
        PERSON,
        "roster-imports",
        {"items": [{"kind": "exclude", "row": 2}]},
    ),
    Row("POST /v1/roster-imports/{roster_import_id}/commit", PERSON, "roster-imports"),
    Row("POST /v1/roster-imports/{roster_import_id}/cancel", PERSON, "queued import"),
    Row("GET /v1/roster-imports/{roster_import_id}/undo-preview", PERSON, "committed import"),
    Row("POST /v1/roster-imports/{roster_import_id}/undo", PERSON, "committed import"),
    Row("GET /v1/attendances", OFFICERS),
    Row(
        "POST /v1/attendances",
        ABOUT_PERSON,
        body=lambda own: {
            "enrollment_id": own["free seat"]["id"],
            "session_id": own["other session"]["id"],
            "hours": "1.00",
        },
    ),
    Row("GET /v1/attendances/{attendance_id}", PERSON, "attendances"),
    Row("PATCH /v1/attendances/{attendance_id}", PERSON, "attendances", {"hours": "1.00"}),
    Row("GET /v1/completions", OFFICERS),
    Row(
        "POST /v1/completions",
        ABOUT_PERSON,
        body=lambda own: {"enrollment_id": own["free seat"]["id"], "completed_on": "2011-06-01"},
    ),
    Row("GET /v1/completions/{completion_id}", PERSON, "completions"),
    Row("GET /v1/completions/{completion_id}", PERSON, "voided"),
    Row("POST /v1/completions/{completion_id}/void", PERSON, "completions", _WHY),
    Row("GET /v1/instructor-assignments", OFFICERS),
    Row("POST /v1/instructor-assignments", ABOUT_PERSON, body=_seat),
    Row("GET /v1/instructor-assignments/{instructor_assignment_id}", PERSON, "instructor-assignments"),
    Row(
        "PATCH /v1/instructor-assignments/{instructor_assignment_id}",
        PERSON,
        "instructor-assignments",
        {"note": "Another."},
    ),
    Row("POST /v1/instructor-assignments/{instructor_assignment_id}/void", PERSON, "instructor-assignments", _WHY),
    Row("GET /v1/certifications", OFFICERS),
    Row("POST /v1/certifications", ABOUT_PERSON, body=_award),
    Row("GET /v1/certifications/{certification_id}", PERSON, "certifications"),
    Row(
        "POST /v1/certifications/{certification_id}/suspend",
        PERSON,
        "certifications",
        {"starts_on": "2012-01-01", "reason": "Away."},
    ),
    Row("POST /v1/certifications/{certification_id}/reinstate", PERSON, "suspended award", {"ends_on": "2013-01-01"}),
    Row(
        "POST /v1/certifications/{certification_id}/revoke",
        PERSON,
        "certifications",
        {"revoked_on": "2013-01-01", "reason": "Left."},
    ),
    Row("POST /v1/certifications/{certification_id}/confirm", PERSON, "certifications"),
    Row("POST /v1/certifications/{certification_id}/void", PERSON, "certifications", _WHY),
    # Who is who.
    Row("POST /v1/people/{person_id}/erase", PERSON, "people", {"reason": "Asked for."}),
    Row("GET /v1/identity-documents", OFFICERS),
    Row(
        "POST /v1/identity-documents",
        ABOUT_PERSON,
        body=lambda own: {
            "person_id": own["people"]["id"],
            "type": "passport",
            "issuer_country_code": own["people"]["country_code"],
            "number": "G1234567",
        },
    ),
    Row("GET /v1/identity-documents/{identity_document_id}", PERSON, "identity-documents"),
    Row("POST /v1/identity-documents/{identity_document_id}/void", PERSON, "identity-documents", _WHY),
    Row("GET /v1/duplicate-candidates", OFFICERS),
    Row("GET /v1/duplicate-candidates/{duplicate_candidate_id}", PERSON, "duplicate-candidates"),
    Row(
        "POST /v1/duplicate-candidates/{duplicate_candidate_id}/dismiss",
        PERSON,
        "duplicate-candidates",
        {"note": "Two people."},
    ),
    Row("GET /v1/merges", OFFICERS),
    Row(
        "POST /v1/merges",
        ABOUT_PERSON,
        body=lambda own: {
            "person_id": own["newcomer"]["id"],
            "canonical_person_id": own["people"]["id"],
            "evidence": "Compared.",
        },
    ),
    Row("GET /v1/merges/{merge_id}", PERSON, "merges"),
    Row("POST /v1/merges/{merge_id}/void", PERSON, "merges", _WHY),
    # Units and vetting: every officer here has the flag for vetting with each grant.
    Row("GET /v1/units", OFFICERS),
    Row(
        "POST /v1/units",
        OWN_COUNTRY,
        body=lambda own: {"name": "Guards", "country_code": own["people"]["country_code"], "is_security_force": True},
    ),
    Row("GET /v1/units/{unit_id}", PERSON, "units"),
    Row("PATCH /v1/units/{unit_id}", PERSON, "units", {"name": "Other"}),
    Row("GET /v1/vetting-records", OFFICERS),
    Row(
        "POST /v1/vetting-records",
        ABOUT_PERSON,
        body=lambda own: {"person_id": own["people"]["id"], "requested_on": "2011-01-01"},
    ),
    Row("GET /v1/vetting-records/{vetting_record_id}", PERSON, "vetting-records"),
    Row("PATCH /v1/vetting-records/{vetting_record_id}", PERSON, "vetting-records", {"case_reference": "Other"}),
    Row("POST /v1/vetting-records/{vetting_record_id}/void", PERSON, "vetting-records", _WHY),
    Row("GET /v1/seats-at-risk", OFFICERS),
    # Courses, trainings, and counts of people.
    Row("GET /v1/courses", READ),
    Row("POST /v1/courses", OFFICERS, body={"code": "NEW", "title": "New", "type": "basic"}),
    Row("GET /v1/courses/{course_id}", READ, "courses"),
    Row("PATCH /v1/courses/{course_id}", OFFICERS, "courses", {"title": "Basics"}),
    Row("GET /v1/course-versions", READ),
    Row(
        "POST /v1/course-versions",
        OFFICERS,
        body={"course_code": "BASIC", "label": "New", "introduced_on": "2010-01-01"},
    ),
    Row("GET /v1/course-versions/{course_version_id}", READ, "course-versions"),
    Row("PATCH /v1/course-versions/{course_version_id}", OFFICERS, "course-versions", {"label": "Other"}),
    Row("GET /v1/training-sessions", READ),
    Row(
        "POST /v1/training-sessions",
        OWN_COUNTRY,
        body=lambda own: {"training_id": own["trainings"]["id"], "held_on": "2011-05-02", "hours": "1.00"},
    ),
    Row("GET /v1/training-sessions/{training_session_id}", READ, "training-sessions"),
    Row("PATCH /v1/training-sessions/{training_session_id}", OWN_COUNTRY, "training-sessions", {"topic": "Other"}),
    Row("POST /v1/training-sessions/{training_session_id}/void", OWN_COUNTRY, "training-sessions", _WHY),
    Row("GET /v1/trainings", READ),
    Row("POST /v1/trainings", OWN_COUNTRY, body=_training),
    Row("GET /v1/trainings/{training_id}", READ, "trainings"),
    Row("PATCH /v1/trainings/{training_id}", OWN_COUNTRY, "trainings", {"title": "Other"}),
    Row("PATCH /v1/trainings/{training_id}", OWN_COUNTRY, "trainings", {"starts_on": "2011-05-02"}),
    Row("POST /v1/trainings/{training_id}/transitions", OWN_COUNTRY, "trainings", {"to": "confirmed"}),
    Row("POST /v1/trainings/{training_id}/void", OWN_COUNTRY, "trainings", _WHY),
    Row("GET /v1/recorded-figures", READ, query="measure=officers_trained&nationality_code={country}&explain=true"),
    Row("GET /v1/recorded-figures", READ, query="measure=instructors_trained&explain=true"),
    Row("GET /v1/training-counts", READ, query="measure=persons&nationality_code={country}&group_by=sex&explain=true"),
    Row("GET /v1/training-counts", READ, query="measure=attendances&group_by=nationality&group_by=agency"),
    Row("GET /v1/cascades", READ, query="country_code={country}&with_nodes=true"),
    Row("GET /v1/cascades", READ, query="agency_code=US-NM-CD"),
    Row("GET /v1/trainings/{training_id}/cascade", READ, "trainings", query="country_code={country}"),
    Row("GET /v1/people/{person_id}/cascade", PERSON, "people"),
    Row("GET /v1/people/{person_id}/cascade", PERSON, "leader"),
    Row("GET /v1/agencies/{agency_id}/reach", READ, "agencies", query="country_code={country}"),
    # Cards and figures.
    Row("GET /v1/countries", READ),
    Row("GET /v1/countries/{country_code}", READ, "country"),
    Row("GET /v1/country-summaries", READ),
    Row("GET /v1/dossiers/{subject_type}/{subject_code}", READ, "subject"),
    Row("GET /v1/agreement-deliveries", READ, query="agreement_code={country}-LOA"),
    Row("GET /v1/figures", READ, query="country_code={country}"),
    Row("GET /v1/figures/{figure_id}/explain", READ, "figure"),
    # Programs, agencies, documents and what they claim.
    Row("GET /v1/agencies", READ),
    Row("POST /v1/agencies", ANALYSTS, example="AgencyCreate", over={"code": "US-XX", "parent_code": None}),
    Row("GET /v1/agencies/{agency_id}", READ, "agencies"),
    Row("PATCH /v1/agencies/{agency_id}", ANALYSTS, "agencies", {"name": "New Mexico"}),
    Row("GET /v1/programs", READ),
    Row(
        "POST /v1/programs",
        OWN_COUNTRY,
        body=lambda own: {
            "code": "NEW",
            "title": "New",
            "kind": "country",
            "sector": own["programs"]["sector"],
            "countries": [{"country_code": own["people"]["country_code"], "share": None}],
        },
    ),
    Row("GET /v1/programs/{program_id}", READ, "programs"),
    Row("PATCH /v1/programs/{program_id}", OWN_COUNTRY, "programs", {"title": "Other"}),
    Row("GET /v1/partnerships", READ),
    Row(
        "POST /v1/partnerships",
        OWN_COUNTRY,
        example="PartnershipCreate",
        over={"roles": ["funder"]},
        body=lambda own: {"agency_code": "US-CO-DOC", "program_code": own["programs"]["code"]},
    ),
    Row("GET /v1/partnerships/{partnership_id}", READ, "partnerships"),
    Row("PATCH /v1/partnerships/{partnership_id}", OWN_COUNTRY, "partnerships", {"scope": "Trains"}),
    Row("POST /v1/partnerships/{partnership_id}/void", OWN_COUNTRY, "partnerships", _WHY),
    Row("GET /v1/sources", READ),
    Row("POST /v1/sources", ANALYSTS, example="SourceCreate", over={"code": "S99", "publisher_agency_code": None}),
    Row("GET /v1/sources/{source_id}", READ, "sources"),
    Row("PATCH /v1/sources/{source_id}", ANALYSTS, "sources", {"title": "Other"}),
    Row("GET /v1/measures", READ),
    Row("POST /v1/measures", ANALYSTS, example="MeasureCreate", over={"code": "new_measure"}),
    Row("GET /v1/measures/{measure_id}", READ, "measures"),
    Row("PATCH /v1/measures/{measure_id}", ANALYSTS, "measures", {"label": "Other"}),
    Row("GET /v1/series", READ),
    Row("POST /v1/series", ANALYSTS, example="SeriesCreate", over={"code": "NEW", "is_headline": False}),
    Row("GET /v1/series/{series_id}", READ, "series"),
    Row("PATCH /v1/series/{series_id}", ANALYSTS, "series", {"label": "Other"}),
    Row("GET /v1/reported-figures", READ),
    Row(
        "POST /v1/reported-figures",
        ANALYSTS,
        example="ReportedFigureCreate",
        over={"code": "S9-1", "supersedes": [], "rank": "normal"},
    ),
    Row("GET /v1/reported-figures/{reported_figure_id}", READ, "reported-figures"),
    Row("POST /v1/reported-figures/{reported_figure_id}/ranks", ANALYSTS, "reported-figures", _RANK),
    Row("POST /v1/reported-figures/{reported_figure_id}/void", ANALYSTS, "reported-figures", _WHY),
    Row("GET /v1/statements", READ),
    Row("POST /v1/statements", ANALYSTS, example="StatementCreate", over={"code": "S9-2", "value": True}),
    Row("GET /v1/statements/{statement_id}", READ, "statements"),
    Row("POST /v1/statements/{statement_id}/ranks", ANALYSTS, "statements", _RANK),
    Row("POST /v1/statements/{statement_id}/void", ANALYSTS, "statements", _WHY),
    Row("GET /v1/conflicts", READ),
    Row(
        "POST /v1/conflicts",
        ANALYSTS,
        example="ConflictCreate",
        over={"code": "NEW"},
        body=lambda own: {"member_codes": [own["reported-figures"]["code"], own["statements"]["code"]]},
    ),
    Row("GET /v1/conflicts/{conflict_id}", READ, "conflicts"),
    Row("PATCH /v1/conflicts/{conflict_id}", ANALYSTS, "conflicts", {"title": "Other"}),
    Row("GET /v1/coverage-declarations", READ),
    Row(
        "POST /v1/coverage-declarations",
        OWN_COUNTRY,
        body=lambda own: {
            "country_code": own["people"]["country_code"],
            "measure_family": "funding",
            "complete_from": "2010-01-01",
        },
    ),
    Row("GET /v1/coverage-declarations/{coverage_declaration_id}", READ, "coverage-declarations"),
    # Money. What one proposed another posts.
    Row("GET /v1/entry-proposals", READ),
    Row(
        "POST /v1/entry-proposals",
        OWN_COUNTRY,
        body=lambda own: {
            "fund_line_code": own["controlled line"]["code"],
            "kind": "allotment",
            "amount": {"amount": "5.00", "currency": "USD"},
            "effective_date": "2012-03-01",
        },
    ),
    Row("GET /v1/entry-proposals/{entry_proposal_id}", READ, "entry-proposals"),
    Row("POST /v1/entry-proposals/{entry_proposal_id}/post", POSTED_BY_ANOTHER, "entry-proposals"),
    Row(
        "POST /v1/entry-proposals/{entry_proposal_id}/decline",
        OWN_COUNTRY,
        "entry-proposals",
        {"reason": "The advice says otherwise."},
    ),
    Row("GET /v1/ledger-imports", READ),
    Row(
        "POST /v1/ledger-imports",
        OFFICERS,
        content=("text/csv", "fund line,kind,amount,date\nX,allotment,5,2012-03-01\n"),
    ),
    Row("GET /v1/ledger-imports/{ledger_import_id}", READ, "ledger-imports"),
    Row("GET /v1/ledger-imports/{ledger_import_id}/rows", READ, "ledger-imports"),
    Row("PATCH /v1/ledger-imports/{ledger_import_id}", OFFICERS, "ledger-imports", {"date_order": "dmy"}),
    # Rows of fund lines of other countries are errors of theirs, so such an import may be checked and not proposed.
    Row("POST /v1/ledger-imports/{ledger_import_id}/check", OFFICERS, "ledger-imports"),
    Row(
        "POST /v1/ledger-imports/{ledger_import_id}/corrections",
        OFFICERS,
        "ledger-imports",
        {"items": [{"kind": "exclude", "row": 2}]},
    ),
    Row("POST /v1/ledger-imports/{ledger_import_id}/propose", OWN_COUNTRY, "ledger-imports"),
    Row("POST /v1/ledger-imports/{ledger_import_id}/commit", POSTED_BY_ANOTHER, "proposed ledger import"),
    Row(
        "POST /v1/ledger-imports/{ledger_import_id}/decline",
        OWN_COUNTRY,
        "proposed ledger import",
        {"reason": "The advice says otherwise."},
    ),
    Row(
        "POST /v1/ledger-imports/{ledger_import_id}/undo",
        OWN_COUNTRY,
        "committed ledger import",
        {"reason": "Of another office.", "effective_date": "2012-09-30"},
    ),
    Row("POST /v1/ledger-imports/{ledger_import_id}/commit-undo", POSTED_BY_ANOTHER, "ledger import to undo"),
    Row("GET /v1/fund-lines/{fund_line_id}/balances", READ, "controlled line"),
    Row("GET /v1/agreements", READ),
    Row(
        "POST /v1/agreements",
        OWN_COUNTRY,
        body=lambda own: {
            "code": "NEW",
            "type": "mou",
            "title": "New",
            "country_code": own["people"]["country_code"],
            "awarding_agency_code": "US-NM-CD",
            "recipient_agency_code": "US-CO-DOC",
        },
    ),
    Row("GET /v1/agreements/{agreement_id}", READ, "agreements"),
    Row("PATCH /v1/agreements/{agreement_id}", OWN_COUNTRY, "agreements", {"title": "Other"}),
    Row(
        "POST /v1/agreements/{agreement_id}/sign",
        OWN_COUNTRY,
        "cleared agreement",
        {"party": "awarding", "signed_on": "2012-01-05", "document_reference": "Page 9"},
    ),
    Row("POST /v1/agreements/{agreement_id}/transitions", OWN_COUNTRY, "cleared agreement", {"to": "withdrawn"}),
    Row("GET /v1/agreements/{agreement_id}/burn", READ, "agreements"),
    Row("GET /v1/agreement-amendments", READ),
    Row(
        "POST /v1/agreement-amendments",
        OWN_COUNTRY,
        body=lambda own: {
            "agreement_code": own["agreements"]["code"],
            "number": 2,
            "kind": "extension",
            "signed_on": "2013-01-01",
            "ends_on": "2018-01-01",
        },
    ),
    Row("GET /v1/agreement-amendments/{agreement_amendment_id}", READ, "agreement-amendments"),
    Row("GET /v1/agreement-lines", READ),
    Row(
        "POST /v1/agreement-lines",
        OWN_COUNTRY,
        body=lambda own: {
            "agreement_code": own["agreements"]["code"],
            "number": 2,
            "fund_line_code": own["controlled line"]["code"],
        },
    ),
    Row("GET /v1/agreement-lines/{agreement_line_id}", READ, "agreement-lines"),
    Row("GET /v1/agreement-deliverables", READ),
    Row(
        "POST /v1/agreement-deliverables",
        OWN_COUNTRY,
        body=lambda own: {"agreement_code": own["agreements"]["code"], "kind": "visits", "promised": 2},
    ),
    Row("GET /v1/agreement-deliverables/{agreement_deliverable_id}", READ, "agreement-deliverables"),
    Row(
        "PATCH /v1/agreement-deliverables/{agreement_deliverable_id}",
        OWN_COUNTRY,
        "agreement-deliverables",
        {"promised": 3},
    ),
    Row("GET /v1/cost-allocations", READ),
    Row(
        "POST /v1/cost-allocations",
        OWN_COUNTRY,
        body=lambda own: {
            "ledger_entry_id": own["disbursement"]["id"],
            "target_kind": "training",
            "training_id": own["other training"]["id"],
            "percent": "5",
        },
    ),
    Row("GET /v1/cost-allocations/{cost_allocation_id}", READ, "cost-allocations"),
    Row("POST /v1/cost-allocations/{cost_allocation_id}/void", OWN_COUNTRY, "cost-allocations", _WHY),
    Row("GET /v1/cost-totals", READ, query="country_code={country}&beneficiary_country_code={country}"),
    Row("GET /v1/exchange-rates", READ),
    Row("POST /v1/exchange-rates", OFFICERS, example="ExchangeRateCreate", over={"rate_date": "2016-03-31"}),
    Row("GET /v1/exchange-rates/{exchange_rate_id}", READ, "exchange-rates"),
    Row("POST /v1/exchange-rates/{exchange_rate_id}/void", OFFICERS, "exchange-rates", _WHY),
    Row("GET /v1/host-contributions", READ),
    Row(
        "POST /v1/host-contributions",
        OWN_COUNTRY,
        example="HostContributionCreate",
        body=lambda own: {"country_code": own["people"]["country_code"]},
    ),
    Row("GET /v1/host-contributions/{host_contribution_id}", READ, "host-contributions"),
    Row("PATCH /v1/host-contributions/{host_contribution_id}", OWN_COUNTRY, "host-contributions", {"note": "Seen."}),
    Row(
        "POST /v1/host-contributions/{host_contribution_id}/transitions",
        OWN_COUNTRY,
        "host-contributions",
        {"to": "verified", "stage_on": "2016-02-01"},
    ),
    Row("POST /v1/host-contributions/{host_contribution_id}/void", OWN_COUNTRY, "host-contributions", _WHY),
    Row("GET /v1/host-contribution-totals", READ, query="country_code={country}"),
    Row("GET /v1/reports/leverage", READ, query="country_code={country}&function_code=CORRECTIONS"),
    Row("GET /v1/treasury-accounts", READ),
    Row("POST /v1/treasury-accounts", OFFICERS, body={"code": "011-X-1022-000", "title": "New"}),
    Row("GET /v1/treasury-accounts/{treasury_account_id}", READ, "treasury-accounts"),
    Row("PATCH /v1/treasury-accounts/{treasury_account_id}", OFFICERS, "treasury-accounts", {"title": "Other"}),
    Row("GET /v1/fund-codes", READ),
    Row("POST /v1/fund-codes", OFFICERS, body={"kind": "initiative", "code": "NEW", "title": "New"}),
    Row("GET /v1/fund-codes/{fund_code_id}", READ, "fund-codes"),
    Row("PATCH /v1/fund-codes/{fund_code_id}", OFFICERS, "fund-codes", {"title": "Other"}),
    Row("GET /v1/fund-lines", READ),
    Row(
        "POST /v1/fund-lines",
        OWN_COUNTRY,
        body=lambda own: {"code": "NEW", "title": "New", "country_code": own["people"]["country_code"]},
    ),
    Row("GET /v1/fund-lines/{fund_line_id}", READ, "fund-lines"),
    Row("PATCH /v1/fund-lines/{fund_line_id}", OWN_COUNTRY, "fund-lines", {"title": "Other"}),
    Row("GET /v1/ledger-entries", READ),
    Row(
        "POST /v1/ledger-entries",
        OWN_COUNTRY,
        body=lambda own: {
            "fund_line_code": own["fund-lines"]["code"],
            "kind": "obligation",
            "effective_date": "2016-03-02",
            "amount": {"amount": "1.00", "currency": "USD"},
        },
    ),
    Row("GET /v1/ledger-entries/{ledger_entry_id}", READ, "ledger-entries"),
    Row("GET /v1/money-totals", READ, query="country_code={country}"),
    Row("GET /v1/reports/pipeline", READ, query="country_code={country}"),
    Row("GET /v1/reports/rates", READ, query="country_code={country}"),
    Row("GET /v1/reports/expiring", READ, query="country_code={country}&days=3000"),
    Row("GET /v1/reports/canceling", READ, query="country_code={country}&days=3000"),
    Row("GET /v1/reports/deobligation-candidates", READ, query="country_code={country}"),
    Row("GET /v1/reports/expiring-agreements", READ, query="country_code={country}"),
    Row("GET /v1/reports/status-of-funds", READ, query="country_code={country}&group_by=account&group_by=agreement"),
    Row("GET /v1/derived-figures/cost-per-person", READ, query="country_code={country}&program_code={country}-CORR"),
    # What changed.
    Row("GET /v1/changes", READ),
    Row("GET /v1/changes", READ, query="type=people&type=enrollments&type=attendances&type=certifications"),
    Row("GET /v1/history", HISTORY, "people", query="subject=people/{id}"),
    Row("GET /v1/history", HISTORY, "enrollments", query="subject=enrollments/{id}"),
    Row("GET /v1/history", HISTORY, "completions", query="subject=completions/{id}"),
    Row("GET /v1/history", HISTORY, "instructor-assignments", query="subject=instructor-assignments/{id}"),
    Row("GET /v1/history", HISTORY, "attendances", query="subject=attendances/{id}"),
    Row("GET /v1/history", HISTORY, "certifications", query="subject=certifications/{id}"),
    Row("GET /v1/history", HISTORY, "identity-documents", query="subject=identity-documents/{id}"),
    Row("GET /v1/history", HISTORY, "duplicate-candidates", query="subject=duplicate-candidates/{id}"),
    Row("GET /v1/history", HISTORY, "merges", query="subject=merges/{id}"),
    Row("GET /v1/history", HISTORY, "units", query="subject=units/{id}"),
    Row("GET /v1/history", HISTORY, "vetting-records", query="subject=vetting-records/{id}"),
    Row("GET /v1/history", READ, "trainings", query="subject=trainings/{id}"),
    # Users, grants and tokens.
    Row("GET /v1/users", ADMINS),
    Row("POST /v1/users", ADMINS, body={"name": "New", "kind": "person", "role": "viewer"}),
    Row("GET /v1/users/{user_id}", ADMINS, "users"),
    Row("PATCH /v1/users/{user_id}", ADMINS, "users", {"is_active": False}),
    Row("GET /v1/grants", ADMINS),
    Row("POST /v1/grants", ADMINS, body=lambda own: {"user_id": own["users"]["id"], "country_code": "KE"}),
    Row("GET /v1/grants/{grant_id}", ADMINS, "grants"),
    Row("PATCH /v1/grants/{grant_id}", ADMINS, "grants", {"is_vetting": True}),
    Row("POST /v1/grants/{grant_id}/revoke", ADMINS, "grants"),
    Row("GET /v1/account", READ),
    Row("POST /v1/sessions", READ, body={"name": "Pages", "expires_hours": 1}),
    Row("GET /v1/tokens", READ),
    Row("POST /v1/tokens", READ, body={"name": "Monthly report", "expires_days": 1}),
    Row("GET /v1/tokens/{token_id}", TOKEN, "tokens"),
    Row("POST /v1/tokens/{token_id}/revoke", TOKEN, "tokens"),
)
