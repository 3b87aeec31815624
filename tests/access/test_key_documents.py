"""Which documents are keys taken from, and what if something else is at their address?"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm

from local.entra.directory import FOREIGN_TENANT, MAKER, TENANT
from shared.adapters.entra_keys import TenantKeys, fetch_document
from shared.errors import IdentityUnavailable, NotAuthenticated
from tests.access.forging import CONSUMERS, strange_key
from tests.adapters.loopback import drop, serving
from tests.entra import running_entra
from tests.tokens import AUTHORITY, ISSUER

ROOT = Path(__file__).parents[2]
OURS = f"{AUTHORITY}/{TENANT}/v2.0"
JWKS = "https://keys.example.com/keys"
GOOD = {"issuer": OURS, "jwks_uri": JWKS}
KEY = ISSUER.key.published(OURS)


@dataclass
class Documents:
    """What is at the addresses."""

    metadata: object = field(default_factory=lambda: GOOD)
    keys: object = field(default_factory=lambda: {"keys": [KEY]})
    asked: list[str] = field(default_factory=list)

    async def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        found = self.metadata if url.endswith("openid-configuration") else self.keys
        return found if isinstance(found, bytes) else json.dumps(found).encode()

    async def find(self, key_id: str = KEY["kid"]) -> str:
        """What comes of looking for a key."""
        try:
            await TenantKeys(AUTHORITY, TENANT, self).find(key_id)
        except (NotAuthenticated, IdentityUnavailable) as error:
            return error.reason
        return "found"


async def test_the_keys_are_where_the_metadata_of_the_configured_tenant_says() -> None:
    documents = Documents()
    assert await documents.find() == "found"
    assert documents.asked == [f"{OURS}/.well-known/openid-configuration", JWKS]


@pytest.mark.parametrize(
    "metadata",
    [
        {**GOOD, "issuer": f"{AUTHORITY}/{FOREIGN_TENANT}/v2.0"},
        {**GOOD, "issuer": f"{AUTHORITY}/{{tenantid}}/v2.0"},
        {**GOOD, "issuer": f"https://sts.windows.net/{TENANT}/"},
        {**GOOD, "issuer": f"{OURS}/"},
        {**GOOD, "issuer": [OURS]},
        {"jwks_uri": JWKS},
        {"issuer": OURS},
        {**GOOD, "jwks_uri": JWKS.replace("https", "http")},
        {**GOOD, "jwks_uri": "file:///etc/passwd"},
        {**GOOD, "jwks_uri": "//keys.example.com/keys"},
        {**GOOD, "jwks_uri": [JWKS]},
        [GOOD],
        b"",
        b"<html>Sign in to the network</html>",
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
    ids=lambda document: str(document)[:60],
)
async def test_metadata_that_is_not_the_tenants_leads_nowhere(metadata: object) -> None:
    """No address of it is asked, and callers are told to try again."""
    documents = Documents(metadata)
    assert await documents.find() == "signing_keys_unavailable"
    assert len(documents.asked) == 1


def curve_key() -> Mapping[str, Any]:
    """A key that is not RSA's, under our id."""
    found: dict[str, Any] = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True)
    return {**found, "kid": KEY["kid"], "use": "sig"}


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"keys": []},
        {"keys": None},
        {"keys": {"0": KEY}},
        [KEY],
        {"keys": ["x", 7, None, [KEY]]},
        {"keys": [{**KEY, "kid": 7}]},
        {"keys": [{**KEY, "kty": "oct", "k": "c2VjcmV0"}]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": KEY["kid"]}]},
        {"keys": [curve_key()]},
        {"keys": [{**KEY, "use": "enc"}]},
        {"keys": [{**KEY, "issuer": f"{AUTHORITY}/{CONSUMERS}/v2.0"}]},
        {"keys": [{**KEY, "issuer": None}]},
        {"keys": [{**KEY, "n": ""}]},
        {"keys": [{**KEY, "n": 5, "e": []}]},
        {"keys": [{**KEY, "n": "!", "e": "AQAB"}]},
        {"keys": [{name: value for name, value in KEY.items() if name != "n"}]},
        b"<html/>",
    ],
    ids=count(),
)
async def test_what_is_no_rsa_key_of_the_tenant_for_signatures_is_not_taken(keys: object) -> None:
    """Alone it is as if nobody answered; beside a good one it is as if it were not there."""
    assert await Documents(keys=keys).find() == "signing_keys_unavailable"
    listed = keys.get("keys") if isinstance(keys, dict) else None
    beside = listed if isinstance(listed, list) else []
    good = strange_key().published(OURS)
    documents = Documents(keys={"keys": [*beside, good]})
    assert await documents.find(good["kid"]) == "found"
    assert await documents.find() == "unknown_key"


