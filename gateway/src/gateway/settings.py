"""The gateway's own settings."""

from pathlib import Path
from typing import Annotated, ClassVar, Final, Self
from urllib.parse import urlsplit

from chassis.refusals import Door, is_loopback
from chassis.settings import PrivateKey, Settings
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

_ROOT: Final = Path(__file__).parents[2]
MIGRATIONS: Final = _ROOT / "migrations"
# Signatures that only the issuer can make. A shared secret (HS256) would let whoever can verify a token forge one.
ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def items_of(listed: str) -> tuple[str, ...]:
    """The items of a list with commas."""
    return tuple(item for item in (one.strip() for one in listed.split(",")) if item)


def check_hosts(listed: str) -> str:
    """At least one name, and none that stands for all."""
    if not items_of(listed):
        raise ValueError("Name the hosts that this server answers to, such as tributary.example.org")
    if "*" in listed:
        raise ValueError("Name each host; * would let a forged Host header through")
    return listed


def check_origins(listed: str) -> str:
    """Origins as browsers write them, and none that stands for all."""
    for origin in items_of(listed):
        if "*" in origin or origin == "null":
            raise ValueError(f"Name each origin; {origin} would let any page read what its user may")
        if origin != _origin_of(origin):
            raise ValueError(f"{origin!r} is not an origin: write it as https://host or https://host:port")
    return listed


def _origin_of(address: str) -> str | None:
    """The origin of an address as a browser sends it; None where it has none."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{port}")


def check_algorithms(listed: str) -> str:
    """At least one, and none that a shared secret or nothing at all would satisfy."""
    unknown = [one for one in items_of(listed) if one not in ALGORITHMS]
    if unknown or not items_of(listed):
        raise ValueError(f"{', '.join(unknown) or 'Nothing'} cannot be accepted: choose of {', '.join(ALGORITHMS)}")
    return listed


def check_issuer(address: str) -> str:
    """An https address without a query; http on this machine alone, where nobody is in between."""
    parts = urlsplit(address)
    if not parts.hostname or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("The issuer is an address such as https://login.example.org, as its tokens write it in `iss`")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError("The issuer must be https: over http anybody in between could hand us keys of their own")
    return address


def _none_if_empty(value: object) -> object:
    return None if value == "" else value  # compose cannot leave a variable out, only empty


Optional = BeforeValidator(_none_if_empty)


class GatewaySettings(Settings):
    """Where the services are, who vouches for people, who may call, and the key that signs for callers."""

    large_bodies: ClassVar = {"/v1/roster-imports": 32 * 1_048_576, "/v1/ledger-imports": 4 * 1_048_576}

    token_private_key: PrivateKey = Field(description="PEM of the Ed25519 key that signs tokens to the services.")
    jobs_key: SecretStr | None = Field(
        default=None, description="Opens the door at which workers read a submitter's rights. Without it there is none."
    )
    programs_url: str = Field(description="http://host:port or unix:/path")
    trainings_url: str = Field(description="As above.")
    funding_url: str = Field(description="As above.")
    card_deadline_seconds: float = Field(default=2, gt=0, description="A card answers within this, with what it has.")
    changes_deadline_seconds: float = Field(default=10, gt=0, description="As above for changes, which may be many.")
    proxy_timeout_seconds: float = Field(default=30, gt=0, description="How long a routed request may take.")
    allowed_hosts: Annotated[str, AfterValidator(check_hosts)] = Field(
        default="127.0.0.1,localhost", description="Host names it answers to, comma-separated."
    )
    allowed_origins: Annotated[str, AfterValidator(check_origins)] = Field(
        default="", description="Origins whose pages may call it from a browser, comma-separated."
    )
    issuer_url: Annotated[Annotated[str, AfterValidator(check_issuer)] | None, Optional] = Field(
        default=None, description="The OpenID Connect issuer whose access tokens are accepted, as it stands in `iss`."
    )
    issuer_audience: Annotated[str | None, Optional] = Field(
        default=None, description="What `aud` of such a token must name: this API, as the issuer knows it."
    )
    issuer_algorithms: Annotated[str, AfterValidator(check_algorithms)] = Field(
        default="RS256,PS256,ES256,EdDSA", description="Signature algorithms accepted of it, comma-separated."
    )
    tokens_only: bool = Field(default=False, description="There is no issuer, and that is meant: API tokens alone.")
    demo: bool = Field(default=False, description="Every person recorded is synthetic; each answer says so.")
    openapi_folder: Path = _ROOT.parent / "openapi"

    @model_validator(mode="after")
    def check_sign_in(self) -> Self:
        """An issuer needs an audience: a token for another API of the same issuer is not one for us."""
        if self.issuer_url is not None and self.issuer_audience is None:
            raise ValueError("TRIBUTARY_ISSUER_URL needs TRIBUTARY_ISSUER_AUDIENCE: the name of this API at the issuer")
        if self.issuer_url is not None and self.tokens_only:
            raise ValueError(
                "TRIBUTARY_TOKENS_ONLY says that there is no issuer, TRIBUTARY_ISSUER_URL names one: unset one"
            )
        return self

    def find_refusals(self, door: Door) -> list[str]:
        """As every process, and what would let in strangers, or nobody, on an address that others can reach."""
        found = super().find_refusals(door)
        if door is not Door.exposed:
            return found
        if self.issuer_url is None and not self.tokens_only:
            found.append(
                "Nobody but scripts could sign in here: name your OpenID Connect issuer with TRIBUTARY_ISSUER_URL and "
                "TRIBUTARY_ISSUER_AUDIENCE, or say that this is meant with TRIBUTARY_TOKENS_ONLY=true."
            )
        if self.issuer_url is not None and not self.issuer_url.startswith("https:"):
            found.append("TRIBUTARY_ISSUER_URL is not https: use the https address, or listen on 127.0.0.1.")
        return found
