"""Who is calling: the signed 60-second token that the gateway makes for each request and every service checks."""

import time
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from chassis.errors import Forbidden, Unauthenticated

AUDIENCE: Final = "tributary-services"
ISSUER: Final = "tributary-gateway"
LIFETIME_SECONDS: Final = 60
LEEWAY_SECONDS: Final = 30
EVERYWHERE: Final = "*"


@dataclass(frozen=True, slots=True)
class Caller:
    """The user a request acts for: `countries` are ISO alpha-2 codes, or `*` alone for all.

    `vetting`: of those, the ones where they may record vetting.
    """

    subject: str
    name: str
    role: str
    countries: frozenset[str]
    vetting: frozenset[str] = frozenset()

    def may_see(self, country_code: str) -> bool:
        """Whether a grant covers this country."""
        return EVERYWHERE in self.countries or country_code in self.countries

    def require_role(self, *roles: str) -> None:
        """Raise `Forbidden` unless the caller has one of `roles`."""
        if self.role not in roles:
            needed = " or ".join(roles)
            raise Forbidden(f"This needs the role {needed}; {self.name} has the role {self.role}.")

    def require_country(self, *country_codes: str) -> None:
        """Raise `Forbidden` unless a grant covers at least one of `country_codes`."""
        if not any(self.may_see(code) for code in country_codes):
            named = " or ".join(sorted(country_codes)) or "all countries"
            raise Forbidden(f"This needs a grant for {named}; {self.name} has none.")

    def may_vet(self, country_code: str) -> bool:
        """Whether a grant that covers this country is for vetting too."""
        return EVERYWHERE in self.vetting or country_code in self.vetting

    def require_vetting(self, country_code: str) -> None:
        """Raise `Forbidden` unless the caller may record vetting for this country."""
        if not self.may_vet(country_code):
            raise Forbidden(
                f"This needs a grant for {country_code} with the flag is_vetting; {self.name} has none. "
                "Ask an administrator to set it."
            )


def mint_token(private_key: OKPKey, caller: Caller, request_id: str) -> str:
    """A token that says for the next minute: this request acts for `caller`."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "sub": caller.subject,
        "name": caller.name,
        "role": caller.role,
        "countries": sorted(caller.countries),
        "vetting": sorted(caller.vetting),
        "rid": request_id,
    }
    return jwt.encode({"alg": "Ed25519"}, claims, private_key, algorithms=["Ed25519"])


def verify_token(public_key: OKPKey, token: str) -> Caller:
    """The caller whom `token` vouches for; `Unauthenticated` for anything forged, foreign, early or late."""
    try:
        decoded = jwt.decode(token, public_key, algorithms=["Ed25519"])
        rules = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        rules.validate(decoded.claims)
        claims = decoded.claims
        countries, vetting = frozenset(claims["countries"]), frozenset(claims.get("vetting", ()))
        return Caller(claims["sub"], claims["name"], claims["role"], countries, vetting)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise Unauthenticated("The token is not valid. Call the gateway, not the service.") from error


def bearer_of(authorization: str | None) -> str:
    """The token of an `Authorization: Bearer` header."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("Send a token: `Authorization: Bearer <token>`.")
    return token.strip()
