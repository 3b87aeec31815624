"""Tokens on behalf of users, got with msal as it is from the stand-in for Entra ID, over TLS."""

import asyncio
import base64
import json
import logging
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity import CredentialUnavailableError
from msal import individual_cache

from local.children import free_ports
from local.entra.directory import ADMIN, API_APP, EXCHANGE, IDENTITY, INSIGHTS, MAKER, STORAGE, TENANT, Resource
from local.entra.issuer import Claims
from shared.adapters import on_behalf_of as module
from shared.adapters.on_behalf_of import EXCHANGE_SCOPE, OnBehalfOf
from shared.entra_settings import EntraSettings, read_entra_settings
from shared.errors import ClaimsNeeded, Forbidden, IdentityUnavailable, SignalsError
from tests.adapters.vendor import Watch, chain
from tests.entra import Entra, running_entra
from tests.tokens import ENTRA

READ, FETCH = (f"{resource.uri}/.default" for resource in (INSIGHTS, STORAGE))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entra]:
    with running_entra(tmp_path_factory.mktemp("entra")) as found:
        yield found


@pytest.fixture
def entra(served: Entra, monkeypatch: pytest.MonkeyPatch) -> Entra:
    """It runs, nothing is out of order, and msal trusts it."""
    served.control.reset()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(served.certificate.bundle))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return served


@dataclass(slots=True)
class Identity:
    """The app's managed identity: gives a token, or fails."""

    token: str = ""
    failure: Exception | None = None
    asked: list[str] = field(default_factory=list)

    async def __call__(self, scope: str) -> str:
        self.asked.append(scope)
        if self.failure is not None:
            raise self.failure
        return self.token


def settings(authority: str, **changes: str) -> EntraSettings:
    """The app's settings at an authority; a secret proves who it is, if no change says otherwise."""
    secret = {"ENTRA_CLIENT_SECRET": API_APP.secret}
    return read_entra_settings({**ENTRA, "ENTRA_AUTHORITY": authority, **secret, **changes}, [])


def exchange(entra: Entra, identity: Identity | None = None, watch: Watch | None = None, **changes: str) -> OnBehalfOf:
    """What is tested, against the stand-in."""
    return OnBehalfOf(settings(entra.issuer.authority, **changes), identity or Identity(), watch or Watch())


async def refusal(one: OnBehalfOf, assertion: str) -> SignalsError:
    """What comes instead of a token; nothing in it is secret."""
    with pytest.raises(SignalsError) as caught:
        await one.token(assertion, TENANT, READ)
    told = "".join([*traceback.format_exception(caught.value), *(repr(one) + str(one) for one in chain(caught.value))])
    assert not any(secret in told for secret in (assertion, assertion.rpartition(".")[2], API_APP.secret))
    return caught.value


def claims(entra: Entra, token: str, resource: Resource = INSIGHTS) -> Claims:
    """What a token says to the resource that it is for."""
    found = entra.issuer.claims_of(token, resource.uri)
    assert found
    return found


@pytest.mark.parametrize("resource", [INSIGHTS, STORAGE], ids=lambda one: one.name)
@pytest.mark.parametrize("version", [1, 2])
async def test_a_users_token_becomes_the_same_users_for_another_resource(
    entra: Entra, resource: Resource, version: int
) -> None:
    got = await exchange(entra).token(entra.mint.user(MAKER, version=version), TENANT, f"{resource.uri}/.default")
    told = claims(entra, got, resource)
    assert (told["oid"], told["tid"], told["appid"]) == (MAKER.oid, TENANT, API_APP.id)


async def test_a_token_is_kept_for_what_it_was_got_for_and_for_nothing_else(entra: Entra) -> None:
    """Another user, another token of the same user and another resource are asked for anew."""
    one, first, again = exchange(entra), entra.mint.user(MAKER), entra.mint.user(MAKER)
    wanted = [(first, READ), (first, FETCH), (again, READ), (entra.mint.user(ADMIN), READ)]
    got = [await one.token(assertion, TENANT, scope) for assertion, scope in wanted]
    assert entra.control.requests["token"] == len(set(got)) == 4
    assert [await one.token(assertion, TENANT, scope) for assertion, scope in wanted] == got
    assert entra.control.requests["token"] == 4
    assert claims(entra, got[3])["oid"] == ADMIN.oid


