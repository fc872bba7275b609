"""Courses and trainings: what may be recorded, and who may record it."""

from typing import Any

from chassis.testing.voids import STANDS

COURSE = {
    "code": "ACADEMY-INSTRUCTORS",
    "title": "Academy instructor course",
    "type": "training_of_trainers",
    "qualifies_for_course_code": None,
    "topics": ["use of force"],
    "designed_hours": 240,
}


async def test_created_course_is_read_back_whole(office: Any) -> None:
    made = await office.post("courses", COURSE)
    assert made == {
        **COURSE,
        "id": made["id"],
        "version": 1,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
    }
    read = await office.api.viewer().get(f"/v1/courses/{made['id']}")
    assert (read.status_code, read.json(), read.headers["etag"]) == (200, made, '"1"')
    found = (await office.api.viewer().get("/v1/courses?code=ACADEMY-INSTRUCTORS&topic=use of force&topic=x")).json()
    assert found == {"items": [made], "next_cursor": None, "next": None, "total_count": None}


BAD_COURSES = [
    ({"type": "tot"}, 422, "#/type", "enum"),
    ({"qualifies_for_course_code": "NONE"}, 422, "#/qualifies_for_course_code", "unknown_code"),
    ({"qualifies_for_course_code": "ACADEMY-INSTRUCTORS"}, 422, "#/qualifies_for_course_code", "itself"),
    (
        {"type": "basic", "qualifies_for_course_code": "BASIC"},
        422,
        "#/qualifies_for_course_code",
        "only_training_of_trainers",
    ),
    ({"designed_hours": 0}, 422, "#/designed_hours", "greater_than_equal"),
    ({"code": "BASIC"}, 409, "#/code", "uq_courses_code"),
]  # fmt: skip


async def test_bad_course_names_what_is_wrong(office: Any) -> None:
    await office.course(code="BASIC")
    for change, status, pointer, code in BAD_COURSES:
        answer = await office.api.officer().post("/v1/courses", json=COURSE | change)
        assert answer.status_code == status, answer.text
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]


