"""Makes generated requests meaningful: ids that exist, codes that are known, versions that are current, dates in order.

The generator knows the OpenAPI document but not the records, so nearly all it writes would end at "unknown code".
Only what is valid anyway is changed, and some of it is left as it was generated.
"""

import random
from collections.abc import Callable
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any, Final

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from tributary.client import Tributary

Json = dict[str, Any]
LEFT_ALONE: Final = 0.15
ENDINGS: Final = ("/void", "/erase")
MOST_ROWS: Final = 60  # of a kind that are remembered
FEW_ROWS: Final = 6  # of a kind that are left to refer to: no more are voided
COUNTRIES: Final = ("MX", "GE", "PK", "MA", "US")
LISTS: Final = (
    "agencies", "agreement-amendments", "agreement-deliverables", "agreement-lines", "agreements", "attendances", "certifications", "completions", "conflicts", "cost-allocations", "course-versions", "courses",
    "coverage-declarations", "duplicate-candidates", "enrollments", "entry-proposals", "exchange-rates", "fund-codes", "fund-lines", "host-contributions", "identity-documents",
    "instructor-assignments", "ledger-entries", "ledger-imports", "measures", "merges", "partnerships", "people", "programs",
    "reported-figures", "series", "sources", "statements", "training-sessions", "trainings", "treasury-accounts", "units", "vetting-records",
)  # fmt: skip
# Of the gateway, for administrators. The users and tokens that do the fuzzing are not among them.
MANAGED: Final = ("grants", "tokens", "users")
FUZZER: Final = "fuzz"
LEFT_ALONE_NAMES: Final = ("Twin", "Double")
# Fields and parameters that name a record by its code, and those that do by its id.
CODES: Final = {
    "agency_code": "agencies",
    "agency_codes": "agencies",
    "agreement_code": "agreements",
    "awarding_agency_code": "agencies",
    "co_provider_agency_codes": "agencies",
    "contributor_agency_code": "agencies",
    "course_code": "courses",
    "figure_code": "reported-figures",
    "fund_line_code": "fund-lines",
    "funder_agency_code": "agencies",
    "funder_agency_codes": "agencies",
    "issuer_agency_code": "agencies",
    "lead_agency_code": "agencies",
    "measure_code": "measures",
    "member_code": "statements",
    "member_codes": "statements",
    "program_code": "programs",
    "provider_agency_code": "agencies",
    "publisher_agency_code": "agencies",
    "recipient_agency_code": "agencies",
    "qualifies_for_course_code": "courses",
    "series_code": "series",
    "treasury_account_code": "treasury-accounts",
    "source_code": "sources",
}
IDS: Final = {
    "canonical_person_id": "people", "commander_person_id": "people", "enrollment_id": "enrollments",
    "person_id": "people", "session_id": "training-sessions", "training_id": "trainings", "unit_id": "units",
    "user_id": "users",
}  # fmt: skip
# References that must fit more than one record at once: left out.
UNFED: Final = ("course_version_id", "parent_line_id", "renews_certification_id", "unit_id")
CHANGES_OF_STATE: Final = (
    "/check", "/confirm", "/corrections", "/decline", "/dismiss", "/post", "/reinstate", "/revoke", "/sign", "/suspend", "/transitions",
)  # fmt: skip
COUNTRY_FIELDS: Final = (
    "beneficiary_country_code", "beneficiary_country_codes", "country_code", "host_country_code", "nationality_code",
)  # fmt: skip


