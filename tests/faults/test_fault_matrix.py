"""Whatever befalls whichever partner wherever: is everything well afterwards, does nothing hang, is nothing left open?

Each cell is a fault (local/faults/proxy.py) of a partner at a place of its connections. Work is attempted while it
lasts and goes on afterwards, as the host, the timer and callers would have it. The cells of a test wait side by side.
"""

import asyncio
import gc
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp.connector
import pytest

from local.entra.certificate import Certificate, make_certificate
from local.faults.kinds import Kind
from local.faults.proxy import FaultProxy
from local.simulator.model import Scenario
from local.simulator.scenario import load_scenario
from shared.adapters.messages import stand_in_of
from shared.ports import Queue
from tests.adapters.conftest import SCENARIOS
from tests.faults.matrix_cells import Cell, Partner, Place, groups
from tests.faults.matrix_issuer import REASONS, Entrance, before_the_issuer
from tests.faults.matrix_partners import SECRET, Scene, before_flows, before_storage, before_the_api, in_memory
from tests.faults.matrix_pipeline import Pipeline, Told
from tests.faults.matrix_scale import BOUND_SECONDS, INVOCATION_SECONDS, is_own_limit, scaled, short_waits
from tests.faults.profile import pick
from tests.tally import Tally

_ENDED = (Queue.OPERATIONAL_EVENTS, True)
_OF_SOME = {Kind.DOWN: "connection", Kind.RESET: "connection"}
_OF_OTHERS = {Kind.LIMIT: "connection", Kind.TIMEOUT: "timeout", Kind.SLICER: "timeout", Kind.SLOW_CLOSE: "timeout"}
PIPELINES = groups(*(partner for partner in Partner if partner is not Partner.ISSUER))
ENTRANCES = groups(Partner.ISSUER)


@pytest.fixture(scope="session")
def day() -> Scenario:
    return load_scenario(SCENARIOS / "day.toml")


