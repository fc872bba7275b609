"""Only the gateway's tokens open a service, and only for a minute."""

import base64
import hmac
import json
import time
from typing import Any

import pytest
from chassis.errors import Forbidden, Unauthenticated
from chassis.testing import Api, caller
from chassis.testing.contract import problem_fault
from chassis.tokens import AUDIENCE, ISSUER, LEEWAY_SECONDS, LIFETIME_SECONDS, bearer_of, mint_token, verify_token
from joserfc import jwt
from joserfc.jwk import OKPKey

KEY = OKPKey.generate_key("Ed25519")
PUBLIC = OKPKey.import_key(KEY.as_pem(private=False))


def claims(**over: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 60,
        "sub": "u1",
        "name": "Synthetic Person 1",
        "role": "officer",
        "countries": ["MX"],
        "rid": "r",
    } | over
    return {name: value for name, value in whole.items() if value is not None}


def signed(given: dict[str, Any], key: OKPKey = KEY, **header: Any) -> str:
    return jwt.encode({"alg": "Ed25519"} | header, given, key, algorithms=["Ed25519"])


def segment(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def test_minted_token_names_the_caller() -> None:
    who = caller("officer", "MX", "PK")
    assert verify_token(PUBLIC, mint_token(KEY, who, "r")) == who
    assert verify_token(PUBLIC, signed(claims())).countries == {"MX"}
    assert verify_token(PUBLIC, signed(claims())).vetting == set()
    vetter = caller("officer", "MX", "PK", vetting=["PK"])
    assert verify_token(PUBLIC, mint_token(KEY, vetter, "r")) == vetter
    assert (vetter.may_vet("PK"), vetter.may_vet("MX")) == (True, False)
    assert caller("officer", "*", vetting=["*"]).may_vet("MX")
    with pytest.raises(Forbidden, match="is_vetting"):
        vetter.require_vetting("MX")


@pytest.mark.parametrize(
    "over",
    [
        {"exp": int(time.time()) - LEEWAY_SECONDS - 5},
        {"iat": int(time.time()) + 3600, "exp": int(time.time()) + 3660},
        {"nbf": int(time.time()) + 3600},
        {"aud": "tributary-gateway"},
        {"aud": None},
        {"iss": "somebody"},
        {"iss": None},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"name": None},
        {"role": None},
        {"countries": None},
        {"countries": 7},
        {"exp": "soon"},
    ],
)
def test_token_that_is_late_early_foreign_or_incomplete_is_refused(over: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        verify_token(PUBLIC, signed(claims(**over)))


def test_token_lives_a_minute_and_a_little() -> None:
    minted = jwt.decode(mint_token(KEY, caller(), "r"), PUBLIC, algorithms=["Ed25519"]).claims
    assert minted["exp"] - minted["iat"] == LIFETIME_SECONDS == 60
    assert LEEWAY_SECONDS <= 30


def test_token_of_another_key_is_refused() -> None:
    with pytest.raises(Unauthenticated):
        verify_token(PUBLIC, signed(claims(), OKPKey.generate_key("Ed25519")))


def test_unsigned_token_is_refused() -> None:
    for header in ({"alg": "none"}, {"alg": "None"}, {"alg": "Ed25519"}, {}):
        for signature in ("", "AAAA"):
            with pytest.raises(Unauthenticated):
                verify_token(PUBLIC, f"{segment(header)}.{segment(claims())}.{signature}")


def test_token_signed_with_the_public_key_as_a_password_is_refused() -> None:
    text = f"{segment({'alg': 'HS256'})}.{segment(claims())}"
    for password in (KEY.as_pem(private=False), base64.urlsafe_b64decode(KEY.as_dict(private=False)["x"] + "=")):
        signature = base64.urlsafe_b64encode(hmac.digest(password, text.encode(), "sha256")).decode().rstrip("=")
        with pytest.raises(Unauthenticated):
            verify_token(PUBLIC, f"{text}.{signature}")


def test_token_whose_claims_were_changed_is_refused() -> None:
    head, _, signature = signed(claims()).split(".")
    with pytest.raises(Unauthenticated):
        verify_token(PUBLIC, f"{head}.{segment(claims(role='admin'))}.{signature}")


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "\0", "." * 9, "e30.e30.e30"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(Unauthenticated):
        verify_token(PUBLIC, token)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic dTpw", "token abc", "Bearerabc"])
def test_header_without_a_bearer_token_is_refused(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        bearer_of(header)


def test_bearer_is_read_in_any_case() -> None:
    assert bearer_of("bearer  abc ") == "abc"


async def test_refused_token_is_a_problem(api: Api) -> None:
    for authorization in ("Bearer a.b.c", f"Bearer {signed(claims())}", "Basic dTpw"):
        answer = await api.anonymous().get("/v1/things", headers={"Authorization": authorization})
        assert problem_fault(answer, 401, "unauthenticated") is None
        assert answer.headers["www-authenticate"] == "Bearer"


def test_grants() -> None:
    officer, everywhere = caller("officer", "MX"), caller("officer", "*")
    assert (officer.may_see("MX"), officer.may_see("PK"), everywhere.may_see("PK")) == (True, False, True)
    officer.require_role("analyst", "officer")
    officer.require_country("PK", "MX")
    everywhere.require_country("PK")
    for refused in (
        lambda: officer.require_role("analyst"),
        lambda: officer.require_country("PK"),
        officer.require_country,
        lambda: caller("officer").require_country("MX"),
    ):
        with pytest.raises(Forbidden):
            refused()
