"""Access tokens of an OpenID Connect issuer: those of a real provider hold, and nothing that only looks like one does."""

import base64
import hashlib
import hmac
import json
import re
import secrets
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from chassis.errors import Unauthenticated, Unavailable
from chassis.testing import ACTING, Database
from chassis.testing.node import find_node, install_node_folder
from chassis.tokens import verify_token
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI
from gateway.app import create_app
from gateway.clients import IssuerClient, IssuerDown
from gateway.issuer import Issuer, PublishedKeys, import_keys
from gateway.settings import ALGORITHMS
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from sqlalchemy import text

from gateway import issuer as rules

CHECKOUT = Path(__file__).parents[2]
AUDIENCE = "https://tributary.example/api"
REQUEST_ID = "01920000-0000-7000-8000-000000000001"
Make = Callable[["Forge"], str]


class Provider:
    """The provider of gateway/tests/oidc, running: tokens of it, and its keys."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._read()

    def _read(self) -> None:
        assert self._process.stdout is not None
        line = ""
        while not line.startswith("{"):  # it gives advice too
            line = self._process.stdout.readline()
            assert line, "the provider has ended"
        said = json.loads(line)
        self.issuer: str = said["issuer"]
        self.keys: dict[str, dict[str, Any]] = {key["kid"]: key for key in said["keys"]}

    def rotate(self, key_id: str) -> None:
        """Sign with a new key from now on, and withdraw the first."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{key_id}\n")
        self._process.stdin.flush()
        self._read()

    def script_token(self, audience: str = AUDIENCE) -> str:
        """The access token of a script that signs in with its own secret."""
        answer = httpx.post(
            f"{self.issuer}/token",
            auth=("script", "secret"),
            data={"grant_type": "client_credentials", "resource": audience, "scope": "read"},
        )
        return str(answer.json()["access_token"])

    def sign_in(self, subject: str) -> dict[str, str]:
        """The tokens that a person gets by signing in with a browser: authorization code, PKCE, consent."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        back = f"{self.issuer}/back"
        asked = {
            "client_id": "web", "redirect_uri": back, "response_type": "code", "scope": "openid read",
            "resource": AUDIENCE, "code_challenge": challenge, "code_challenge_method": "S256", "nonce": "n", "state": "s",
        }  # fmt: skip
        with httpx.Client() as browser:
            answer = browser.get(f"{self.issuer}/auth", params=asked)
            while not (address := str(answer.headers.get("location", ""))).startswith(back):
                if answer.is_redirect:
                    answer = browser.get(answer.url.join(address))
                    continue
                form = re.search(r'<form[^>]* action="([^"]+)"', answer.text)
                prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)
                assert form, answer.text
                assert prompt, answer.text
                filled = {"prompt": prompt[1], "login": subject, "password": "any"}
                answer = browser.post(answer.url.join(form[1]), data=filled)
            code = httpx.URL(address).params["code"]
            proof = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
            given = browser.post(
                f"{self.issuer}/token", auth=("web", "secret"), data=proof | {"resource": AUDIENCE}
            ).json()
        assert set(given) >= {"access_token", "id_token"}, given
        return dict(given)


@contextmanager
def running_provider() -> Iterator[Provider]:
    folder = install_node_folder(Path(__file__).parent / "oidc", CHECKOUT / "build")
    process = subprocess.Popen(
        [str(find_node()), "provider.mjs"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            yield Provider(process)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """The provider that tests share: none changes it."""
    with running_provider() as running:
        yield running


class Forge:
    """Signs anything, with the provider's own key unless told otherwise."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.key = RSAKey.import_key(provider.keys["first"])
        self.other = RSAKey.generate_key(2048)

    def header(self, **over: Any) -> dict[str, Any]:
        """A header as it should be, but for `over`."""
        return without_none({"alg": "RS256", "typ": "at+jwt", "kid": "first"} | over)

    def claims(self, **over: Any) -> dict[str, Any]:
        """Claims as they should be, but for `over`."""
        now = int(time.time())
        return without_none(
            {"iss": self.provider.issuer, "sub": "ana", "aud": AUDIENCE, "iat": now, "exp": now + 600} | over
        )

    def sign(
        self, header: dict[str, Any] | str, claims: dict[str, Any] | str, key: Any = None, alg: str = "RS256"
    ) -> str:
        """Header and claims as they are given, signed."""
        message = f"{encode(header)}.{encode(claims)}"
        signature = JWSRegistry.algorithms[alg].sign(message.encode(), key or self.key)
        return f"{message}.{encode_bytes(signature)}"

    def claiming(self, **claims: Any) -> str:
        """A token with other claims."""
        return self.sign(self.header(), self.claims(**claims))

    def headed(self, **header: Any) -> str:
        """A token with another header."""
        return self.sign(self.header(**header), self.claims())

    def public_pem(self) -> bytes:
        """What everybody knows of the key."""
        return self.key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def shared(self, secret: bytes) -> str:
        """A token whose signature anybody with `secret` can make."""
        message = f"{encode(self.header(alg='HS256'))}.{encode(self.claims())}"
        return f"{message}.{encode_bytes(hmac.digest(secret, message.encode(), 'sha256'))}"