@pytest.fixture(autouse=True)
def said(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Of all that was logged, at any level and by anybody, nothing is a callback URL or a token."""
    made, formatter = logging.getLogRecordFactory(), logging.Formatter()
    records: list[logging.LogRecord] = []

    def factory(*given: Any, **more: Any) -> logging.LogRecord:
        record = made(*given, **more)
        record.msg = formatter.format(record)
        record.args, record.exc_info = (), None  # what a record keeps is not closed
        if record.name != "aiohttp.access":  # what the partners' own servers say
            records.append(record)
        return record

    caplog.set_level(logging.DEBUG)
    logging.setLogRecordFactory(factory)
    logging.getLogger(__name__).debug("This is heard")
    yield
    logging.setLogRecordFactory(made)
    told = "\n".join(str(vars(record)) for record in records)
    assert "This is heard" in told
    assert SECRET not in told
    assert "eyJ" not in told  # how every token begins


def files_open() -> int:
    """How many there are, where the system tells."""
    place = Path("/proc/self/fd")
    gc.collect()
    return len(list(place.iterdir())) if place.is_dir() else 0


@dataclass(frozen=True, slots=True)
class Ending:
    """What a story of the pipeline came to."""

    told: Told
    feed: list[str]


async def played(pipeline: Pipeline) -> Ending:
    """The story with nothing wrong."""
    await pipeline.prepare()
    await pipeline.attempt()
    await pipeline.settle()
    assert not pipeline.failures
    return Ending(pipeline.told(), await pipeline.feed())


async def expected(partner: Partner, environment_id: str, day: Scenario) -> Ending:
    """What every cell of a partner must come to."""
    scene = before_the_api(day, proxied=False) if partner is Partner.API else in_memory(environment_id)
    async with scene as found:
        return await played(found.pipeline)


async def set_up(stack: AsyncExitStack, cell: Cell, environment_id: str, storage: str, day: Scenario) -> Scene:
    match cell.partner:
        case Partner.API:
            scene = before_the_api(day, proxied=True)
        case Partner.FLOW:
            scene = before_flows(environment_id)
        case _:
            scene = before_storage(cell.partner, environment_id, storage)
    found = await stack.enter_async_context(scene)
    found.pipeline.bound_seconds = BOUND_SECONDS[cell.partner]
    await found.pipeline.prepare()
    return found


async def under_fault(cells: Sequence[Cell], stories: Sequence[Pipeline | Entrance], proxies: list[FaultProxy]) -> None:
    """Every story is tried while its proxy has the fault of its cell; every fault shows, and what hangs is given up by
    the time limit of whoever called, not by one that some other part of the app or of the test has.
    """
    for cell, proxy in zip(cells, proxies, strict=True):
        await proxy.hang_up()
        await proxy.begin(cell.fault)
    with scaled():
        await asyncio.gather(*(story.attempt() for story in stories))
    for cell, story, proxy in zip(cells, stories, proxies, strict=True):
        causes = story.causes()
        assert cell.is_refused or proxy.befell[cell.kind], f"{cell} befell nobody"
        assert cell.is_late or causes, f"{cell} stopped nobody"
        assert not cell.hangs or all(map(is_own_limit, causes)), f"{cell}: {causes}"
        await proxy.end()


def note(tally: Tally, cells: Sequence[Cell], stories: Sequence[Pipeline | Entrance]) -> None:
    tally.add(len(cells))
    longest = max(story.longest for story in stories)
    tally.figure("longest run under a fault (of functionTimeout)", round(longest / INVOCATION_SECONDS, 2))


@pytest.mark.parametrize("mine", PIPELINES.values(), ids=list(PIPELINES))
async def test_after_a_fault_every_event_has_reached_its_flows_and_keeps_its_id(
    mine: list[Cell], azurite: str, day: Scenario, tally: Tally
) -> None:
    before, tasks = files_open(), len(asyncio.all_tasks())
    async with AsyncExitStack() as stack:
        ids = [str(uuid4()) for _ in mine]
        with short_waits():
            scenes = await asyncio.gather(
                *(set_up(stack, cell, one, azurite, day) for cell, one in zip(mine, ids, strict=True))
            )
        pipelines = [scene.pipeline for scene in scenes]
        await under_fault(mine, pipelines, [scene.proxy for scene in scenes if scene.proxy])
        await asyncio.gather(*(one.settle() for one in pipelines))
        for cell, one in zip(mine, pipelines, strict=True):
            wanted = await expected(cell.partner, one.environment_id, day)
            assert await one.feed() == wanted.feed, cell
            assert set(one.told()) == set(wanted.told), cell
            most = Counter({flow: times * (1 + cell.repeats) for flow, times in wanted.told.items()})
            assert not one.told() - most, cell
            assert not await one.dead(), cell
    assert (files_open(), len(asyncio.all_tasks())) == (before, tasks)
    note(tally, mine, pipelines)


async def test_blobs_are_read_and_written_beside_the_checkpoint_while_their_fault_lasts() -> None:
    """What waits then: a delivery and two events in blobs, and an event that is in none, whose delivery will be."""
    async with in_memory(str(uuid4()), large=True) as scene:
        pipeline = scene.pipeline
        await pipeline.prepare()
        assert kept_in_blobs(pipeline) == {(Queue.DELIVERIES, True), (Queue.REFRESH_EVENTS, False), _ENDED}
        pipeline._waiting = [message for message in pipeline._waiting if message[0] is Queue.REFRESH_EVENTS]
        await pipeline.attempt()
        await pipeline._collect()
        assert (Queue.DELIVERIES, True) in kept_in_blobs(pipeline)


def kept_in_blobs(pipeline: Pipeline) -> set[tuple[Queue, bool]]:
    """What waits in which queue, and whether its body is in a blob."""
    return {(queue, bool(stand_in_of(body)[0])) for queue, body in pipeline._waiting}


async def test_what_a_flow_never_takes_is_dead_with_a_reason(azurite: str, day: Scenario, tally: Tally) -> None:
    """The fault never ends: each event runs through its retries and is kept for whom it was."""
    reasons = pick(_OF_SOME, _OF_SOME | _OF_OTHERS)
    mine = [Cell(Partner.FLOW, kind, Place.CONNECT) for kind in reasons]
    async with AsyncExitStack() as stack:
        scenes = [await set_up(stack, cell, str(uuid4()), azurite, day) for cell in mine]
        for cell, scene in zip(mine, scenes, strict=True):
            assert scene.proxy
            await scene.proxy.hang_up()
            await scene.proxy.begin(cell.fault)
        with scaled():
            await asyncio.gather(*(scene.pipeline.settle(rounds=14, minutes=26 * 60) for scene in scenes))
        for (kind, reason), one in zip(reasons.items(), (scene.pipeline for scene in scenes), strict=True):
            dead = await one.dead()
            wanted = await expected(Partner.FLOW, one.environment_id, day)
            assert {(f"/workflows/{row.subscription_id[37:]}", row.event.id) for row in dead} == set(wanted.told), kind
            assert {row.reason for row in dead} == {reason}, kind
            assert not one.told(), kind
        for scene in scenes:
            if scene.proxy:
                await scene.proxy.end()
    tally.add(len(mine))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("entra"))


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """What msal sends trusts it, and so does aiohttp, which reads its roots when it is imported."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.bundle))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    context = aiohttp.connector._make_ssl_context(True)
    assert context is not None
    context.load_verify_locations(certificate.ca)
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", context)
    return certificate


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")  # urllib3's, of a reset in a handshake
@pytest.mark.parametrize("mine", ENTRANCES.values(), ids=list(ENTRANCES))
async def test_a_caller_gets_in_or_hears_why_not_and_gets_in_a_minute_later(
    mine: list[Cell], day: Scenario, trusted: Certificate, tally: Tally
) -> None:
    before, tasks = files_open(), len(asyncio.all_tasks())
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(before_the_issuer(day, trusted)) for _ in mine]
        entrances = [entrance for entrance, _ in found]
        await under_fault(mine, entrances, [proxy for _, proxy in found])
        for cell, one in zip(mine, entrances, strict=True):
            assert one.failures or (one.let_in and one.segments), cell
            assert {failure.reason for failure in one.failures} <= REASONS, cell
            one.failures.clear()
        await asyncio.gather(*(one.settle() for one in entrances))
        for cell, one in zip(mine, entrances, strict=True):
            assert not one.failures, cell
            assert (one.let_in, one.segments > 0) == (1, True), cell
    assert (files_open(), len(asyncio.all_tasks())) == (before, tasks)
    note(tally, mine, entrances)
