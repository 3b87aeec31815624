"""What do many pollers of one environment come to? One commit a change; whoever is late does nothing.

In memory every call takes a seeded time, so that the pollers meet at each of their steps; on storage they just meet.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from random import Random
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet

from local.counting import Ledger, counted_account
from shared.adapters import event_table
from shared.domain.snapshot import Job
from shared.ports import EVENT_QUEUES, Ports
from shared.services.poll_environment import PollOutcome, poll_environment
from tests.contracts.kits import StorageMailbox
from tests.factories import ENVIRONMENT
from tests.faults.profile import pick
from tests.faults.workers import CommittedLog, CountedCheckpoints, quick_or_stalled, slowed, stored
from tests.services.hosting import virtual_now
from tests.services.stage import Stage, failed_refresh
from tests.services.virtual_time import in_virtual_time
from tests.tally import Tally

POLLERS, ROUNDS = pick((12, 3), (50, 20))
EVENTS_A_CHANGE = 2  # the refresh that failed, and the process that ended


def _change(number: int) -> Job:
    return failed_refresh(f"Source {number}", job_id=f"job-{number}", start=number + 1)


@dataclass(slots=True)
class Ending:
    """What a story came to: what was committed, how often somebody was late, the feed, and what the queues got."""

    commits: list[int]
    cleared: int
    late: int
    feed: list[str]
    queued: list[str]
    committed: list[int]


def _require_one_commit_a_change(ending: Ending, rounds: int, *, once: bool) -> None:
    """`once`: nobody took over from a poller that stalled, so that the queues got nothing twice either."""
    assert ending.commits == [EVENTS_A_CHANGE] * rounds
    assert ending.cleared == rounds
    assert ending.committed == [1] * rounds
    assert len(ending.feed) == len(set(ending.feed)) == EVENTS_A_CHANGE * rounds
    assert set(ending.queued) == set(ending.feed)
    assert not once or len(ending.queued) == len(ending.feed)


def _meeting(seed: int, *, pollers: int, rounds: int, stalls: float) -> Ending:
    return in_virtual_time(_meet(seed, pollers=pollers, rounds=rounds, stalls=stalls))


async def _meet(seed: int, *, pollers: int, rounds: int, stalls: float) -> Ending:
    """Each round a change shows while all poll, twice each; then one more poll, for everybody may have been late."""
    stage, draw, checkpoints = Stage(), Random(seed), CountedCheckpoints()  # noqa: S311 - to be played again
    stage.checkpoints, stage.log = checkpoints, CommittedLog(checkpoints)
    times = quick_or_stalled(seed, stalls=stalls)
    workers = [slowed(stage.another_worker(), times) for _ in range(pollers)]
    await poll_environment(workers[0], ENVIRONMENT)
    committed = []
    checkpoints.commits.clear()
    for number in range(rounds):
        outcomes = await _round(stage, workers, draw, number)
        await asyncio.sleep(120)
        stage.insights.served_at = virtual_now()
        outcomes.append(await poll_environment(workers[0], ENVIRONMENT))
        committed.append(sum(bool(one.events) and one.committed for one in outcomes))
    told = [len(state.outbox) for state in checkpoints.commits if state.outbox]
    after = zip(checkpoints.commits, checkpoints.commits[1:], strict=False)
    cleared = sum(bool(before.outbox) and not state.outbox for before, state in after)
    feed = [event.id for event in await stage.logged()]
    return Ending(told, cleared, checkpoints.refused, feed, [event.id for event in await stage.queued()], committed)


async def _round(stage: Stage, workers: Sequence[Ports], draw: Random, number: int) -> list[PollOutcome]:
    async def show() -> None:
        await asyncio.sleep(draw.choice((0, 0.01, 0.1)))
        stage.insights.served_at = virtual_now()
        stage.insights.listed = (_change(number), *stage.insights.listed[:5])

    async def poll_twice(ports: Ports, begins_in: float) -> list[PollOutcome]:
        await asyncio.sleep(begins_in)
        return [await poll_environment(ports, ENVIRONMENT) for _ in range(2)]

    async with asyncio.TaskGroup() as together:
        together.create_task(show())
        polls = [together.create_task(poll_twice(one, draw.choice((0, 0, 0.005, 0.05)))) for one in workers]
    return [outcome for poll in polls for outcome in poll.result()]


@pytest.mark.parametrize("seed", range(pick(4, 24)))
def test_many_pollers_in_any_order_commit_a_change_once(seed: int, tally: Tally) -> None:
    ending = _meeting(seed, pollers=POLLERS, rounds=ROUNDS, stalls=0)
    _require_one_commit_a_change(ending, ROUNDS, once=True)
    assert ending.late > ROUNDS, "the pollers have to get into each other's way"
    tally.add(ROUNDS)


@pytest.mark.parametrize("chunk", range(4))
def test_pollers_that_stall_and_are_taken_over_commit_a_change_once(chunk: int, tally: Tally) -> None:
    """The queues may get an event twice then, with the same id."""
    late = repeats = 0
    seeds = range(chunk, pick(80, 800), 4)
    for seed in seeds:
        ending = _meeting(seed, pollers=6, rounds=3, stalls=0.1)
        _require_one_commit_a_change(ending, 3, once=False)
        late, repeats = late + ending.late, repeats + len(ending.queued) - len(ending.feed)
        tally.add(3)
    assert late > len(seeds), "the pollers have to get into each other's way"
    assert repeats, "somebody has to be taken over"


@pytest.mark.parametrize("chunk", range(4))
def test_pollers_that_stall_while_the_source_goes_on_tell_every_change_once(chunk: int, tally: Tally) -> None:
    """What one of them does a minute late must not undo what others did meanwhile."""
    for seed in range(chunk, pick(24, 200), 4):
        in_virtual_time(_poll_on(seed))
        tally.add(12)


async def _poll_on(seed: int) -> None:
    stage, checkpoints = Stage(), CountedCheckpoints()
    stage.checkpoints, stage.log = checkpoints, CommittedLog(checkpoints)
    times = quick_or_stalled(seed, stalls=0.1)
    workers = [slowed(stage.another_worker(), times) for _ in range(4)]
    await poll_environment(workers[0], ENVIRONMENT)

    async def poll_again_and_again(ports: Ports) -> None:
        while asyncio.get_running_loop().time() < 600:
            await poll_environment(ports, ENVIRONMENT)
            await asyncio.sleep(times())

    async def show() -> None:
        for number in range(12):
            stage.insights.listed = (_change(number), *stage.insights.listed)
            stage.insights.served_at = virtual_now()
            await asyncio.sleep(30)

    await asyncio.gather(show(), *map(poll_again_and_again, workers))
    await asyncio.sleep(120)
    await poll_environment(workers[0], ENVIRONMENT)
    feed = [event.id for event in await stage.logged()]
    assert len(feed) == len(set(feed)) == 12 * EVENTS_A_CHANGE
    assert {event.id for event in await stage.queued()} == set(feed)
    told = [one.event.id for state in checkpoints.commits for one in state.outbox]
    assert told == feed, "a change is committed once"


@dataclass(slots=True)
class Storage:
    """A storage account whose requests are counted, and as many workers on it as there are pollers."""

    stage: Stage
    environment_id: str
    ledger: Ledger
    mailbox: StorageMailbox
    workers: list[Ports]

    async def poll_all(self) -> list[PollOutcome]:
        """Everybody polls, at the same time."""
        return list(await asyncio.gather(*(poll_environment(ports, self.environment_id) for ports in self.workers)))

    def commits(self) -> list[int]:
        """How each commit ended, since the last look."""
        found = [
            one.status for one in self.ledger.of("blob", "PUT") if f"/checkpoints/{self.environment_id}" in one.url
        ]
        self.ledger.clear()
        return found


@pytest.fixture
async def storage(azurite: str) -> AsyncIterator[Storage]:
    ledger, stage, key = Ledger(), Stage(), Fernet.generate_key().decode()
    account = counted_account(azurite, ledger)
    mailbox = StorageMailbox(account)
    await mailbox.clear()
    await account.tables.create_table_if_not_exists(event_table.EVENTS)
    workers = [stored(stage, account, key) for _ in range(POLLERS)]
    yield Storage(stage, str(uuid4()), ledger, mailbox, workers)
    await account.close()


async def test_many_pollers_on_storage_commit_a_change_once(storage: Storage, tally: Tally) -> None:
    """Two commits a change, to tell it and to clear it; all others are refused (412) and leave it at that."""
    stage, ids = storage.stage, list[str]()
    await poll_environment(storage.workers[0], storage.environment_id)
    late = 0
    for number in range(ROUNDS):
        stage.wait(seconds=1)
        stage.insights.listed = (_change(number), *stage.insights.listed[:5])
        storage.ledger.clear()
        outcomes = await storage.poll_all()
        appended = [one for one in storage.ledger.of("table") if one.is_write]
        statuses = storage.commits()
        assert statuses.count(201) == 2, statuses
        assert len(appended) == 1, "nobody writes to the feed but who committed"
        assert set(statuses) <= {201, 412}
        assert sum(one.committed for one in outcomes) == 1
        assert all(one.committed or one.left_to_other or not one.events for one in outcomes)
        late += statuses.count(412)
        for queue in dict.fromkeys(EVENT_QUEUES.values()):
            for body in await storage.mailbox.take(queue):
                ids += [event.id for event in (await storage.workers[0].queues.read_events(body)).events]
    assert late > ROUNDS, "the pollers have to get into each other's way"
    feed = await storage.workers[-1].log.read(storage.environment_id, after=0, limit=1000)
    assert [one.sequence for one in feed] == list(range(1, EVENTS_A_CHANGE * ROUNDS + 1))
    assert sorted(ids) == sorted({one.event.id for one in feed})
    tally.add(ROUNDS)
    tally.figure("refused commits of 50 pollers" if POLLERS == 50 else "refused commits", late)


async def test_a_quiet_moment_costs_many_pollers_no_write(storage: Storage) -> None:
    await poll_environment(storage.workers[0], storage.environment_id)
    storage.ledger.clear()
    storage.stage.wait(minutes=1)
    assert not any(one.committed or one.left_to_other for one in await storage.poll_all())
    assert not storage.ledger.writes


def test_the_pollers_of_a_story_are_the_same_in_every_process() -> None:
    """A seed that fails can be played again."""
    assert _meeting(7, pollers=5, rounds=2, stalls=0.05) == _meeting(7, pollers=5, rounds=2, stalls=0.05)
