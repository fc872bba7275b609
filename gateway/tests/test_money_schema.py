"""No sum of money outside the one schema: each names its stage, tier, currency, boundary, day, rule and entries."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

OPENAPI: Final = Path(__file__).parents[2] / "openapi"
TOTAL: Final = {
    "stage", "label", "tier", "currency", "amount", "entries", "boundary", "as_of", "rule", "entries_url",
}  # fmt: skip
# Money that is recorded of one thing and summed of nothing, by schema and field. An agreement's present ceiling is the
# signed one with its amendments: a limit, not money of the ledger.
RECORDED: Final = {
    ("AgreementAmendmentCreate", "amount"),
    ("AgreementAmendmentRead", "amount"),
    ("AgreementCreate", "ceiling"),
    ("AgreementRead", "ceiling"),
    ("AgreementRead", "current_ceiling"),
    ("AgreementUpdate", "ceiling"),
    ("CostAllocationCreate", "amount"),
    ("CostAllocationRead", "amount"),
    ("CostAllocationRead", "disbursed"),
    ("EntryProposalCreate", "amount"),
    ("EntryProposalRead", "amount"),
    ("HostContributionCreate", "amount"),
    ("HostContributionRead", "pledged"),
    ("HostContributionRead", "delivered"),
    ("HostContributionRead", "verified"),
    ("HostContributionTransition", "amount"),
    ("LedgerEntryCreate", "amount"),
    ("LedgerEntryRead", "amount"),
    ("LedgerEntryRead", "signed"),
}
# Money of others is no money of ours: its sums name whose word it is and how good the evidence, and what it is in dollars.
OF_OTHERS: Final = {
    "HostTotalRead": {
        "stream", "stage", "currency", "evidence_grade", "claimants", "amount", "converted", "contributions", "boundary",
        "as_of", "rule", "contributions_url",
    },
    "ConvertedRead": {"amount", "rates", "rule"},
    "RateUsed": {"currency", "units_per_usd", "rate_date", "rate_source", "original", "converted"},
}  # fmt: skip
DOCUMENTS: Final = sorted(path.name for path in OPENAPI.glob("*.json"))


def refs_of(schema: Any) -> Iterator[str]:
    """The names of the schemas that a schema is made of."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        for part in schema.values():
            yield from refs_of(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from refs_of(part)


def faults_of(document: dict[str, Any]) -> list[str]:
    """The fields in which a document has money outside the schema of totals."""
    schemas = document["components"]["schemas"]
    money = {name for name, one in schemas.items() if set(one.get("properties", ())) == {"amount", "currency"}}
    found = []
    for name, schema in schemas.items():
        fields = schema.get("properties", {})
        if name in OF_OTHERS and set(fields) == set(schema["required"]) == OF_OTHERS[name]:
            continue
        if "entries_url" in fields and "tier" in fields and (set(fields) != TOTAL or set(schema["required"]) != TOTAL):
            found.append(f"{name} is a total of another form")
        for field, said in fields.items():
            is_money = not money.isdisjoint(refs_of(said))
            is_bare = name not in money and field in {"amount", "sum", "balance"} and not is_money
            if (is_money and set(fields) != TOTAL and (name, field) not in RECORDED) or is_bare:
                found.append(f"{name}.{field}")
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_service_answers_a_sum_of_money_outside_the_schema_of_totals(name: str) -> None:
    assert faults_of(json.loads((OPENAPI / name).read_text())) == []


def test_a_sum_outside_the_schema_is_found() -> None:
    document = json.loads((OPENAPI / "tributary.json").read_text())
    schemas = document["components"]["schemas"]
    schemas["StatusOfFundsRow"]["properties"]["left"] = {"anyOf": [{"$ref": "#/components/schemas/MoneyRead"}]}
    schemas["PipelineRow"]["properties"]["sum"] = {"type": "string"}
    del schemas["StageTotalRead"]["properties"]["boundary"]
    assert {"StatusOfFundsRow.left", "PipelineRow.sum", "StageTotalRead is a total of another form"} <= set(
        faults_of(document)
    )