def without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def encode(part: dict[str, Any] | str) -> str:
    return encode_bytes((part if isinstance(part, str) else json.dumps(part)).encode())


def encode_bytes(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


@pytest.fixture
def forge(provider: Provider) -> Forge:
    return Forge(provider)


def configure(environment: pytest.MonkeyPatch, issuer: str, **over: str) -> None:
    environment.setenv("TRIBUTARY_ISSUER_URL", issuer)
    environment.setenv("TRIBUTARY_ISSUER_AUDIENCE", AUDIENCE)
    for name, value in over.items():
        environment.setenv(name, value)


@pytest.fixture
def app(database: Database, service_environment: pytest.MonkeyPatch, provider: Provider) -> FastAPI:
    """The gateway, told of the provider. Not running yet."""
    configure(service_environment, provider.issuer)
    return create_app()


class Gate:
    """A running gateway, and users of it."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    async def add_user(self, issuer: str, subject: str, role: str = "viewer", *countries: str) -> None:
        """Let somebody in, as an administrator would."""
        async with self.app.state.engine.begin() as connection:
            await connection.execute(text(ACTING))
            user = {"name": f"{subject} of {issuer}", "role": role, "issuer": issuer, "subject": subject}
            user_id = await connection.scalar(
                text(
                    "INSERT INTO users (name, kind, role, issuer, subject)"
                    " VALUES (:name, 'person', :role, :issuer, :subject) RETURNING id"
                ),
                user,
            )
            for code in countries:
                await connection.execute(
                    text("INSERT INTO grants (user_id, country_code) VALUES (:user_id, :code)"),
                    {"user_id": user_id, "code": code},
                )

    async def run(self, statement: str) -> None:
        """Change something behind its back."""
        async with self.app.state.engine.begin() as connection:
            await connection.execute(text(ACTING))
            await connection.execute(text(statement))

    async def get(self, token: str, address: str = "/v1/tokens", scheme: str = "Bearer") -> httpx.Response:
        """The answer to whoever has `token`."""
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        headers = {"Authorization": f"{scheme} {token}", "X-Request-Id": REQUEST_ID}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            return await client.get(address)

    def note_callers(self) -> list[Any]:
        """Whom the services are told that each request acts for, from now on."""
        callers: list[Any] = []

        def answer(request: httpx.Request) -> httpx.Response:
            token = request.headers["authorization"].partition(" ")[2]
            callers.append(verify_token(self.app.state.token_public_key, token))
            return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

        transport = httpx.MockTransport(answer)
        self.app.state.services._clients["programs"] = httpx.AsyncClient(transport=transport, base_url="http://service")
        return callers


@pytest.fixture
async def gate(app: FastAPI, provider: Provider) -> AsyncIterator[Gate]:
    async with app.router.lifespan_context(app):
        made = Gate(app)
        await made.add_user(provider.issuer, "ana", "officer", "GE", "MX")
        yield made


def problem(status: int, code: str, title: str, detail: str) -> dict[str, Any]:
    return {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "instance": "/v1/tokens",
        "request_id": REQUEST_ID,
        "errors": [],
    }


def refusal(provider: Provider, detail: str | None = None) -> dict[str, Any]:
    refused = f"The token is not a valid access token of {provider.issuer}. Sign in there again."
    return problem(401, "unauthenticated", "Sign in first", detail or refused)


async def test_person_who_signed_in_calls_as_the_user_that_an_administrator_made(
    gate: Gate, provider: Provider
) -> None:
    callers = gate.note_callers()
    tokens = provider.sign_in("ana")
    assert (await gate.get(tokens["access_token"], "/v1/agencies")).status_code == 200
    basic = base64.b64encode(f"ana@example.org:{tokens['access_token']}".encode()).decode()
    assert (await gate.get(basic, "/v1/agencies", "Basic")).status_code == 200
    # The provider's own claims say administrator of everything. They are not asked.
    assert [(one.role, sorted(one.countries)) for one in callers] == [("officer", ["GE", "MX"])] * 2
    assert (await gate.get(tokens["access_token"], "/v1/users")).status_code == 403


async def test_script_signs_in_with_its_own_secret(gate: Gate, provider: Provider) -> None:
    token = provider.script_token()
    assert (await gate.get(token)).json()["code"] == "unknown_user"
    await gate.add_user(provider.issuer, "script")
    assert (await gate.get(token)).status_code == 200


async def test_id_token_is_no_access_token(gate: Gate, provider: Provider) -> None:
    answer = await gate.get(provider.sign_in("ana")["id_token"])
    assert (answer.status_code, answer.json()) == (401, refusal(provider))


async def test_token_for_another_api_of_the_issuer_is_refused(gate: Gate, provider: Provider) -> None:
    answer = await gate.get(provider.script_token("https://other.example/api"))
    detail = f"The token is for another audience. Ask {provider.issuer} for one for {AUDIENCE}."
    assert (answer.status_code, answer.json()) == (401, refusal(provider, detail))


async def test_somebody_unknown_is_told_whom_to_ask_for_what(gate: Gate, provider: Provider) -> None:
    answer = await gate.get(provider.sign_in("bea")["access_token"])
    detail = (
        "You signed in, but nobody has made you a user here. Ask an administrator to add a user with the issuer "
        f"{provider.issuer} and the subject bea."
    )
    expected = problem(403, "unknown_user", "You are signed in, but not a user here", detail)
    assert (answer.status_code, answer.json()) == (403, expected)


async def test_user_is_found_by_issuer_and_subject_and_never_by_name(gate: Gate, forge: Forge) -> None:
    await gate.add_user("https://elsewhere.example", "eve", "admin")
    for claims in ({"sub": "eve"}, {"sub": "eve", "email": "ana", "name": "ana", "preferred_username": "ana"}):
        answer = await gate.get(forge.claiming(**claims))
        assert (answer.status_code, answer.json()["code"]) == (403, "unknown_user")


async def test_access_ends_and_changes_with_the_next_request(gate: Gate, forge: Forge) -> None:
    token = forge.claiming()
    assert (await gate.get(token, "/v1/users")).status_code == 403
    await gate.run("UPDATE users SET role = 'admin'")
    assert (await gate.get(token, "/v1/users")).status_code == 200
    await gate.run("UPDATE users SET is_active = false")
    detail = "You signed in, but an administrator has ended your access. Ask one to give it back."
    expected = problem(403, "unknown_user", "You are signed in, but not a user here", detail)
    answer = await gate.get(token)
    assert (answer.status_code, answer.json()) == (403, expected)


GOOD: dict[str, Make] = {
    "as it should be": lambda forge: forge.claiming(),
    "several audiences": lambda forge: forge.claiming(aud=["https://other.example", AUDIENCE]),
    "plain JWT": lambda forge: forge.headed(typ="JWT"),
    "the long type": lambda forge: forge.headed(typ="application/at+jwt"),
    "fractions of seconds": lambda forge: forge.claiming(exp=time.time() + 9.5, iat=time.time() - 0.5),
    "clocks that differ a little": lambda forge: forge.claiming(exp=int(time.time()) - 10, nbf=int(time.time()) + 10),
    "unknown header": lambda forge: forge.headed(x="y", jwk=forge.other.as_dict(private=False)),
}


async def test_good_tokens_hold(gate: Gate, forge: Forge) -> None:
    statuses = {name: (await gate.get(make(forge))).status_code for name, make in GOOD.items()}
    assert statuses == dict.fromkeys(GOOD, 200)


EXPIRED = "The token has expired. Sign in again at {issuer}."
EARLY = "The token does not hold yet. Are the clocks right?"
FOREIGN = "The token is for another audience. Ask {issuer} for one for " + AUDIENCE + "."
HOSTILE: dict[str, tuple[Make, str | None]] = {
    "another issuer": (lambda f: f.claiming(iss="https://elsewhere.example"), None),
    "the issuer but for a slash": (lambda f: f.claiming(iss=f.provider.issuer + "/"), None),
    "no issuer": (lambda f: f.claiming(iss=None), None),
    "a list of issuers": (lambda f: f.claiming(iss=[f.provider.issuer]), None),
    "no audience": (lambda f: f.claiming(aud=None), FOREIGN),
    "another audience": (lambda f: f.claiming(aud="https://other.example/api"), FOREIGN),
    "audiences without us": (lambda f: f.claiming(aud=["a", "b"]), FOREIGN),
    "our name in a longer one": (lambda f: f.claiming(aud=AUDIENCE + "/x"), FOREIGN),
    "audience in an object": (lambda f: f.claiming(aud={AUDIENCE: True}), FOREIGN),
    "audiences not all text": (lambda f: f.claiming(aud=[AUDIENCE, 1]), FOREIGN),
    "expired": (lambda f: f.claiming(exp=int(time.time()) - 60), EXPIRED),
    "expired long ago": (lambda f: f.claiming(exp=0), EXPIRED),
    "without end": (lambda f: f.claiming(exp=None), None),
    "an end in words": (lambda f: f.claiming(exp="9999999999"), None),
    "an end that is true": (lambda f: f.claiming(exp=True), None),
    "an end at infinity": (lambda f: f.sign(f.header(), json.dumps(f.claims()).replace('"exp": ', '"exp": 1e999, "x": ')), None),
    "an end beyond numbers": (lambda f: f.claiming(exp=10**400), None),
    "an end that is not JSON": (lambda f: f.sign(f.header(), json.dumps(f.claims(exp=float("nan")))), None),
    "not yet": (lambda f: f.claiming(nbf=int(time.time()) + 120), EARLY),
    "a beginning in words": (lambda f: f.claiming(nbf="now"), None),
    "from the future": (lambda f: f.claiming(iat=int(time.time()) + 120), EARLY),
    "never issued": (lambda f: f.claiming(iat=None), None),
    "nobody": (lambda f: f.claiming(sub=None), None),
    "nobody in particular": (lambda f: f.claiming(sub=""), None),
    "a number": (lambda f: f.claiming(sub=1), None),
    "several people": (lambda f: f.claiming(sub=["ana"]), None),
    "a name too long": (lambda f: f.claiming(sub="a" * 256), None),
    "a name that cannot be kept": (lambda f: f.claiming(sub="a\x00"), None),
    "half a character": (lambda f: f.claiming(sub="\ud800"), None),
    "no signature": (lambda f: f.sign(f.header(alg="none"), f.claims()).rpartition(".")[0] + ".", None),
    "a signature called none": (lambda f: f.sign(f.header(alg="none"), f.claims()), None),
    "a signature called NONE": (lambda f: f.sign(f.header(alg="nOnE"), f.claims()), None),
    "no algorithm": (lambda f: f.headed(alg=None), None),
    "a list of algorithms": (lambda f: f.headed(alg=["RS256"]), None),
    "an algorithm that is not allowed": (lambda f: f.sign(f.header(alg="RS512"), f.claims(), alg="RS512"), None),
    "the public key as a secret": (lambda f: f.shared(f.public_pem()), None),
    "the modulus as a secret": (lambda f: f.shared(str(f.provider.keys["first"]["n"]).encode()), None),
    "another algorithm than the key's": (lambda f: f.sign(f.header(alg="PS256"), f.claims(), alg="PS256"), None),
    "another kind than the key": (lambda f: f.headed(alg="ES256"), None),
    "a key of its own": (lambda f: f.sign(f.header(jwk=f.other.as_dict(private=False)), f.claims(), f.other), None),
    "only a key of its own": (
        lambda f: f.sign(f.header(kid=None, jwk=f.other.as_dict(private=False)), f.claims(), f.other),
        None,
    ),
    "the address of a key": (lambda f: f.sign(f.header(jku="https://evil.example/jwks"), f.claims(), f.other), None),
    "the address of a certificate": (lambda f: f.sign(f.header(x5u="https://evil.example/x"), f.claims(), f.other), None),
    "a certificate": (lambda f: f.sign(f.header(x5c=["MIIB"]), f.claims(), f.other), None),
    "another key under the same id": (lambda f: f.sign(f.header(), f.claims(), f.other), None),
    "an unknown key id": (lambda f: f.headed(kid="who"), None),
    "a key id that is a path": (lambda f: f.headed(kid="../../dev/null"), None),
    "a number for a key id": (lambda f: f.headed(kid=1), None),
    "no key id": (lambda f: f.headed(kid=None), None),
    "an unknown critical extension": (lambda f: f.headed(crit=["exp"], exp=1), None),
    "nothing critical": (lambda f: f.headed(crit=[]), None),
    "unencoded claims": (lambda f: f.headed(crit=["b64"], b64=False), None),
    "no type": (lambda f: f.headed(typ=None), None),
    "a logout token": (lambda f: f.headed(typ="logout+jwt"), None),
    "a number for a type": (lambda f: f.headed(typ=1), None),
    "an ID token": (lambda f: f.sign(f.header(typ="JWT"), f.claims(nonce="n", at_hash="x")), None),
    "bound to a key": (lambda f: f.claiming(cnf={"jkt": "x"}), None),
    "a claim given twice": (
        lambda f: f.sign(f.header(), json.dumps(f.claims(sub="eve"))[:-1] + ', "sub": "ana"}'),
        None,
    ),
    "a header given twice": (
        lambda f: f.sign(json.dumps(f.header(alg="none"))[:-1] + ', "alg": "RS256"}', f.claims()),
        None,
    ),
    "claims that are a list": (lambda f: f.sign(f.header(), "[]"), None),
    "claims that are nothing": (lambda f: f.sign(f.header(), "null"), None),
    "claims that are no JSON": (lambda f: f.sign(f.header(), "{"), None),
    "claims that are no text": (lambda f: f"{encode(f.header())}.{encode_bytes(b'{}' + bytes([255]))}.AA", None),
    "a header that is no JSON": (lambda f: f.sign("{", f.claims()), None),
    "a deep header": (lambda f: f.sign("[" * 5000, f.claims()), None),
    "cut off": (lambda f: f.claiming()[:-20], None),
    "one character changed": (lambda f: change(f.claiming(), 1, -5), None),
    "claims changed": (lambda f: graft(f.claiming(), encode(f.claims(sub="bea"))), None),
    "two parts": (lambda f: f.claiming().rpartition(".")[0], None),
    "four parts": (lambda f: f.claiming() + ".AAAA", None),
    "encrypted": (lambda _: "eyJhbGciOiJkaXIifQ..AA.AA.AA", None),
    "dots": (lambda _: "..", None),
    "not base64": (lambda f: f.claiming().replace(".", "+.", 1), None),
    "padded": (lambda f: f.claiming() + "==", None),
    "of odd length": (lambda _: "A.A.A", None),
    "huge": (lambda f: f.claiming(x="x" * 20_000), None),
}  # fmt: skip


def change(token: str, part: int, place: int) -> str:
    parts = token.split(".")
    letters = list(parts[part])
    letters[place] = "A" if letters[place] != "A" else "B"
    parts[part] = "".join(letters)
    return ".".join(parts)


def graft(token: str, claims: str) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{claims}.{signature}"


async def test_hostile_tokens_are_refused(gate: Gate, forge: Forge, provider: Provider) -> None:
    assert (await gate.get(forge.claiming())).status_code == 200
    for name, (make, detail) in HOSTILE.items():
        answer = await gate.get(make(forge))
        expected = refusal(provider, detail and detail.format(issuer=provider.issuer))
        assert (answer.status_code, answer.json()) == (401, expected), name
        assert answer.headers["content-type"] == "application/problem+json", name
        assert answer.headers["www-authenticate"] == "Bearer", name
    assert (await gate.get(forge.claiming())).status_code == 200


async def test_tokens_of_an_issuer_are_nothing_to_a_gateway_without_one(
    database: Database, service_environment: pytest.MonkeyPatch, forge: Forge
) -> None:
    alone = create_app()
    async with alone.router.lifespan_context(alone):
        answer = await Gate(alone).get(forge.claiming())
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_issuer_out_of_reach_is_503_and_not_401(
    database: Database, service_environment: pytest.MonkeyPatch, forge: Forge
) -> None:
    configure(service_environment, "http://127.0.0.1:9")  # nobody listens there
    cut_off = create_app()
    async with cut_off.router.lifespan_context(cut_off):
        gate = Gate(cut_off)
        answer = await gate.get(forge.claiming())
        detail = "The issuer of your token cannot be reached just now to check it. Try again in a moment."
        assert answer.json() == problem(503, "unavailable", "Not available just now", detail)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        # What is refused whatever the issuer says is refused all the same, and API tokens need no issuer.
        assert (await gate.get("a.b")).status_code == 401
        assert (await gate.get("trib_0_0")).status_code == 401


async def test_rotated_key_is_found_and_the_withdrawn_one_ends(
    database: Database, service_environment: pytest.MonkeyPatch
) -> None:
    with running_provider() as own:
        configure(service_environment, own.issuer)
        app = create_app()
        async with app.router.lifespan_context(app):
            clock = Clock()
            app.state.issuer._keys._clock = clock
            gate = Gate(app)
            await gate.add_user(own.issuer, "script")
            before = own.script_token()
            assert (await gate.get(before)).status_code == 200
            own.rotate("second")
            after = own.script_token()
            assert (await gate.get(after)).status_code == 401, "the keys were read a moment ago"
            clock.now += rules.PAUSE_SECONDS
            assert (await gate.get(after)).status_code == 200
            assert (await gate.get(before)).status_code == 401


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


class Published:
    """What an issuer publishes, and how often it was read. It can be out of reach."""

    URL = "https://id.example/realm"

    def __init__(self, *keys: dict[str, Any], **configuration: Any) -> None:
        self.keys: Any = list(keys)
        self.configuration = {"issuer": self.URL, "jwks_uri": "https://keys.example/jwks"} | configuration
        self.is_down = False
        self.read_count = 0

    async def __call__(self, address: str) -> dict[str, Any]:
        """What stands at an address."""
        if self.is_down:
            self.read_count += 1
            raise IssuerDown("it is down")
        if address == "https://id.example/realm/.well-known/openid-configuration":
            self.read_count += 1
            return self.configuration
        assert address == self.configuration["jwks_uri"]
        return {"keys": self.keys}


def published_key(key_id: str = "k", **over: Any) -> dict[str, Any]:
    return without_none(OKPKey.generate_key("Ed25519").as_dict(private=False) | {"kid": key_id} | over)


async def test_keys_are_read_once_and_then_seldom() -> None:
    published, clock = Published(published_key()), Clock()
    keys = PublishedKeys(Published.URL, published, clock)
    for _ in range(3):
        assert len(await keys.find("k")) == 1
    for number in range(50):
        assert await keys.find(f"made up {number}") == []
    assert published.read_count == 1
    clock.now += rules.PAUSE_SECONDS
    for number in range(50):
        assert await keys.find(f"made up {number}") == []
    assert published.read_count == 2
    published.keys = [published_key("new")]
    clock.now += rules.FRESH_SECONDS
    assert await keys.find("k") == []
    assert len(await keys.find("new")) == 1
    assert published.read_count == 3


async def test_known_keys_hold_for_a_day_while_the_issuer_is_down() -> None:
    published, clock = Published(published_key()), Clock()
    keys = PublishedKeys(Published.URL, published, clock)
    await keys.find("k")
    published.is_down = True
    clock.now += rules.FRESH_SECONDS
    for _ in range(3):
        assert len(await keys.find("k")) == 1
    assert published.read_count == 2, "a reading that failed is not repeated at once"
    with pytest.raises(Unavailable) as caught:
        await keys.find("perhaps new")
    assert caught.value.headers["Retry-After"] == str(rules.RETRY_SECONDS)
    clock.now += rules.STALE_SECONDS
    with pytest.raises(Unavailable):
        await keys.find("k")
    published.is_down = False
    clock.now += rules.RETRY_SECONDS
    assert len(await keys.find("k")) == 1


@pytest.mark.parametrize(
    "configuration",
    [
        {"issuer": "https://id.example/other"},
        {"issuer": "https://id.example/realm/"},
        {"issuer": None},
        {"jwks_uri": None},
        {"jwks_uri": "http://id.example/jwks"},
        {"jwks_uri": "http://127.0.0.1/jwks"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "https://[bad"},
        {"jwks_uri": ["https://id.example/jwks"]},
    ],
)
async def test_configuration_that_is_not_the_issuers_is_not_believed(configuration: dict[str, Any]) -> None:
    published = Published(published_key(), **configuration)
    with pytest.raises(Unavailable):
        await PublishedKeys(Published.URL, published).find("k")


def test_only_keys_that_verify_signatures_are_taken() -> None:
    good = [
        published_key("ed"),
        ECKey.generate_key("P-256").as_dict(private=False) | {"kid": "ec"},
        RSAKey.generate_key(2048).as_dict(private=False) | {"kid": "rsa"},
        published_key("ed"),
    ]
    weak = rsa.generate_private_key(65537, 1024).public_key().public_numbers()  # noqa: S505 - so that it is refused
    bad: list[Any] = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "x"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "x"},
        {"kty": "RSA", "n": encode_bytes(weak.n.to_bytes(128, "big")), "e": "AQAB", "kid": "x"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "x"},
        {"kty": ["RSA"], "kid": "x"},
        {"kid": "x"},
        published_key("x", kid=7),
        published_key("x", kid=None),
        None,
        "x",
    ]
    found = import_keys({"keys": bad + good})
    assert {key_id: len(keys) for key_id, keys in found.items()} == {"ed": 2, "ec": 1, "rsa": 1}
    for document in ({}, {"keys": None}, {"keys": {"kid": "x"}}):
        assert import_keys(document) == {}


SIGNERS: dict[str, tuple[Any, str]] = {
    "RS256": (RSAKey.generate_key(2048), "RS256"),
    "RS384": (RSAKey.generate_key(2048), "RS384"),
    "PS256": (RSAKey.generate_key(2048), "PS256"),
    "ES256": (ECKey.generate_key("P-256"), "ES256"),
    "ES384": (ECKey.generate_key("P-384"), "ES384"),
    "ES512": (ECKey.generate_key("P-521"), "ES512"),
    "EdDSA": (OKPKey.generate_key("Ed25519"), "EdDSA"),
    "Ed25519": (OKPKey.generate_key("Ed25519"), "Ed25519"),
}


class AnyKey(Forge):
    """Signs with a key of ours that an issuer publishes."""

    def __init__(self, key: Any) -> None:
        self.key = key

    def token(self, alg: str, signed_with: str) -> str:
        """A token that says `alg`, signed otherwise perhaps."""
        now = int(time.time())
        claims = {"iss": Published.URL, "sub": "ana", "aud": "us", "iat": now, "exp": now + 60}
        return self.sign({"alg": alg, "typ": "JWT", "kid": "k"}, claims, alg=signed_with)


@pytest.mark.parametrize(("key", "alg"), SIGNERS.values(), ids=SIGNERS)
async def test_algorithms_hold_where_they_are_allowed(key: Any, alg: str) -> None:
    published = Published(key.as_dict(private=False) | {"kid": "k"})
    token = AnyKey(key).token(alg, alg)
    identity = await Issuer(Published.URL, "us", [alg], published).identify(token)
    assert (identity.issuer, identity.subject) == (Published.URL, "ana")
    with pytest.raises(Unauthenticated):
        await Issuer(Published.URL, "us", set(ALGORITHMS) - {alg}, published).identify(token)


@pytest.mark.parametrize(
    ("key", "change"),
    [
        (SIGNERS["RS256"], {"use": "enc"}),
        (SIGNERS["RS256"], {"alg": "PS256"}),
        (SIGNERS["RS256"], {"key_ops": ["encrypt"]}),
        (SIGNERS["ES256"], {"alg": "ES384"}),
        ((OKPKey.generate_key("X25519"), "EdDSA"), {}),
    ],
)
async def test_key_for_another_purpose_verifies_nothing(key: tuple[Any, str], change: dict[str, Any]) -> None:
    signer, alg = key
    public = signer.as_dict(private=False) | {"kid": "k"} | change
    token = AnyKey(SIGNERS["EdDSA"][0] if alg == "EdDSA" else signer).token(alg, alg)
    with pytest.raises(Unauthenticated):
        await Issuer(Published.URL, "us", ALGORITHMS, Published(public)).identify(token)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(200, content=b"[]"), "is not a JSON object"),
        (httpx.Response(200, content=b"<html>"), "is not JSON"),
        (httpx.Response(200, content=b"[" * 100_000), "is not JSON"),
        (httpx.Response(200, content=b" " * 1_100_000), "is too large"),
        (httpx.Response(302, headers={"Location": "https://evil.example/"}), "answers 302"),
        (httpx.Response(404), "answers 404"),
        (httpx.Response(500), "answers 500"),
    ],
)
async def test_answer_that_no_issuer_gives_is_not_used(answer: httpx.Response, reason: str) -> None:
    client = IssuerClient("https://id.example")
    streamed = httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content))
    client._client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _request: streamed))
    with pytest.raises(IssuerDown, match=reason):
        await client.read("https://id.example/x")
    await client.close()
