"""What is known of a document's date ends up as the label of a figure's, which holds less."""

from typing import Any, Final

from chassis.testing import Api

SOURCE: Final[dict[str, Any]] = {
    "code": "page", "title": "A page", "publisher": "A bureau", "kind": "web_page", "confidence": "low",
    "as_of_earliest": "2015-10-07",
}  # fmt: skip
MEASURE: Final[dict[str, Any]] = {
    "code": "instructors_trained", "label": "Instructors trained", "unit": "persons", "kind": "count",
    "basis": "cumulative", "additivity": "non_additive", "counting_rule": "Distinct persons.",
    "owner_service": "trainings",
}  # fmt: skip
SERIES: Final[dict[str, Any]] = {
    "code": "mx-instructors", "label": "Instructors", "measure_code": "instructors_trained", "subject_type": "country",
    "subject_code": "MX",
}  # fmt: skip
FIGURE: Final[dict[str, Any]] = {
    "series_code": "mx-instructors", "value": "505", "bound": "gt", "text": "More than 505.", "source_code": "page",
}  # fmt: skip


async def test_longest_guess_and_label_can_be_shown(api: Api) -> None:
    officer = api.officer()
    source = SOURCE | {"as_of_best": "g" * 180}
    for noun, body in (("sources", source), ("measures", MEASURE), ("series", SERIES)):
        assert (await officer.post(f"/v1/{noun}", json=body)).status_code == 201
    labels = []
    for window in ({}, {"as_of_earliest": "2016-01-01", "as_of_label": "l" * 200}):
        answer = await officer.post("/v1/reported-figures", json=FIGURE | window)
        assert answer.status_code == 201, answer.text
        labels.append(answer.json()["as_of"]["label"])
    assert labels == ["best guess " + "g" * 180, "l" * 200]


async def test_longer_guess_or_label_is_refused(api: Api) -> None:
    officer = api.officer()
    refused = [
        await officer.post("/v1/sources", json=SOURCE | {"as_of_best": "g" * 181}),
        await officer.post("/v1/reported-figures", json=FIGURE | {"as_of_label": "l" * 201}),
    ]
    assert [(one.status_code, one.json()["errors"][0]["pointer"]) for one in refused] == [
        (422, "#/as_of_best"),
        (422, "#/as_of_label"),
    ]
