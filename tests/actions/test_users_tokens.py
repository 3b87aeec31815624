"""Users act as themselves: with tokens that are exchanged for theirs, or not at all."""

import asyncio

import pytest

from local.entra.directory import ADMIN, MAKER, VIEWER
from tests.actions.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def newcomer(site: Site) -> Site:
    """A site where everybody comes with a token that was never exchanged."""
    site.forget_tokens()
    return site


async def test_one_exchange_serves_many_calls(newcomer: Site) -> None:
    for path in ("segments", "measures", "datasources", "entities", "jobs"):
        await newcomer.get(path)
    assert newcomer.entra.control.requests["token"] == 1
    await newcomer.get("segments", who=VIEWER)
    assert newcomer.entra.control.requests["token"] == 2
    assert [one.principal_id for one in newcomer.asked()] == [MAKER.oid] * 5 + [VIEWER.oid]


async def test_storage_takes_a_token_of_its_own(newcomer: Site) -> None:
    for _ in range(3):
        await newcomer.get("entities/Customer/partitions/part-00000/data")
    assert newcomer.entra.control.requests["token"] == 2


async def test_a_user_who_must_sign_in_anew_is_told_with_what(newcomer: Site) -> None:
    newcomer.entra.control.challenged.add(MAKER.oid)
    answer = await newcomer.ask("GET", "segments")
    assert (answer.status, answer.json["error"]["code"]) == (401, "claims_needed")
    assert 'error="insufficient_claims", claims="' in answer.headers["WWW-Authenticate"]
    assert not newcomer.simulation.seen
    assert (await newcomer.ask("GET", "segments", who=ADMIN)).status == 200


async def test_without_consent_nothing_is_done_as_the_app_instead(newcomer: Site) -> None:
    newcomer.entra.control.without_consent.add(MAKER.oid)
    for method, path in (("GET", "segments"), ("POST", "refresh"), ("GET", "reports/environment")):
        answer = await newcomer.ask(method, path)
        assert (answer.status, answer.json["error"]["code"]) == (403, "consent_required"), answer
    assert not newcomer.simulation.seen


async def test_calls_at_the_same_time_share_an_exchange(newcomer: Site) -> None:
    await asyncio.gather(*(newcomer.get(path) for path in ("segments", "measures", "reports/environment")))
    assert newcomer.entra.control.requests["token"] == 1
    assert {one.principal_id for one in newcomer.asked()} == {MAKER.oid}


async def test_a_token_that_is_refused_is_exchanged_anew(newcomer: Site) -> None:
    newcomer.fault("refuse", status=401, times=1)
    assert (await newcomer.ask("GET", "segments")).status == 403
    assert (await newcomer.ask("GET", "segments")).status == 200
    assert newcomer.entra.control.requests["token"] == 2
