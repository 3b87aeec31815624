"""Are keys found when they are needed, kept while nobody tells them, and asked for no more than that takes?"""

import asyncio
import secrets
from dataclasses import dataclass, field
from functools import cache

import pytest

from local.entra.directory import MAKER, TENANT
from local.entra.issuer import Issuer
from shared.adapters.entra_keys import COOLDOWN_SECONDS, TenantKeys
from shared.adapters.entra_tokens import TokenValidator
from shared.entra_settings import read_entra_settings
from shared.errors import IdentityUnavailable, NotAuthenticated
from tests.access.forging import header_of, opened, signed
from tests.access.houses import rebuilt
from tests.functions.support import Caller, http, told
from tests.services.stage import Stage
from tests.tokens import AUTHORITY, ENTRA, ISSUER, MINT, Published, bearer

HOUR, DAY, WEEK = 3600.0, 24 * 3600.0, 7 * 24 * 3600.0


@dataclass
class Kept:
    """The keys of a tenant, whose clock a test moves; `published` counts what is asked for."""

    published: Published = field(default_factory=lambda: Published(Issuer(AUTHORITY)))
    now: float = 1e6

    def __post_init__(self) -> None:
        self.published.issuer.key = ISSUER.key
        self.keys = TenantKeys(AUTHORITY, TENANT, self.published, lambda: self.now)

    async def find(self, key_id: str = "") -> str:
        """What comes of asking for a key; for the one that signs now, if none is named."""
        try:
            await self.keys.find(key_id or self.published.issuer.key.id)
        except (NotAuthenticated, IdentityUnavailable) as error:
            return error.reason
        return "found"


@cache
def good_tokens() -> list[str]:
    """500 of them."""
    return [MINT.user(MAKER) for _ in range(500)]


def checked_with(kept: Kept) -> TokenValidator:
    """What checks tokens with these keys."""
    return TokenValidator(read_entra_settings(ENTRA, []), keys={TENANT: kept.keys})


async def warmed() -> tuple[Kept, TokenValidator]:
    """Keys that are known, and what checks tokens with them."""
    kept = Kept()
    assert await kept.find() == "found"
    return kept, checked_with(kept)


@pytest.mark.parametrize("warm", [True, False])
async def test_a_thousand_random_key_ids_cost_one_request(warm: bool) -> None:
    """Also when they come all at once; and those who have good tokens notice nothing."""
    kept = Kept()
    if warm:
        assert await kept.find() == "found"
        kept.now += HOUR
        kept.published.asked.clear()
    names = [secrets.token_urlsafe(20) for _ in range(1000)]
    found = [await kept.find(name) for name in names[:500]]
    found += await asyncio.gather(*(kept.find(name) for name in names[500:]))
    assert set(found) == {"unknown_key"}
    assert kept.published.key_requests == 1
    assert await kept.find() == "found"
    assert kept.published.key_requests == 1


async def test_an_hour_of_random_key_ids_costs_two_requests_a_minute() -> None:
    kept = Kept()
    for _ in range(3600):
        kept.now += 1
        assert await kept.find(secrets.token_urlsafe(20)) == "unknown_key"
    assert kept.published.key_requests <= 120


async def test_an_idle_day_costs_one_request_and_so_does_a_busy_one() -> None:
    kept = Kept()
    for _ in range(int(10 * DAY / 600)):
        kept.now += 600
        assert await kept.find() == "found"
    assert kept.published.key_requests <= 11


@pytest.mark.parametrize("idle", [1.0, HOUR, DAY, 10 * DAY])
async def test_a_key_that_is_new_counts_within_31_seconds(idle: float) -> None:
    """However long before it the keys were asked for; the one before it counts as long as it is published."""
    kept = Kept()
    old = kept.published.issuer.key.id
    assert await kept.find() == "found"
    kept.now += idle
    await kept.find("a stranger's, just before")
    kept.published.issuer.rotate()
    kept.now += 31
    assert await kept.find() == await kept.find(old) == "found"


async def test_a_key_that_is_withdrawn_counts_for_a_day_at_most() -> None:
    kept = Kept()
    old = kept.published.issuer.key.id
    assert await kept.find() == "found"
    kept.published.issuer.rotate(keep_old=False)
    kept.now += DAY
    assert await kept.find(old) == "unknown_key"
    assert await kept.find() == "found"