class Feed:
    """The records that there are, and how to refer to them. `learn` keeps up with what the fuzzing itself writes."""

    def __init__(self, base_url: str, token: str, admin_token: str, seed: int) -> None:
        self.random = random.Random(seed)
        self.made = 0
        with Tributary(base_url, token, timeout_seconds=60) as client:
            self.rows: dict[str, list[Json]] = {noun: list(client.list(f"/v1/{noun}")) for noun in LISTS}
            self.figures: list[Json] = client.get("/v1/figures?country_code=MX")["items"]
        # Who is left alone keeps the version of what is said of them.
        people = self.rows["people"]
        self.rows["people"] = [row for row in people if not str(row["surname_1"]).startswith(LEFT_ALONE_NAMES)]
        with Tributary(base_url, admin_token, timeout_seconds=60) as client:
            managed = {noun: list(client.list(f"/v1/{noun}")) for noun in MANAGED}
        fuzzers = {row["id"] for row in managed["users"] if row["name"].startswith(FUZZER)}
        for noun, rows in managed.items():
            self.rows[noun] = [row for row in rows if not {row["id"], row.get("user_id")} & fuzzers]

    def before_call(
        self, _context: schemathesis.HookContext, case: schemathesis.Case[Any], _arguments: dict[str, Any]
    ) -> None:
        """Refer to what exists, in each part of the request that is valid by the document."""
        if case.meta is None or case.method != case.operation.method.upper() or self.random.random() < LEFT_ALONE:
            return
        noun = noun_of(case)
        valid = {place for place in ParameterLocation if not case.meta.is_negative_at(place)}
        row = self._any(noun)
        if ParameterLocation.PATH in valid and case.path_parameters:
            self._feed_path(case, row)
        if ParameterLocation.HEADER in valid:
            self._feed_headers(case, row)
        if ParameterLocation.QUERY in valid and case.query:
            self._feed_query(case.query, noun)
        if ParameterLocation.BODY in valid and isinstance(case.body, dict):
            self._feed_body(case, noun)

    def after_call(
        self, _context: schemathesis.HookContext, case: schemathesis.Case[Any], response: schemathesis.Response
    ) -> None:
        """Remember what was made and which version it has now."""
        if case.method not in {"POST", "PATCH"} or response.status_code not in {HTTPStatus.CREATED, HTTPStatus.OK}:
            return
        made: Json = response.json()
        if "id" not in made:
            return  # it was validated only
        rows = self.rows.get(noun_of(case))
        if rows is None:
            return  # a session: a token of the fuzzer's own
        known = next((at for at, row in enumerate(rows) if row["id"] == made["id"]), None)
        if any(made.get(name) for name in ("revoked_at", "revoked_on", "voided_at", "erased_at")):
            rows[:] = [row for row in rows if row["id"] != made["id"]]
        elif known is not None:
            rows[known] = made
        elif len(rows) < MOST_ROWS:
            rows.append(made)

    def _any(self, noun: str) -> Json | None:
        rows = self.rows.get(noun)
        return self.random.choice(rows) if rows else None

    def _feed_path(self, case: schemathesis.Case[Any], row: Json | None) -> None:
        for name in case.path_parameters:
            if name == "figure_id":
                case.path_parameters[name] = self.random.choice(self.figures)["id"]
            elif name in {"country_code", "subject_code"}:
                case.path_parameters[name] = self.random.choice(COUNTRIES)
            elif name == "subject_type":
                case.path_parameters[name] = "country"
            elif row is not None and not (case.path.endswith(ENDINGS) and len(self.rows[noun_of(case)]) < FEW_ROWS):
                case.path_parameters[name] = row["id"]

    def _feed_headers(self, case: schemathesis.Case[Any], row: Json | None) -> None:
        has_version = row is not None and "}" in case.path
        if "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = f"{self.random.getrandbits(64):x}"
        if (case.method == "PATCH" or case.path.endswith((*CHANGES_OF_STATE, *ENDINGS))) and row is not None:
            case.headers["If-Match"] = f'"{row["version"]}"'
        elif case.method == "GET" and row is not None and has_version and self.random.random() < LEFT_ALONE:
            case.headers["If-None-Match"] = f'"{row["version"]}"'

    def _feed_query(self, query: Json, noun: str) -> None:
        query.pop("cursor", None)  # only one that was answered to the same question is good
        if query.get("validate_only") and self.random.random() > LEFT_ALONE:
            query["validate_only"] = False  # else half of all writes would leave nothing to refer to
        for name in list(query):
            if name in {"code", "parent_code"}:
                query[name] = [self._code(noun)]
            elif name == "currency":
                query[name] = ["USD"]
            elif name == "subject_type":
                query[name] = "country" if isinstance(query[name], str) else ["country"]
            elif name == "subject_code":
                query[name] = "MX" if isinstance(query[name], str) else ["MX"]
            elif name in {*CODES, *IDS, *COUNTRY_FIELDS}:
                query[name] = self._reference(name, query[name])
        if noun == "figures":
            self._name_one_subject(query)
        self._name_one_record(query)

    def _name_one_subject(self, query: Json) -> None:
        if "country_code" in query:
            query.pop("subject_type", None)
            query.pop("subject_code", None)
        else:
            query |= {"subject_type": "country", "subject_code": self.random.choice(COUNTRIES)}

    def _name_one_record(self, query: Json) -> None:
        if "subject" in query:
            noun = self.random.choice([one for one in self.rows if self.rows[one]])
            query["subject"] = f"{noun}/{self.random.choice(self.rows[noun])['id']}"
        if "after" in query:
            query["after"] = f"programs:{self.random.randrange(20)},gateway:{self.random.randrange(5)}"

    def _feed_body(self, case: schemathesis.Case[Any], noun: str) -> None:
        body: Json = self._fed(case.body)
        if case.method == "POST":
            body.pop("id", None)
            if "code" in body:
                self.made += 1
                body["code"] = f"{body['code'] or 'x'}"[:50] + f"_{self.made}"
        if body.get("parent_code") is not None:
            body["parent_code"] = self._code(noun)
        make_sense = SENSE.get(noun)
        if make_sense is not None:
            make_sense(self, body)
        case.body = body

    def _fed(self, value: Any, name: str = "") -> Any:
        if value is None:
            return None
        if name in {*CODES, *IDS, *COUNTRY_FIELDS}:
            return self._reference(name, value)
        if name == "currency":
            return "USD"
        if isinstance(value, dict):
            fed = {key: self._fed(inner, key) for key, inner in value.items() if key not in UNFED}
            return in_order(fed, "earliest", "latest")
        return [self._fed(inner) for inner in value] if isinstance(value, list) else value

    def _reference(self, name: str, value: Any) -> Any:
        """As many references as there were, each to another record."""
        if not isinstance(value, list):
            return self._one_reference(name)
        return list(dict.fromkeys(self._one_reference(name) for _ in value))

    def _one_reference(self, name: str) -> str:
        if name in COUNTRY_FIELDS:
            return self.random.choice(COUNTRIES)
        row = self._any(CODES[name]) if name in CODES else self._any(IDS[name])
        assert row is not None
        return str(row["code" if name in CODES else "id"])

    def _code(self, noun: str) -> str:
        row = self._any(noun)
        return str(row["code"]) if row and row.get("code") else "none"


