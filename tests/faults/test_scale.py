"""What does size cost? Counts of calls, storage requests and messages, and the memory of a process of its own.

The vendor's answers come over HTTP; storage is in memory, and the emulator in the full profile.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from bench.made_up import Size
from local.children import ROOT
from shared.adapters.insights_models import WireJob
from shared.adapters.salvage import decode_each
from shared.domain import detection
from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.detection import detect
from shared.domain.events import Event
from shared.errors import InsightsAnswerInvalid
from tests.factories import ENVIRONMENT, NO_WATCHES, snapshot
from tests.faults.profile import FULL, pick
from tests.faults.scale_vendor import Vendor
from tests.services.hosting import Host, TimedFlows, TimedQueues
from tests.services.stage import Stage, failed_refresh, standing_order
from tests.services.test_fan_out import refresh
from tests.services.virtual_time import in_virtual_time
from tests.tally import Tally

SMALL = Size(1_000, 100, 20, 500, 100, changed=100, watched_measures=10)
LARGE = Size(10_000, 1_000, 200, 5_000, 1_000, changed=1_000, watched_measures=100)
MOST_MB = 400  # an instance of Flex Consumption has 512, of which the host takes its part
ROWS_A_PAGE, ROWS_A_WRITE, IDS_A_QUERY = 1_000, 100, 14
ENVIRONMENTS_A_MESSAGE = 16
EVENTS_A_MESSAGE = 50  # that many crossings with all they tell fit into 40 KiB

Steps = Mapping[str, Mapping[str, Any]]


async def _run(size: Size, storage: str) -> Steps:
    """Each step of tests/faults/scale_run.py with what it cost."""
    async with TestServer(Vendor(size).app) as server:
        url = str(server.make_url("")).rstrip("/")
        command = [sys.executable, "-m", "tests.faults.scale_run", size.written(), url]
        environment = {**os.environ, "STORAGE": storage}
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
    assert process.returncode == 0
    return {one["step"]: one for one in map(json.loads, said.splitlines())}


def _require_few_calls(size: Size, steps: Steps) -> None:
    """As many calls of the API as there are things that can only be asked for one by one."""
    lists = dict.fromkeys(("jobs", "status", "segments", "measures"), 1)
    assert steps["first look"]["api"] == {**lists, "measure": size.watched_measures}
    assert steps["idle poll"]["api"] == {"jobs": 1}
    assert steps["changes"]["api"] == {"jobs": 2, "segments": 1}  # the headlines first
    assert steps["quiet tick: polls"]["api"] == {"jobs": size.environments}
    assert steps["first tick: polls"]["api"]["segments"] == size.environments - 1


def _require_few_messages(size: Size, steps: Steps) -> None:
    """Every event and every pair is there, and they are packed."""
    assert steps["changes"]["events"] == 2 * size.changed  # the crossing, and the end of the segment's process
    assert steps["fan-out of changes"]["pairs"] == steps["deliveries of changes"]["calls"] == size.changed
    assert steps["fan-out of changes"]["messages in"] <= ceil(size.changed / EVENTS_A_MESSAGE)
    others = size.subscriptions - size.changed - size.watched_measures
    assert steps["fan-out of one event"]["pairs"] == steps["deliveries of one event"]["calls"] == others
    assert steps["deliveries of one event"]["messages in"] <= ceil(others / 400)
    for name in ("first tick", "quiet tick"):
        assert steps[f"{name}: start"]["environments"] == size.environments
        assert steps[f"{name}: polls"]["messages in"] == ceil(size.environments / ENVIRONMENTS_A_MESSAGE)


def _require_few_requests(size: Size, steps: Steps) -> None:
    """No read for each subscription where one listing does, and no write for each event."""
    pages, events = ceil(size.subscriptions / ROWS_A_PAGE), steps["changes"]["events"]
    assert steps["idle poll"]["storage"] == {"blob GET": 1}
    changes = steps["changes"]["storage"]
    assert (changes["blob GET"], changes["blob PUT"], changes["table GET"]) == (1, 2, pages)
    assert changes["table POST"] <= ceil(events / ROWS_A_WRITE) + 1
    assert changes["queue POST"] <= 2 * ceil(size.changed / EVENTS_A_MESSAGE)
    for name in ("changes", "one event"):
        fanned, delivered = steps[f"fan-out of {name}"], steps[f"deliveries of {name}"]
        assert fanned["storage"]["table GET"] == fanned["messages in"] * pages
        bodies, pairs = delivered["messages in"], fanned["pairs"]
        assert delivered["storage"]["table GET"] <= 2 * (ceil(pairs / IDS_A_QUERY) + bodies)
        assert sum(delivered["storage"].values()) <= 3 * (ceil(pairs / IDS_A_QUERY) + bodies)
    assert steps["quiet tick: start"]["storage"]["queue POST"] == ceil(size.environments / ENVIRONMENTS_A_MESSAGE)
    assert steps["quiet tick: polls"]["storage"] == {"blob GET": size.environments}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell a process's largest memory")
async def test_size_costs_no_more_than_it_must(request: pytest.FixtureRequest, tally: Tally) -> None:
    """Ten thousand segments, five thousand subscriptions, a thousand changes at once, a thousand environments."""
    size = pick(SMALL, LARGE)
    steps = await _run(size, request.getfixturevalue("azurite") if FULL else "")
    _require_few_calls(size, steps)
    _require_few_messages(size, steps)
    if FULL:
        _require_few_requests(size, steps)
    peak = max(one["peak_mb"] for one in steps.values())
    assert peak < MOST_MB
    tally.figure("peak memory (MB)", peak)
    for name, one in steps.items():
        for kind in ("api", "storage"):
            if one[kind]:
                tally.figure(f"{name}: {kind} requests", sum(one[kind].values()))


@pytest.mark.skipif(not FULL, reason="it takes a minute")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell a process's largest memory")
async def test_jobs_that_all_work_on_everything_fit_into_the_memory(tally: Tally) -> None:
    """The list of jobs is as long as it can be: each of the 25 has a task for every part, 85 MB of JSON."""
    size = replace(LARGE, full_jobs=25, environments=2, subscriptions=1_200)
    steps = await _run(size, "")
    _require_few_calls(size, steps)
    peak = max(one["peak_mb"] for one in steps.values())
    tally.figure("peak memory with 25 full jobs (MB)", peak)
    assert peak < MOST_MB


def test_a_first_look_makes_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """It tells nothing: of 25 full jobs of a large environment it once made 280,000 events and threw them away."""

    def make_none(*_: object, **__: object) -> Event:
        raise AssertionError("an event that nobody is told")

    monkeypatch.setattr(detection.refresh, "make_event", make_none)
    assert detect(None, snapshot(10, failed_refresh(), nodes=[], segments=[], measures=[]), NO_WATCHES).events == ()


def test_jobs_are_read_one_by_one() -> None:
    """The vendor's words for all of them need as much memory again as the jobs."""
    items = decode_each(b'[{"jobId": "first"}, {"jobId": "second", "tasks": "none"}, 5]', WireJob)
    first = next(items)
    assert first is not None
    assert first.job_id == "first"
    assert [one and one.job_id for one in items] == ["second", None]
    with pytest.raises(InsightsAnswerInvalid):
        decode_each(b'{"jobs": []}', WireJob)