async def test_users_at_the_same_time_get_their_own(entra: Entra) -> None:
    """Each is asked for in a thread."""
    one = exchange(entra)
    users = [(MAKER, ADMIN)[place % 2] for place in range(12)]
    got = await asyncio.gather(*(one.token(entra.mint.user(user), TENANT, READ) for user in users))
    assert [claims(entra, token)["oid"] for token in got] == [user.oid for user in users]


async def test_a_token_is_asked_for_anew_before_it_expires(entra: Entra) -> None:
    """Five minutes before: it has to last for what it is for. Tokens of the stand-in last 60 to 90 minutes."""
    watch, assertion = Watch(), entra.mint.user(MAKER)
    one = exchange(entra, watch=watch)
    first = await one.token(assertion, TENANT, READ)
    lasts = claims(entra, first)["exp"] - time.time()
    watch.seconds += lasts - 320
    assert await one.token(assertion, TENANT, READ) == first
    watch.seconds += 40
    assert await one.token(assertion, TENANT, READ) != first


async def test_memory_is_bounded_and_what_was_used_last_stays(entra: Entra, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 2)
    one, tokens = exchange(entra), [entra.mint.user(MAKER) for _ in range(3)]
    for place in (0, 1, 0, 2, 0):
        await one.token(tokens[place], TENANT, READ)
    assert entra.control.requests["token"] == len(one._kept) + 1 == 3


async def test_msal_keeps_nothing_of_its_own(entra: Entra) -> None:
    """Its cache would grow with every user, refresh tokens included."""
    one = exchange(entra)
    await one.token(entra.mint.user(MAKER), TENANT, READ)
    kept = one._apps[TENANT].token_cache
    assert not [entry for kind in kept.CredentialType.__dict__.values() for entry in kept.search(str(kind))]


async def test_who_must_sign_in_anew_is_told_with_which_claims(entra: Entra) -> None:
    """As Entra ID wrote them, in base64: they go into a header."""
    entra.control.challenged.add(MAKER.oid)
    one, assertion = exchange(entra), entra.mint.user(MAKER)
    told = await refusal(one, assertion)
    assert isinstance(told, ClaimsNeeded)
    assert "capolids" in json.loads(base64.urlsafe_b64decode(told.claims))["access_token"]
    assert await one.token(entra.mint.user(ADMIN), TENANT, READ)
    entra.control.challenged.clear()
    assert await one.token(entra.mint.user(MAKER), TENANT, READ)


async def test_who_tries_again_in_vain_does_not_ask_entra_id_each_time(entra: Entra) -> None:
    """A flow repeats itself; msal keeps a refusal for a minute, for the same token."""
    entra.control.challenged.add(MAKER.oid)
    one, assertion = exchange(entra), entra.mint.user(MAKER)
    told = [await refusal(one, assertion) for _ in range(5)]
    assert {type(error) for error in told} == {ClaimsNeeded}
    assert entra.control.requests["token"] == 1


async def test_without_consent_an_administrator_has_to_act(entra: Entra) -> None:
    """Signing in again would not help."""
    entra.control.without_consent.add(MAKER.oid)
    told = await refusal(exchange(entra), entra.mint.user(MAKER))
    assert (type(told), told.reason) == (Forbidden, "consent_required")
    assert "administrator" in str(told)


@pytest.mark.parametrize("changed", [{"exp": 1}, {"aud": "other"}, {"scp": None}])
async def test_a_token_that_cannot_be_exchanged_is_the_callers_to_renew(entra: Entra, changed: dict[str, Any]) -> None:
    told = await refusal(exchange(entra), entra.mint.user(MAKER, **changed))
    assert isinstance(told, ClaimsNeeded)
    assert told.claims == ""


async def test_a_wrong_secret_is_our_fault_and_not_the_users(entra: Entra, caplog: pytest.LogCaptureFixture) -> None:
    """503; the log names Entra ID's code."""
    told = await refusal(exchange(entra, ENTRA_CLIENT_SECRET="wrong-s3cr3t"), entra.mint.user(MAKER))
    assert (type(told), told.reason) == (IdentityUnavailable, "token_exchange_refused")
    assert "invalid_client" in caplog.text
    assert "7000215" in caplog.text
    assert "s3cr3t" not in caplog.text