def noun_of(case: schemathesis.Case[Any]) -> str:
    """The noun whose collection a request is about."""
    return case.path.split("/")[2]


def in_order(body: Json, first: str, last: str) -> Json:
    """`body` with two dates in their order."""
    if isinstance(body.get(first), str) and isinstance(body.get(last), str):
        body[first], body[last] = sorted((body[first], body[last]))
    return body


def _window(first: str, last: str) -> Callable[[Feed, Json], None]:
    def put_in_order(_feed: Feed, body: Json) -> None:
        in_order(body, first, last)

    return put_in_order


def _subject(_feed: Feed, body: Json) -> None:
    if "subject_type" in body:
        body |= {"subject_type": "country", "subject_code": "MX"}
    body |= {name: False for name in ("is_joint", "is_headline") if name in body}
    _rank(_feed, body)


def _rank(_feed: Feed, body: Json) -> None:
    if body.get("rank") == "preferred":  # one of a series and period at most
        body["rank"] = "normal"
    if body.get("rank") == "deprecated":
        body |= {"rank_reason": "A typing error."} if "series_code" in body or "topic" in body else {"reason": "Typo."}


def _figure(feed: Feed, body: Json) -> None:
    _rank(feed, body)
    if "bound" not in body:
        return
    body["supersedes"] = []
    number = body.get("value") or "505"
    given: Json = {"value": number, "value_min": None, "value_max": None}
    if body["bound"] == "unquantified":
        given = {"value": None, "value_min": None, "value_max": None, "qualifier": None}
    elif body["bound"] == "range":
        given = {"value": None, "value_min": number, "value_max": number}
    body |= given
    if body.get("as_of_latest") and not body.get("as_of_earliest"):
        body.pop("as_of_latest")
    in_order(body, "as_of_earliest", "as_of_latest")


def _program(_feed: Feed, body: Json) -> None:
    if "countries" in body:
        codes = dict.fromkeys(one["country_code"] for one in body["countries"])
        body["countries"] = [{"country_code": code} for code in codes]
        body["kind"] = "regional"
    body.pop("status", None)  # only some may follow the present one


