"""SIGKILL of a real process at its writes: the next process goes on with what storage has, and nothing is missing.

What flows were called about is in a file that no process holds back.
"""

import asyncio
import multiprocessing
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.adapters.own_storage import own_storage
from tests.faults.crash_child import Order, own_places, run
from tests.faults.crash_cloud import cloud_at
from tests.faults.crash_cloud_story import ending_of, forget, new_environment
from tests.faults.crash_history import History, What
from tests.faults.crash_host import in_silence
from tests.faults.crash_judge import Ending, faults_of, repeats_of
from tests.faults.profile import pick
from tests.faults.test_crash_azurite import undisturbed
from tests.services.faults import Fuse
from tests.tally import Tally

CHUNKS = pick(1, 4)
KILLS = pick(3, 52)
PATIENCE_SECONDS = 120

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL and no fork")


@pytest.fixture(autouse=True)
def _silence_and_own_storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    own_storage(monkeypatch)
    with in_silence():
        yield


def exit_of(order: Order) -> int | None:
    """Run a process to its end, however that comes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.crash_child"])
    process = context.Process(target=run, args=(order,))
    process.start()
    process.join(PATIENCE_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        pytest.fail("a process neither died nor came to its end")
    code = process.exitcode
    process.close()
    return code


async def left(order: Order) -> Ending:
    """What storage and the flows have in the end."""
    async with cloud_at(order.connection_string, Fuse(), retries=False) as cloud:
        ending = await ending_of(cloud, History(order.history), order.environment, order.write)
        await forget(cloud, order.environment)
    return ending


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_killed_process_loses_nothing_and_repeats_one_batch_at_most(
    azurite: str, tmp_path: Path, chunk: int, tally: Tally
) -> None:
    whole = asyncio.run(undisturbed(azurite))
    for kill in range(KILLS)[chunk::CHUNKS]:
        write, after = 1 + kill * whole.writes // KILLS, kill // CHUNKS % 2 == 1
        order = Order(azurite, own_places(), new_environment(), tmp_path / f"{kill}.jsonl", write, after)
        assert exit_of(order) == -signal.SIGKILL
        assert exit_of(replace(order, write=0)) == 0
        ending = asyncio.run(left(order))
        assert sum(one.what is What.HIT for one in ending.history) == 1
        tally.add()
        tally.figure("events that flows took twice after a SIGKILL, at most", repeats_of(ending, whole).total())
        faults = faults_of(ending, whole)
        assert not faults, f"killed {'after' if after else 'before'} write {write}: {faults}"
