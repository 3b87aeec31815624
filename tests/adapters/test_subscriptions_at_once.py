"""Changes and listings of subscriptions that come at once: they cost a few requests, and each of them counts."""

import asyncio
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
from cryptography.fernet import Fernet

from local.counting import Ledger
from shared.adapters import subscription_table
from shared.adapters.cipher import Cipher
from shared.adapters.rows import rows_of
from shared.adapters.storage import StorageAccount
from shared.adapters.subscription_table import TableSubscriptions
from shared.domain.subscriptions import Subscription
from tests.contracts import samples
from tests.contracts.test_subscription_changes import delivered, one_more, saved_rows

WORKERS = 16


@pytest.fixture
def store(account: StorageAccount) -> TableSubscriptions:
    return TableSubscriptions(account.tables, Cipher([Fernet.generate_key().decode()]))


def requests(ledger: Ledger) -> tuple[int, int, set[int]]:
    """Reads and writes of tables since it was cleared, and which refusals there were."""
    sent = ledger.of("table")
    writes = sum(one.is_write for one in sent)
    return len(sent) - writes, writes, {one.status for one in sent if one.status >= 400}


async def changing(
    store: TableSubscriptions, ledger: Ledger, one: Subscription
) -> tuple[asyncio.Event, list[asyncio.Task[None]]]:
    """Sixteen changes, the first of which is under way until it may go on."""
    under_way, go = asyncio.Event(), asyncio.Event()

    async def hold(_: str, __: str) -> None:
        under_way.set()
        await go.wait()

    ledger.before = hold
    changes = [asyncio.create_task(store.change_all({one.id: one_more}))]
    await under_way.wait()
    changes += [asyncio.create_task(store.change_all({one.id: one_more})) for _ in range(WORKERS - 1)]
    await asyncio.sleep(0)
    return go, changes


async def test_sixteen_changes_of_one_at_once_cost_a_read_and_a_write(
    store: TableSubscriptions, ledger: Ledger, environment_id: str
) -> None:
    """Each by itself would be refused (412) again and again."""
    (one,) = await saved_rows(store, environment_id, 1)
    ledger.clear()
    await asyncio.gather(*(store.change_all({one.id: one_more}) for _ in range(WORKERS)))
    assert requests(ledger) == (1, 1, set())
    assert await delivered(store, environment_id) == [WORKERS]


async def test_changes_that_come_while_one_is_under_way_wait_for_it_and_are_one(
    store: TableSubscriptions, ledger: Ledger, environment_id: str
) -> None:
    (one,) = await saved_rows(store, environment_id, 1)
    ledger.clear()
    go, changes = await changing(store, ledger, one)
    go.set()
    await asyncio.gather(*changes)
    assert requests(ledger) == (2, 2, set())
    assert await delivered(store, environment_id) == [WORKERS]


async def test_changes_of_several_at_once_cost_no_more(
    store: TableSubscriptions, ledger: Ledger, environment_id: str
) -> None:
    """Each worker changes a few of them, and all workers some of the same."""
    rows = await saved_rows(store, environment_id, 12)
    ledger.clear()
    await asyncio.gather(
        *(store.change_all({rows[(worker + step) % 12].id: one_more for step in range(3)}) for worker in range(12))
    )
    assert requests(ledger) == (1, 1, set())
    assert await delivered(store, environment_id) == [3] * 12


async def test_changes_go_on_one_after_the_other_where_they_come_so(
    store: TableSubscriptions, ledger: Ledger, environment_id: str
) -> None:
    """Nobody waits for company."""
    (one,) = await saved_rows(store, environment_id, 1)
    ledger.clear()
    for _ in range(3):
        await store.change_all({one.id: one_more})
    assert requests(ledger) == (3, 3, set())
    assert await delivered(store, environment_id) == [3]


@pytest.mark.parametrize("leaving", [0, 1, 5], ids=["who-goes-first", "the-first-who-waits", "another"])
async def test_whoever_is_cancelled_takes_no_count_of_others_along(
    store: TableSubscriptions, ledger: Ledger, environment_id: str, leaving: int
) -> None:
    """A host that ends an invocation ends that one only. What was asked for is done for them too."""
    (one,) = await saved_rows(store, environment_id, 1)
    go, changes = await changing(store, ledger, one)
    changes[leaving].cancel()
    await asyncio.sleep(0)
    go.set()
    ended = await asyncio.gather(*changes, return_exceptions=True)
    assert [type(one) for one in ended if one is not None] == [asyncio.CancelledError]
    assert await delivered(store, environment_id) == [WORKERS]


@pytest.fixture
def slow_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of storage take now longer and now shorter to come, and hold what was true when they began."""
    chance = Random(1)  # noqa: S311

    async def read(*asked: Any, **options: Any) -> AsyncIterator[Any]:
        found = [row async for row in rows_of(*asked, **options)]
        await asyncio.sleep(chance.choice((0, 0.01, 0.03)))
        for row in found:
            yield row

    monkeypatch.setattr(subscription_table, "rows_of", read)


@pytest.mark.usefixtures("slow_answers")
async def test_a_listing_shows_what_was_saved_before_it_was_asked_for(
    store: TableSubscriptions, ledger: Ledger, environment_id: str
) -> None:
    """However many listings are under way: a rule that is missed never judges what it was made for."""
    saved: set[str] = set()
    asked = 0

    async def listed() -> set[str]:
        nonlocal asked
        asked += 1
        return {one.id for one in await store.of_environment(environment_id)}

    async def save(one: Subscription) -> None:
        await store.save(one)
        saved.add(one.id)
        wanted = set(saved)
        assert wanted <= await listed(), "what was saved is not listed"

    async def save_some(worker: int) -> None:
        for place in range(6):
            await save(samples.subscription(environment_id, f"{worker}-{place}"))

    async def look_on() -> None:
        while len(saved) < 4 * 6:
            wanted = set(saved)
            assert wanted <= await listed(), "what was saved is not listed"

    await save(samples.subscription(environment_id, "first"))
    ledger.clear()
    await asyncio.gather(*map(save_some, range(4)), *(look_on() for _ in range(8)))
    assert len(await listed()) == 25
    lists = [one for one in ledger.of("table", "GET") if one.kind == "list"]
    assert len(lists) < asked / 2, "they have to get into each other's way"