def _course(_feed: Feed, body: Json) -> None:
    if body.get("qualifies_for_course_code"):
        body["type"] = "training_of_trainers"


def _person(_feed: Feed, body: Json) -> None:
    if "reason" in body:
        return
    body |= {"birth_date": None, "birth_precision": "not_recorded", "given_name": body.get("given_name") or "Synthetic"}


def _document(feed: Feed, body: Json) -> None:
    if "number" in body:
        feed.made += 1
        body |= {"type": "passport", "number": f"FUZZ {feed.made}"}


def _merge(feed: Feed, body: Json) -> None:
    if "canonical_person_id" in body:
        one, other = feed.random.sample(feed.rows["people"], 2)
        body |= {"person_id": one["id"], "canonical_person_id": other["id"]}


def _unit(_feed: Feed, body: Json) -> None:
    if "parent_id" in body:
        body["parent_id"] = None


def _vetting(feed: Feed, body: Json) -> None:
    if "reason" in body:
        return
    if "requested_on" in body:
        body |= {"requested_on": "2020-01-01", "person_id": feed.random.choice(feed.rows["people"])["id"]}
        body.pop("unit_id", None)
    else:
        body["result"] = "approved"
    body["result_on"] = None if body.get("result", "pending") == "pending" else "2020-02-01"


def _completion(feed: Feed, body: Json) -> None:
    if "enrollment_id" not in body:
        return
    completed = {row["enrollment_id"] for row in feed.rows["completions"]}
    waiting = [row["id"] for row in feed.rows["enrollments"] if row["id"] not in completed]
    body |= {"completed_on": "2020-01-31", "enrollment_id": (waiting or [body["enrollment_id"]])[0]}


def _training(_feed: Feed, body: Json) -> None:
    in_order(body, "starts_on", "ends_on")
    if body.get("headcount"):
        body["headcount"] |= {"total": 1_000_000, "female": 1, "male": 1}
    codes = body.get("co_provider_agency_codes")
    if codes:
        body["co_provider_agency_codes"] = [code for code in codes if code != body.get("provider_agency_code")]


def _enrollment(_feed: Feed, body: Json) -> None:
    if body.get("status") == "completed":
        body.pop("status")
    body.pop("vetting_basis", None)


def _session(feed: Feed, body: Json) -> None:
    lasting = {row["id"]: row for row in feed.rows["trainings"]}.get(str(body.get("training_id")))
    if lasting is not None:
        body["held_on"] = lasting["starts_on"]
    else:
        body.pop("held_on", None)
    if "hours" in body:
        body["hours"] = "8.00"


def _attendance(feed: Feed, body: Json) -> None:
    if "hours" in body:
        body["hours"] = "0.00"
    if "session_id" in body:
        taken = {(row["enrollment_id"], row["session_id"]) for row in feed.rows["attendances"]}
        for seat in feed.rows["enrollments"]:
            for held in feed.rows["training-sessions"]:
                if held["training_id"] == seat["training_id"] and (seat["id"], held["id"]) not in taken:
                    body |= {"enrollment_id": seat["id"], "session_id": held["id"]}


def _certification(_feed: Feed, body: Json) -> None:
    body |= {
        name: day
        for name, day in {
            "issued_on": "2019-01-31", "starts_on": "2020-01-31", "ends_on": "2020-02-29", "revoked_on": "2021-01-31",
        }.items()
        if name in body
    }  # fmt: skip
    body.pop("expires_on", None)
    if "kind" in body:
        body["is_provisional"] = True  # what is none cannot be confirmed


def _user(feed: Feed, body: Json) -> None:
    if "name" in body:
        feed.made += 1
        body |= {"name": f"Somebody {feed.made}", "issuer": None, "subject": None}


def _token(_feed: Feed, body: Json) -> None:
    body["role"] = "viewer"


def _entry(_feed: Feed, body: Json) -> None:
    body["effective_date"] = min(str(body["effective_date"]), "2020-01-31")  # nothing is recorded ahead
    # What it would refer to must fit in all.
    body |= {name: None for name in ("adjusts_entry_id", "reverses_entry_id") if name in body}
    if body.get("kind") == "cancellation_close":
        body["kind"] = "refund"


def _proposal(_feed: Feed, body: Json) -> None:
    if "kind" in body:
        said = {"kind": "allotment", "effective_date": "2012-03-01", "fund_line_code": "MX-2012"}
        body |= said | {name: None for name in body if name.endswith("_id")}