@pytest.mark.parametrize("issuer", [OURS, f"{AUTHORITY}/{{tenantid}}/v2.0"])
async def test_a_key_may_say_that_it_is_every_tenants_own(issuer: str) -> None:
    assert await Documents(keys={"keys": [{**KEY, "issuer": issuer}]}).find() == "found"


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
FIELDS = st.sampled_from(["kty", "use", "kid", "n", "e", "issuer", "alg", "d", "p", "q", "oth", "key_ops"])


@given(metadata=JSON | st.binary(), keys=JSON | st.binary(), odd=st.dictionaries(FIELDS, JSON, min_size=1))
async def test_whatever_is_answered_a_key_is_found_or_unknown(
    metadata: object, keys: object, odd: dict[str, object]
) -> None:
    assert await Documents(metadata).find() == "signing_keys_unavailable"
    assert await Documents(keys=keys).find() == "signing_keys_unavailable"
    outcomes = ("found", "unknown_key", "signing_keys_unavailable")  # unknown: it has another id now
    assert await Documents(keys={"keys": [{**KEY, **odd}]}).find() in outcomes


async def test_a_document_is_whole_however_slowly_its_pieces_come() -> None:
    document = json.dumps({"keys": [KEY] * 40}).encode()

    async def in_pieces(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for start in range(0, len(document), 5000):
            await answer.write(document[start : start + 5000])
            await asyncio.sleep(0.005)
        return answer

    async with serving() as server:
        server.answers.append(in_pieces)
        assert await fetch_document(server.url) == document


@pytest.mark.parametrize("status", [204, 301, 302, 307, 400, 404, 429, 500, 503])
@pytest.mark.parametrize("body", [b"", json.dumps(GOOD).encode()])
async def test_only_an_answer_of_200_counts(status: int, body: bytes) -> None:
    """A redirect is not followed."""
    async with serving() as server:
        server.answer(status, b"" if status == 204 else body, Location=f"{server.url}/elsewhere")
        with pytest.raises(IdentityUnavailable):
            await fetch_document(f"{server.url}/keys")
        assert [one.raw_path for one in server.asked] == ["/keys"]


async def test_a_document_that_is_too_large_is_left() -> None:
    async with serving() as server:
        server.answer(body=b" " * 5_000_000)
        with pytest.raises(IdentityUnavailable):
            await fetch_document(server.url)
        server.answers.clear()
        server.answer(body=b" " * 1_000_000)
        assert len(await fetch_document(server.url)) == 1_000_000


async def test_a_connection_that_ends_or_never_begins_is_an_outage() -> None:
    async with serving() as server:
        server.answers.append(drop)
        with pytest.raises(IdentityUnavailable):
            await fetch_document(server.url)
    for address in (server.url, "https://127.0.0.1:1/keys", "https://[", "https://\x00", "https://", "https:///x"):
        with pytest.raises(IdentityUnavailable):
            await fetch_document(address)


PROGRAM = """
import asyncio, sys
from shared.adapters.entra_tokens import TokenValidator
from shared.entra_settings import read_entra_settings
from shared.errors import SignalsError
from tests.tokens import ENTRA

async def main():
    validator = TokenValidator(read_entra_settings({**ENTRA, "ENTRA_AUTHORITY": sys.argv[1]}, []))
    try:
        print((await validator.principal_of(sys.argv[2])).object_id)
    except SignalsError as error:
        print(error.reason)

asyncio.run(main())
"""


@pytest.mark.parametrize("trusted", [True, False])
def test_over_tls_a_server_is_believed_that_the_machine_trusts(tmp_path: Path, trusted: bool) -> None:
    """The stand-in for Entra ID, asked by a program of its own."""
    with running_entra(tmp_path) as entra:
        roots = {"SSL_CERT_FILE": str(entra.certificate.bundle)} if trusted else {}
        kept = {name: value for name, value in os.environ.items() if name != "SSL_CERT_FILE"}
        command = [sys.executable, "-c", PROGRAM, entra.issuer.authority, entra.mint.user(MAKER)]
        ended = subprocess.run(command, env={**kept, **roots}, cwd=ROOT, capture_output=True, timeout=60, check=False)
        asked = dict(entra.control.requests)
    assert ended.stdout.decode().split() == [MAKER.oid if trusted else "signing_keys_unavailable"], ended.stderr
    assert asked == ({"metadata": 1, "keys": 1} if trusted else {})