EVENTS, FLOWS = pick((100, 10), (1_000, 50))


def test_many_events_reach_many_flows_once_each(tally: Tally) -> None:
    """At ten calls a second to a flow, over three hosts, none of which has all of a flow; one flow is slow."""
    in_virtual_time(_deliver_all())
    tally.figure("events for flows in one story", EVENTS * FLOWS)


async def _deliver_all() -> None:
    stage, queues, flows = Stage(), TimedQueues(), TimedFlows(0.05, **{"flow-00": 0.7})
    stage.flows = flows
    orders = [standing_order(f"flow-{number:02}") for number in range(FLOWS)]
    for one in orders:
        await stage.subscriptions.save(one)
    events = tuple(refresh(number) for number in range(EVENTS))
    for start in range(0, EVENTS, 20):
        some = events[start : start + 20]
        pairs = tuple(Pair(one.id, tuple(range(len(some)))) for one in orders)
        await queues.send_deliveries(DeliveryBatch(ENVIRONMENT, some, pairs))
    await asyncio.gather(*(Host(stage, queues, rate=10).run(EVENTS / 2) for _ in range(3)))
    assert await queues.left() == []
    taken = Counter((url, event.id) for url, event in flows.calls)
    assert set(taken.values()) == {1}
    assert len(taken) == EVENTS * FLOWS
    assert not stage.dead.rows