@dataclass(slots=True)
class Clock:
    """The clock of msal's memory, put forward by a test."""

    ahead: float = 0

    def time(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(individual_cache, "time", made)
    return made


async def test_an_outage_of_entra_id_is_one_and_who_has_a_token_goes_on(entra: Entra, clock: Clock) -> None:
    """Not one request for each call of ours: it is asked again after five seconds."""
    watch = Watch()
    one, kept, new = exchange(entra, watch=watch), entra.mint.user(ADMIN), entra.mint.user(MAKER)
    got = await one.token(kept, TENANT, READ)
    entra.control.down["token"] = None
    for _ in range(5):
        told = await refusal(one, new)
        assert (type(told), told.reason) == (IdentityUnavailable, "token_exchange_unreachable")
    assert entra.control.requests["token"] == 2
    assert await one.token(kept, TENANT, READ) == got
    entra.control.down.clear()
    clock.ahead = 6
    watch.seconds += 6
    assert await one.token(new, TENANT, READ)


async def test_an_outage_at_the_first_call_leaves_nothing_behind(entra: Entra) -> None:
    """The metadata is asked for again."""
    watch = Watch()
    one, assertion = exchange(entra, watch=watch), entra.mint.user(MAKER)
    entra.control.down["metadata"] = 1
    assert (await refusal(one, assertion)).reason == "token_exchange_unreachable"
    watch.seconds += 6
    assert await one.token(assertion, TENANT, READ)


async def test_nobody_listening_is_an_outage() -> None:
    (port,) = free_ports(1)
    one = OnBehalfOf(settings(f"https://127.0.0.1:{port}"), Identity())
    assert (await refusal(one, "t0k3n.t0k3n.t0k3n")).reason == "token_exchange_unreachable"


async def test_a_certificate_that_is_not_trusted_is_an_outage(entra: Entra, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent there."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert (await refusal(exchange(entra), entra.mint.user(MAKER))).reason == "token_exchange_unreachable"
    assert not entra.control.requests


async def test_the_managed_identity_proves_who_the_app_is(entra: Entra) -> None:
    """Its token for the exchange is asked for at each exchange: azure-identity keeps it while it counts."""
    proof = entra.mint.app(IDENTITY, resource=Resource(EXCHANGE, EXCHANGE))
    identity = Identity(proof)
    one, assertion = exchange(entra, identity, ENTRA_CLIENT_SECRET=""), entra.mint.user(MAKER)
    for token in (assertion, assertion, entra.mint.user(MAKER)):
        assert claims(entra, await one.token(token, TENANT, READ))["oid"] == MAKER.oid
    assert identity.asked == [EXCHANGE_SCOPE] * 2


async def test_a_new_proof_of_the_identity_takes_the_place_of_the_old(entra: Entra) -> None:
    exchange_resource = Resource(EXCHANGE, EXCHANGE)
    identity = Identity(entra.mint.app(IDENTITY, resource=exchange_resource, exp=1))
    one, assertion = exchange(entra, identity, ENTRA_CLIENT_SECRET=""), entra.mint.user(MAKER)
    assert (await refusal(one, assertion)).reason == "token_exchange_refused"
    identity.token = entra.mint.app(IDENTITY, resource=exchange_resource)
    assert await one.token(assertion, TENANT, READ)


@pytest.mark.parametrize("kind", [AzureError, ClientAuthenticationError, CredentialUnavailableError])
async def test_without_an_identity_nothing_is_exchanged(
    entra: Entra, kind: type[AzureError], caplog: pytest.LogCaptureFixture
) -> None:
    one = exchange(entra, Identity(failure=kind("Bearer t0k3n")), ENTRA_CLIENT_SECRET="")
    told = await refusal(one, entra.mint.user(MAKER))
    assert (type(told), told.reason) == (IdentityUnavailable, "identity_unavailable")
    assert entra.control.requests["token"] == 0
    assert kind.__name__ in caplog.text
    assert "t0k3n" not in caplog.text + str(told)


async def test_no_log_holds_a_token_or_a_secret(entra: Entra, caplog: pytest.LogCaptureFixture) -> None:
    """At any level, of msal and its HTTP client too, well or badly ended."""
    caplog.set_level(logging.DEBUG)
    proof = entra.mint.app(IDENTITY, resource=Resource(EXCHANGE, EXCHANGE))
    good, bad = entra.mint.user(MAKER), entra.mint.user(ADMIN)
    entra.control.without_consent.add(ADMIN.oid)
    secrets = [good, bad, proof, API_APP.secret]
    for one in (exchange(entra), exchange(entra, Identity(proof), ENTRA_CLIENT_SECRET="")):
        secrets.append(await one.token(good, TENANT, READ))
        await refusal(one, bad)
        assert not any(secret in repr(one) for secret in secrets)
    assert caplog.records
    for secret in secrets:
        assert secret not in caplog.text
        assert secret.rpartition(".")[2] not in caplog.text
