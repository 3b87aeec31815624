"""Tokens as an attacker would make them: any header, any payload, any key; and the claims of good ones."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.entra.directory import DAEMON, MAKER, TENANT
from local.entra.issuer import Issuer, SigningKey
from tests.tokens import AUTHORITY, ISSUER, MINT

CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
Claims = dict[str, Any]
KINDS: Mapping[str, Callable[..., str]] = {
    "v1 user": lambda **changed: MINT.user(MAKER, version=1, **changed),
    "v2 user": lambda **changed: MINT.user(MAKER, version=2, **changed),
    "v1 application": lambda **changed: MINT.app(DAEMON, version=1, **changed),
    "v2 application": lambda **changed: MINT.app(DAEMON, version=2, **changed),
}
USERS = ("v1 user", "v2 user")
APPLICATIONS = ("v1 application", "v2 application")
V1, V2 = ("v1 user", "v1 application"), ("v2 user", "v2 application")


@cache
def strange_key() -> SigningKey:
    """An attacker's."""
    return SigningKey.made()


@cache
def consumers_key() -> SigningKey:
    """One that Entra ID publishes beside the tenant's, for somebody else's tokens."""
    return SigningKey.made()


@cache
def encryption_key() -> SigningKey:
    """One that is published for encryption only."""
    return SigningKey.made()


class MixedIssuer(Issuer):
    """Signs with the keys of tests/tokens.py, and publishes keys beside them that are not for this tenant's tokens."""

    def __init__(self) -> None:
        super().__init__(AUTHORITY)
        self.key = ISSUER.key

    def jwks(self, tenant: str) -> Claims:
        beside = [
            consumers_key().published(self.issuer_of(CONSUMERS, 2)),
            {**encryption_key().published(self.issuer_of(TENANT, 2)), "use": "enc"},
        ]
        return {"keys": [*beside, *super().jwks(tenant)["keys"]]}


def segment(content: bytes | object) -> str:
    """A part of a token."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def opened(token: str) -> tuple[Claims, Claims]:
    """The header and the claims of a token."""
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


def header_of(**changed: object) -> Claims:
    """The header that Entra ID writes, with others in its place; None leaves one out."""
    header = {"typ": "JWT", "alg": "RS256", "kid": ISSUER.key.id, **changed}
    return {name: value for name, value in header.items() if value is not None}


def unsigned(header: object, payload: object, signature: bytes = b"\x00" * 256) -> str:
    """A token with a made-up signature."""
    return f"{segment(header)}.{segment(payload)}.{segment(signature) if signature else ''}"


def signed(header: object, payload: object, key: rsa.RSAPrivateKey | None = None) -> str:
    """One that the tenant's key signed with RS256, or another key did, whatever the header says."""
    return _with_signature(header, payload, key, padding.PKCS1v15(), SHA256())


def signed_otherwise(algorithm: str, payload: object) -> str:
    """One that the tenant's key signed with another algorithm, as the header says."""
    scheme, digest = {
        "RS384": (padding.PKCS1v15(), SHA384()),
        "PS256": (padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size), SHA256()),
    }[algorithm]
    return _with_signature(header_of(alg=algorithm), payload, None, scheme, digest)


def _with_signature(
    header: object, payload: object, key: rsa.RSAPrivateKey | None, scheme: padding.AsymmetricPadding,
    digest: HashAlgorithm,
) -> str:  # fmt: skip
    start = f"{segment(header)}.{segment(payload)}"
    return f"{start}.{segment((key or ISSUER.key.private).sign(start.encode(), scheme, digest))}"


def with_our_public_key(payload: object, form: PublicFormat, encoding: Encoding) -> str:
    """HS256 with what everybody knows as its secret."""
    secret = ISSUER.key.private.public_key().public_bytes(encoding, form)
    start = f"{segment(header_of(alg='HS256'))}.{segment(payload)}"
    return f"{start}.{segment(hmac.new(secret, start.encode(), hashlib.sha256).digest())}"


def signed_on_a_curve(payload: object) -> str:
    """ES256 with a key of the attacker's, under the id of ours."""
    key = ec.generate_private_key(ec.SECP256R1())
    claims: Claims = payload if isinstance(payload, dict) else {}
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": ISSUER.key.id})


def flipped(token: str, part: int) -> str:
    """The token with another letter in the middle of a part."""
    parts = token.split(".")
    middle = len(parts[part]) // 2
    other = "A" if parts[part][middle] != "A" else "B"
    parts[part] = parts[part][:middle] + other + parts[part][middle + 1 :]
    return ".".join(parts)