async def test_course_change_keeps_its_rules(office: Any) -> None:
    basic = await office.course(code="BASIC")
    trainers = await office.post("courses", COURSE | {"qualifies_for_course_code": "BASIC"})
    address = f"/v1/courses/{trainers['id']}"
    refused = await office.api.officer().patch(address, json={"type": "basic"}, headers={"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/qualifies_for_course_code")
    body = {"type": "basic", "qualifies_for_course_code": None}
    changed = await office.api.officer().patch(address, json=body, headers={"If-Match": '"1"'})
    assert changed.json() == trainers | body | {"version": 2, "updated_at": changed.json()["updated_at"]}
    stale = await office.api.officer().patch(address, json={"title": "x"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["current_version"]) == (412, 2)
    blind = await office.api.officer().patch(f"/v1/courses/{basic['id']}", json={"title": "x"})
    assert blind.status_code == 428


async def test_created_training_is_read_back_whole(office: Any) -> None:
    course = await office.course()
    body = {
        "code": "NM-2009-1",
        "course_code": course["code"],
        "title": "First class",
        "program_code": "MX-CORR",
        "provider_agency_code": "US-NM-CD",
        "host_country_code": "US",
        "beneficiary_country_codes": ["MX", "GT"],
        "starts_on": "2009-03-15",
        "ends_on": "2009-04-24",
        "venue_kind": "united_states",
        "venue": "Santa Fe, New Mexico",
        "course_version_id": None,
        "cohort": "International Class 1",
        "co_provider_agency_codes": ["US-CO-DOC"],
        "funder_agency_codes": ["US-BOP", "US-NM-CD"],
        "language_code": "es-MX",
        "delivery_mode": "blended",
        "capacity": 30,
        "status": "reported",
        "headcount": {"total": 24, "female": 3},
    }
    made = await office.post("trainings", body)
    assert made == {
        **body,
        **STANDS,
        "headcount": {"total": 24, "female": 3, "male": 0, "not_recorded": 21},
        "status_note": None,
        "id": made["id"],
        "version": 1,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
    }
    read = await office.api.viewer().get(f"/v1/trainings/{made['id']}")
    assert (read.status_code, read.json(), read.headers["etag"]) == (200, made, '"1"')


async def test_trainings_are_found_by_each_of_their_filters(office: Any) -> None:
    await office.training(code="A", title="Alpha", starts_on="2010-01-01", ends_on="2010-01-02")
    await office.training(
        code="B",
        provider_agency_code="US-CO-DOC",
        program_code=None,
        host_country_code="GE",
        beneficiary_country_codes=["GE", "AM"],
        starts_on="2012-01-01",
        ends_on="2012-02-01",
        venue_kind="host_country",
    )
    for query, expected in {
        "": ["B", "A"],
        "sort=starts_on": ["A", "B"],
        "code=A": ["A"],
        "q=alph": ["A"],
        "provider_agency_code=US-CO-DOC": ["B"],
        "program_code=MX-CORR": ["A"],
        "program_code_is_null=true": ["B"],
        "host_country_code=GE&host_country_code=US": ["B", "A"],
        "beneficiary_country_code=AM&beneficiary_country_code=FR": ["B"],
        "venue_kind=united_states": ["A"],
        "starts_on_gte=2010-01-02": ["B"],
        "ends_on_lte=2010-01-02": ["A"],
        "starts_on_lte=2009-12-31": [],
    }.items():
        page = (await office.api.viewer().get(f"/v1/trainings?{query}")).json()
        assert [one["code"] for one in page["items"]] == expected, query
    csv = await office.api.viewer().get("/v1/trainings?format=csv")
    assert (csv.status_code, csv.text.count("\r\n")) == (200, 3)


BAD_TRAININGS = [
    ({"ends_on": "2009-03-14"}, 422, "#/ends_on", "before_start"),
    ({"beneficiary_country_codes": []}, 422, "#/beneficiary_country_codes", "too_short"),
    ({"beneficiary_country_codes": ["MX", "MX"]}, 422, "#/beneficiary_country_codes", "value_error"),
    ({"beneficiary_country_codes": ["MX", "Chile"]}, 422, "#/beneficiary_country_codes/1", "value_error"),
    ({"course_code": "NONE"}, 422, "#/course_code", "unknown_code"),
    ({"venue_kind": "abroad"}, 422, "#/venue_kind", "enum"),
    ({"provider_agency_code": None}, 422, "#/provider_agency_code", "string_type"),
    ({"code": "TAKEN"}, 409, "#/code", "uq_trainings_code"),
]  # fmt: skip


async def test_bad_training_names_what_is_wrong(office: Any) -> None:
    taken = await office.training(code="TAKEN")
    body = {
        key: taken[key]
        for key in taken
        if key not in {"id", "version", "created_at", "updated_at", "code", "status_note", *STANDS}
    }
    for change, status, pointer, code in BAD_TRAININGS:
        answer = await office.api.officer().post("/v1/trainings", json=body | change)
        assert answer.status_code == status, answer.text
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]


async def test_training_is_written_with_a_grant_for_one_of_its_countries(office: Any) -> None:
    course = await office.course()
    body = {
        "course_code": course["code"],
        "provider_agency_code": "US-NM-CD",
        "host_country_code": "US",
        "beneficiary_country_codes": ["MX", "GT"],
        "starts_on": "2009-03-15",
        "ends_on": "2009-04-24",
        "venue_kind": "united_states",
    }
    for client in (office.api.viewer(), office.api.analyst(), office.api.admin(), office.api.officer("GE")):
        assert (await client.post("/v1/trainings", json=body)).status_code == 403
    made = (await office.api.officer("GT").post("/v1/trainings", json=body)).json()
    address = f"/v1/trainings/{made['id']}"
    match = {"If-Match": '"1"'}
    foreign = await office.api.officer("GE").patch(address, json={"title": "x"}, headers=match)
    assert foreign.status_code == 403
    # Nobody takes a record along to a country of their own, or gives one away to a country that is not theirs.
    away = {"host_country_code": "GE", "beneficiary_country_codes": ["GE"]}
    assert (await office.api.officer("MX").patch(address, json=away, headers=match)).status_code == 403
    assert (await office.api.officer("GE").patch(address, json=away, headers=match)).status_code == 403
    moved = await office.api.officer("MX", "GE").patch(address, json=away, headers=match)
    assert moved.json() == made | away | {"version": 2, "updated_at": moved.json()["updated_at"]}
    # Courses belong to no country: any officer writes them.
    assert (await office.api.officer("GE").post("/v1/courses", json=COURSE)).status_code == 201
    assert (await office.api.analyst().post("/v1/courses", json=COURSE)).status_code == 403


async def test_training_change_is_checked_against_what_stays(office: Any) -> None:
    training = await office.training()
    address = f"/v1/trainings/{training['id']}"
    match = {"If-Match": '"1"'}
    for body, pointer, code in (
        ({"starts_on": "2009-04-25"}, "#/ends_on", "before_start"),
        ({"course_code": "NONE"}, "#/course_code", "unknown_code"),
        ({"provider_agency_code": None}, "#/provider_agency_code", "string_type"),
        ({"code": "NEW"}, "#/code", "unknown_field"),
    ):
        answer = await office.api.officer().patch(address, json=body, headers=match)
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)], answer.text
    body = {"program_code": None, "provider_agency_code": "US-CO-DOC", "ends_on": "2009-05-01", "venue": "Cañon City"}
    changed = await office.api.officer().patch(address, json=body, headers=match)
    assert changed.json() == training | body | {"version": 2, "updated_at": changed.json()["updated_at"]}


async def test_training_does_not_move_past_its_completions(office: Any) -> None:
    training = await office.training()
    await office.completed(training, await office.person(), "2009-04-01")
    address = f"/v1/trainings/{training['id']}"
    same_day = await office.api.officer().patch(address, json={"starts_on": "2009-04-01"}, headers={"If-Match": '"1"'})
    assert same_day.status_code == 200
    later = await office.api.officer().patch(address, json={"starts_on": "2009-04-02"}, headers={"If-Match": '"2"'})
    assert (later.status_code, later.json()["errors"][0]["pointer"]) == (422, "#/starts_on")