@pytest.mark.parametrize("away", [2 * HOUR, 3 * DAY, WEEK - 60])
async def test_while_keys_are_known_nobody_is_refused_because_entra_is_down(away: float) -> None:
    """500 good tokens, spread over the outage and then all at once; it is asked anew twice a minute at most."""
    kept, checking = await warmed()
    kept.published.down = True
    for token in good_tokens():
        kept.now += away / 501
        assert (await checking.principal_of(token)).object_id == MAKER.oid
    before = len(kept.published.asked)
    found = await asyncio.gather(*(checking.principal_of(token) for token in good_tokens()))
    assert len(found) == 500
    assert len(kept.published.asked) - before <= 1


async def test_keys_that_nobody_confirmed_for_a_week_do_not_count_until_entra_is_back() -> None:
    kept, checking = await warmed()
    kept.published.down = True
    kept.now += WEEK
    for token in good_tokens():
        with pytest.raises(IdentityUnavailable):
            await checking.principal_of(token)
    kept.published.down = False
    kept.now += COOLDOWN_SECONDS
    assert await checking.principal_of(good_tokens()[0])


async def test_while_entra_is_down_a_key_that_nobody_knows_is_no_mistake_of_the_caller() -> None:
    kept, _ = await warmed()
    kept.published.down = True
    kept.now += HOUR
    assert await kept.find("new, perhaps") == "signing_keys_unavailable"
    assert await kept.find("another") == "signing_keys_unavailable"
    kept.published.down = False
    kept.now += COOLDOWN_SECONDS
    assert await kept.find("new, perhaps") == "unknown_key"


async def test_who_comes_before_any_key_was_told_is_asked_to_try_again(stage: Stage, call: Caller) -> None:
    """503, never 401; and Entra ID is not asked by each of them."""
    kept = Kept()
    kept.published.down = True
    rebuilt(tokens=checked_with(kept))
    for token in [*good_tokens()[:100], signed(header_of(kid="strange"), opened(good_tokens()[0])[1])]:
        answer = await call("get_subscriptions", http(headers=bearer(token)))
        assert (answer.status_code, told(answer)["error"]["code"]) == (503, "signing_keys_unavailable")
        assert 30 <= int(answer.headers["Retry-After"]) <= 60
        assert "WWW-Authenticate" not in answer.headers
    assert len(kept.published.asked) == 1
    kept.published.down = False
    kept.now += COOLDOWN_SECONDS
    assert (await call("get_subscriptions", http(headers=bearer(good_tokens()[0])))).status_code == 200


async def test_no_key_is_asked_for_when_a_token_cannot_be_one_of_ours() -> None:
    """Of no tenant of ours, with another algorithm, of no form: that is told without Entra ID."""
    kept = Kept()
    for token in ("a.b.c", MINT.user(MAKER, tenant="other"), signed(header_of(alg="none"), {"tid": TENANT})):
        with pytest.raises(NotAuthenticated):
            await checked_with(kept).principal_of(token)
    assert kept.published.asked == []


class Slow(Published):
    """Answers when it is told to."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__(issuer)
        self.answering = asyncio.Event()

    async def __call__(self, url: str) -> bytes:
        await self.answering.wait()
        return await super().__call__(url)


async def test_all_who_come_first_wait_for_one_answer() -> None:
    slow = Slow(Issuer(AUTHORITY))
    kept = Kept(slow)
    first = [asyncio.create_task(kept.find()) for _ in range(100)]
    await asyncio.sleep(0)
    slow.answering.set()
    assert set(await asyncio.gather(*first)) == {"found"}
    assert len(slow.asked) == 2


@pytest.mark.parametrize("asker", ["a stranger's key", "the key of everybody"])
async def test_nobody_waits_for_a_slow_entra_while_the_keys_are_known(asker: str) -> None:
    """But the one who asks."""
    slow = Slow(Issuer(AUTHORITY))
    slow.answering.set()
    kept = Kept(slow)
    assert await kept.find() == "found"
    slow.answering.clear()
    kept.now += HOUR if asker == "a stranger's key" else DAY
    asking = asyncio.create_task(kept.find("x" if asker == "a stranger's key" else ""))
    await asyncio.sleep(0)
    assert [await asyncio.wait_for(kept.find(), 10) for _ in range(50)] == ["found"] * 50
    assert not asking.done()
    slow.answering.set()
    assert await asking == ("unknown_key" if asker == "a stranger's key" else "found")


async def test_an_asker_who_goes_away_leaves_nobody_refused() -> None:
    """What it did not hear is unknown, not wrong."""
    slow = Slow(Issuer(AUTHORITY))
    kept = Kept(slow)
    asking = asyncio.create_task(kept.find())
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await kept.find() == "signing_keys_unavailable"
    slow.answering.set()
    kept.now += COOLDOWN_SECONDS
    assert await kept.find() == "found"
