"""A crash at any request that writes to storage: nothing is lost, no fact has two ids, one batch comes twice at most.

The request never went out, or its answer never came; the process died of it, or lives on with a broken connection.
"""

import random
from collections.abc import Iterator

import pytest

from tests.adapters.own_storage import own_storage
from tests.faults.crash_cloud import cloud_at, storage_ports
from tests.faults.crash_cloud_story import ending_of, forget, new_environment, play_on
from tests.faults.crash_fuse import StoryFuse, WatchfulFuse
from tests.faults.crash_history import History
from tests.faults.crash_host import in_silence
from tests.faults.crash_judge import Ending, faults_of, repeats_of
from tests.faults.crash_upkeep import faults_of_upkeep
from tests.faults.crash_writes import adapters_of, makers_of
from tests.faults.profile import pick
from tests.services.faults import Fuse
from tests.services.stage import Stage
from tests.tally import Tally

FORMS = {
    "dies-before": (False, True),
    "dies-after": (True, True),
    "breaks-before": (False, False),
    "breaks-after": (True, False),
}
CHUNKS = pick(1, 4)
TRIED = pick(2, 100_000)  # of each form; the story has about a hundred writes


@pytest.fixture(autouse=True)
def _silence_and_own_storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    own_storage(monkeypatch)
    with in_silence():
        yield


async def ending_with(connection_string: str, fuse: StoryFuse, *, retries: bool = False) -> Ending:
    """Play the story in an environment of its own; what is left of it."""
    environment, history = new_environment(), History()
    async with cloud_at(connection_string, fuse, retries=retries) as cloud:
        await play_on(cloud, fuse, history, environment)
        ending = await ending_of(cloud, history, environment, fuse.writes)
        await forget(cloud, environment)
    return ending


def tried(form: str, writes: int) -> list[int]:
    """At which of so many writes a crash is tried, in an order of the form's own."""
    return random.Random(form).sample(range(1, writes + 1), min(TRIED, writes))  # noqa: S311


_undisturbed: dict[str, Ending] = {}
_writes_of_upkeep: dict[str, int] = {}


async def undisturbed(connection_string: str) -> Ending:
    """The story on storage whose places are there, without a crash. One is as another: it is played once."""
    async with cloud_at(connection_string, Fuse(), retries=False) as cloud:
        await cloud.make_places()
    if connection_string not in _undisturbed:
        _undisturbed[connection_string] = await ending_with(connection_string, StoryFuse())
    return _undisturbed[connection_string]


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("form", FORMS)
async def test_a_crash_at_any_request_loses_nothing_and_repeats_one_batch_at_most(
    azurite: str, form: str, chunk: int, tally: Tally
) -> None:
    """Of broken connections the SDK tries one half again by itself; the other half are ours to deal with."""
    whole = await undisturbed(azurite)
    tally.figure("writes of the story on storage", whole.writes)
    after, lasting = FORMS[form]
    for write in tried(form, whole.writes)[chunk::CHUNKS]:
        retries = not lasting and (write + after) % 2 == 0
        fuse = StoryFuse(frozenset({write}), after, lasting)
        ending = await ending_with(azurite, fuse, retries=retries)
        assert fuse.blown
        tally.add()
        tally.figure(
            "events that flows took twice after one crash on storage, at most", repeats_of(ending, whole).total()
        )
        faults = faults_of(ending, whole)
        assert not faults, f"{form} at write {write}, tried again by the SDK: {retries}: {faults}"


async def test_the_story_has_what_it_should(azurite: str) -> None:
    """Five deliveries or more, a flow that left, one that was saved again: else a crash there would show nothing."""
    whole = await undisturbed(azurite)
    assert whole.writes > 90
    assert set(whole.runs.values()) == {1}
    assert {flow for flow, _ in whole.runs} == {"steady", "ended", "leaver"}
    assert whole.live == {"steady": 1, "ended": 1}
    assert (len(whole.runs), len(whole.feed), whole.died) == (6, 7, set())
    assert not faults_of(whole, whole)


async def test_every_write_of_the_adapters_is_in_the_story_or_in_the_upkeep(azurite: str) -> None:
    """Each is hit when both are played with a crash at every request: a method that is no read, too big a body too."""
    fuse = WatchfulFuse()
    async with cloud_at(azurite, Fuse(), retries=False) as cloud:
        await cloud.make_places()
        adapters = adapters_of(storage_ports(cloud.plain, Stage().ports, History(), set()))
    wanted = {name for port, one in adapters.items() for name in makers_of(one, port)}
    assert len(adapters) >= 6
    await ending_with(azurite, fuse)
    assert not await upkeep_with(azurite, fuse)
    assert wanted <= fuse.seen, f"no crash is tried at {sorted(wanted - fuse.seen)}"


async def writes_of_upkeep(connection_string: str) -> int:
    """How many the upkeep has on storage whose places are there, without a crash."""
    async with cloud_at(connection_string, Fuse(), retries=False) as cloud:
        await cloud.make_places()
    if connection_string not in _writes_of_upkeep:
        fuse = StoryFuse()
        assert not await upkeep_with(connection_string, fuse)
        _writes_of_upkeep[connection_string] = fuse.writes
    return _writes_of_upkeep[connection_string]


async def upkeep_with(connection_string: str, fuse: StoryFuse, *, retries: bool = False) -> list[str]:
    """What is wrong after an upkeep of an environment of its own."""
    return await faults_of_upkeep(connection_string, fuse, new_environment(), retries=retries)


@pytest.mark.parametrize("form", FORMS)
async def test_a_crash_at_any_request_of_the_upkeep_loses_nothing_and_leaves_nothing(
    azurite: str, form: str, tally: Tally
) -> None:
    """The second evening and the second night make up for the first: poison is aside, all is under the newest key,
    and what had its time is gone.
    """
    writes = await writes_of_upkeep(azurite)
    assert writes >= 20
    after, lasting = FORMS[form]
    for write in tried(form, writes):
        fuse = StoryFuse(frozenset({write}), after, lasting)
        retries = not lasting and (write + after) % 2 == 0
        faults = await upkeep_with(azurite, fuse, retries=retries)
        tally.add()
        assert fuse.blown
        assert not faults, f"{form} at write {write}: {faults}"