def _account(feed: Feed, body: Json) -> None:
    if "code" in body:
        body["code"] = f"{feed.made % 1000:03}-X-{feed.made // 1000:04}-000"
    in_order(body, "valid_from", "valid_to")


def _fund_line(_feed: Feed, body: Json) -> None:
    body |= {name: None for name in ("function_code", "initiative_code", "operating_unit_code") if name in body}
    if body.pop("treasury_account_code", None) and "code" in body:
        body["treasury_account_code"] = "011-X-1022-000"


def _agreement(feed: Feed, body: Json) -> None:
    if "to" in body:
        body["to"] = feed.random.choice(("cleared", "cleared", "withdrawn"))
    if "signed_on" in body:
        body["signed_on"] = "2019-01-01"
    if "type" in body:
        body |= {"awarding_agency_code": "US-NM-CD", "recipient_agency_code": "US-CO-DOC", "ceiling": None}
        body["parent_code"] = None
    elif "to" not in body and "party" not in body:  # of a signed one only these change
        kept = {name: body[name] for name in ("title", "purpose") if name in body}
        body.clear()
        body |= kept
    in_order(body, "starts_on", "ends_on")


def _amendment(_feed: Feed, body: Json) -> None:
    body |= {"kind": "scope", "signed_on": "2019-01-01", "amount": None, "ends_on": None}


def _line(_feed: Feed, body: Json) -> None:
    body["fund_line_code"] = "MX-2012"


def _exchange_rate(feed: Feed, body: Json) -> None:
    if "currency" in body:  # one of a currency and day stands
        feed.made += 1
        day = date(2000, 1, 1) + timedelta(days=feed.made)
        body |= {"currency": "MXN", "rate_date": day.isoformat()}


def _cost(feed: Feed, body: Json) -> None:
    if "reason" in body:
        return
    paid = [
        row for row in feed.rows["ledger-entries"] if row["kind"] == "disbursement" and not row["reverses_entry_id"]
    ]
    feed.made += 1
    body |= {"ledger_entry_id": feed.random.choice(paid)["id"], "target_kind": "equipment_lot", "percent": None}
    body |= {"training_id": None, "target_code": f"LOT-{feed.made}"}
    body["amount"] = {"amount": "0.01", "currency": "USD"}


def _contribution(feed: Feed, body: Json) -> None:
    if "reason" in body:
        return
    if "to" in body:
        body |= {"to": feed.random.choice(("delivered", "delivered", "lapsed")), "stage_on": "2016-01-01"}
        body |= {name: None for name in ("amount", "evidence_grade") if name in body}
    elif "stage_on" in body:
        body |= {"stage_on": "2015-01-01", "stream": "host", "agreement_code": None, "function_code": None}
        body["valuation_method"] = "By the day"
    if "evidence_grade" in body:
        body |= {"evidence_grade": "documented", "document_reference": "Report 1"}
    for name in ("valuation_method", "document_reference"):  # which what was documented, or in kind, cannot be without
        if name in body:
            body[name] = body[name] or "Report 1"
    in_order(body, "starts_on", "ends_on")


SENSE: Final[dict[str, Callable[[Feed, Json], None]]] = {
    "attendances": _attendance,
    "certifications": _certification,
    "completions": _completion,
    "courses": _course,
    "coverage-declarations": _window("complete_from", "complete_to"),
    "enrollments": _enrollment,
    "identity-documents": _document,
    "agreement-amendments": _amendment,
    "agreement-lines": _line,
    "agreements": _agreement,
    "entry-proposals": _proposal,
    "cost-allocations": _cost,
    "exchange-rates": _exchange_rate,
    "fund-codes": _window("valid_from", "valid_to"),
    "fund-lines": _fund_line,
    "host-contributions": _contribution,
    "ledger-entries": _entry,
    "merges": _merge,
    "people": _person,
    "programs": _program,
    "reported-figures": _figure,
    "series": _subject,
    "sources": _window("as_of_earliest", "as_of_latest"),
    "statements": _subject,
    "tokens": _token,
    "training-sessions": _session,
    "trainings": _training,
    "treasury-accounts": _account,
    "units": _unit,
    "users": _user,
    "vetting-records": _vetting,
}
