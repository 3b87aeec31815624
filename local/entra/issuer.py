"""Which keys sign, which are published, and what does a token say that one of them signed?"""

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.entra.directory import TENANT

Claims = dict[str, Any]
KEEP_SECONDS = 24 * 3600.0
LEEWAY_SECONDS = 60


@dataclass(slots=True)
class SigningKey:
    """An RSA key; its id is its thumbprint."""

    private: rsa.RSAPrivateKey
    id: str
    replaced_at: float | None = None

    @classmethod
    def made(cls) -> "SigningKey":
        """A new one."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        thumbprint = hashlib.sha1(public, usedforsecurity=False).digest()
        return cls(private, base64.urlsafe_b64encode(thumbprint).decode().rstrip("="))

    def published(self, issuer: str) -> dict[str, Any]:
        """The public half, as Entra ID publishes it."""
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        names = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "x5t": self.id}
        return {**names, "n": public["n"], "e": public["e"], "issuer": issuer}


@dataclass
class Issuer:
    """Signs for an authority (https://host:port, without a slash behind it)."""

    authority: str
    clock: Callable[[], float] = time.time
    retired: list[SigningKey] = field(default_factory=list)

    @cached_property
    def key(self) -> SigningKey:
        """The key that signs now."""
        return SigningKey.made()

    def rotate(self, *, keep_old: bool = True) -> str:
        """Sign with a new key from now on; the old one stays published for a day, or goes at once. The new id."""
        self.key.replaced_at = self.clock()
        self.retired = [*self.retired, self.key] if keep_old else []
        self.key = SigningKey.made()
        return self.key.id

    def published_keys(self) -> list[SigningKey]:
        """The keys that count."""
        since = self.clock() - KEEP_SECONDS
        return [self.key, *(key for key in self.retired if (key.replaced_at or 0.0) > since)]

    def jwks(self, tenant: str) -> dict[str, Any]:
        """What the keys' address answers."""
        return {"keys": [key.published(self.issuer_of(tenant, 2)) for key in self.published_keys()]}

    def issuer_of(self, tenant: str, version: int) -> str:
        """Whom the tokens of a tenant name as their issuer."""
        return f"https://sts.windows.net/{tenant}/" if version == 1 else f"{self.authority}/{tenant}/v2.0"

    def sign(self, claims: Mapping[str, Any], headers: Mapping[str, Any] | None = None) -> str:
        """The claims as a token; version 1 tokens name their key twice."""
        named = {"kid": self.key.id, **({"x5t": self.key.id} if claims.get("ver") == "1.0" else {})}
        return jwt.encode(dict(claims), self.key.private, algorithm="RS256", headers={**named, **(headers or {})})

    def claims_of(self, token: str, audience: str) -> Claims | None:
        """What a token of this tenant says that is for this audience and alive; None for any other."""
        try:
            return self.checked(token, audience)
        except jwt.PyJWTError:
            return None

    def checked(self, token: str, audience: str) -> Claims:
        """The same; raises what is wrong as PyJWT's errors, which the token endpoint has words for."""
        key_id = jwt.get_unverified_header(token).get("kid")
        key = next((key for key in self.published_keys() if key.id == key_id), None)
        if key is None:
            raise jwt.InvalidSignatureError("There is no such key.")
        issuers = [self.issuer_of(TENANT, version) for version in (1, 2)]
        return claims_of(token, key.private.public_key(), audience, issuers, self.clock())


def claims_of(token: str, key: rsa.RSAPublicKey, audience: str, issuers: list[str], now: float) -> Claims:
    """The claims of a token that the key signed. Raises PyJWT's errors."""
    options: Any = {"require": ["exp", "nbf", "iss", "aud", "oid", "tid"], "strict_aud": True}
    options |= {"verify_exp": False, "verify_nbf": False, "verify_iat": False}  # the clock is ours
    claims: Claims = jwt.decode(token, key, algorithms=["RS256"], audience=audience, issuer=issuers, options=options)
    if claims["nbf"] > now + LEEWAY_SECONDS:
        raise jwt.ImmatureSignatureError("The token is not yet valid.")
    if claims["exp"] <= now - LEEWAY_SECONDS:
        raise jwt.ExpiredSignatureError("The token has expired.")
    return claims
