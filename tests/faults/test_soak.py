"""Does anything grow without end? A full day, then six weeks in which nothing happens, in virtual time."""

import asyncio
import gc
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import azure.functions as func
import pytest

from local.host import timers
from shared.adapters.memory import MemoryFlows
from shared.domain.deliveries import Answer, FlowCall
from shared.domain.subscriptions import Trigger
from shared.ports import Ports
from shared.services.subscribe import subscribe
from shared.services.unsubscribe import unsubscribe
from shared.telemetry import Silent
from tests.faults.history import FLOWS, Shown, history, subscribe_all
from tests.faults.profile import pick
from tests.faults.virtual_app import AppHost, ArrivingQueues, Storage, WallClock, virtual_house
from tests.functions.conftest import functions
from tests.services.stage import Stage, callback, standing_order
from tests.services.test_replacement import FLOW
from tests.services.test_subscribe import PARSE, body
from tests.services.virtual_time import in_virtual_time
from tests.tally import Tally

__all__ = ["functions"]

DAY = 24 * 3600
QUIET_DAYS = 42  # a dead delivery is a week on its way, and then kept for thirty days
HOURS = pick(4, 22)
SCHEDULE = pick("0 0 * * * *", "0 */5 * * * *")
WITHOUT = pick(("drain",), ())  # twelve thousand runs of it, to see an empty queue
BROKEN = {
    callback("off"): Answer(400, "WorkflowTriggerIsNotEnabled"),
    callback("gone"): Answer(404),
    callback("broken"): Answer(500),
    callback("refuses"): Answer(401),
    callback("busy"): Answer(429, retry_after_seconds=900),
}


class Forgetful(MemoryFlows):
    """Flows that keep nothing but a count; some take nothing, ever, and one nothing in the first hours."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    async def call(self, call: FlowCall) -> Answer:
        self.counts[call.callback_url] += 1
        if call.callback_url == callback("late") and asyncio.get_running_loop().time() < DAY / 4:
            return Answer(503)
        return BROKEN.get(call.callback_url, Answer(202))


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is: rows, messages, the checkpoint's marks, what a worker remembers, and objects of the app."""

    rows: dict[str, int]
    marks: int
    remembered: int
    objects: Counter[str]


def _kept(stage: Stage, queues: ArrivingQueues) -> Kept:
    gc.collect()
    ours = (type(one) for one in gc.get_objects())
    marks = stage.checkpoint
    return Kept(
        {
            "events": sum(map(len, stage.log.feeds.values())),
            "dead": len(stage.dead.rows) + len(stage.dead.poison),
            "messages": queues.count + len(queues.claims),
            "subscriptions": len(stage.subscriptions.rows),
            "checkpoints": len(stage.checkpoints.documents),
        },
        len(marks.jobs) + len(marks.series) + len(marks.sources),
        len(stage.windows._of) + len(stage.proofs._seen),
        Counter(one.__qualname__ for one in ours if str(one.__module__).startswith(("shared.", "functions."))),
    )


async def _save_again_and_again(ports: Ports, times: int) -> None:
    """A flow that is saved now and then, and in the end taken away."""
    made = None
    for version in range(times):
        await asyncio.sleep(DAY / times / 2)
        sent = body(Trigger.REFRESH_FAILED, callbackUrl=callback(f"saved-{version}"))
        made = await subscribe(ports, Trigger.REFRESH_FAILED, sent, FLOW, PARSE)
    assert made is not None
    await unsubscribe(ports, made.id, FLOW)


async def _soak(
    functions: Sequence[func.Function], patch: pytest.MonkeyPatch
) -> tuple[Kept, Kept, Kept, Counter[str], list[str]]:
    stage, queues, clock = Stage(), ArrivingQueues(), WallClock()
    flows = Forgetful()
    stage.insights, stage.flows = Shown(history(HOURS)), flows
    await subscribe_all(stage)
    for name in ("off", "gone", "broken", "refuses", "busy", "late"):
        await stage.subscriptions.save(standing_order(name))
    ports = replace(stage.ports, queues=queues, telemetry=Silent(), clock=clock)
    patch.setattr(timers, "_LONGEST_NAP_SECONDS", 3600)  # no clock jumps here
    async with virtual_house(ports, clock, patch, POLL_SCHEDULE=SCHEDULE) as variables:
        host = AppHost(functions, Storage(queues), variables, without=WITHOUT)
        host.start()
        await asyncio.sleep(3600 + 30)
        before = _kept(stage, queues)
        await _save_again_and_again(ports, 24)
        await asyncio.sleep(DAY * 1.5 - asyncio.get_running_loop().time())
        full = _kept(stage, queues)
        await asyncio.sleep(DAY * QUIET_DAYS)
        host.require_well()
        after = _kept(stage, queues)
        await host.kill()
    return before, full, after, flows.counts, host.ticked


def test_six_quiet_weeks_after_a_day_nothing_is_left_of_it(
    functions: Sequence[func.Function], monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    """No row, message or object more than there were; of the flows only those that are well or fail now and then."""
    before, full, after, calls, ticked = in_virtual_time(_soak(functions, monkeypatch))
    assert full.rows["events"] > 15 * HOURS
    assert full.rows["messages"] > 10
    assert full.rows["subscriptions"] > 30
    assert after.rows["events"] == after.rows["dead"] == after.rows["messages"] == 0
    assert after.rows["checkpoints"] == before.rows["checkpoints"] == 1
    assert after.rows["subscriptions"] == len(FLOWS) + len(("broken", "busy", "late"))
    assert after.marks <= full.marks <= 40, "of each listed job, of each series and source"
    assert after.remembered <= full.remembered <= 60, "one window for each flow that was called"
    grown = after.objects - full.objects
    assert sum(grown.values()) <= 5, grown
    assert all(calls[url] for url in BROKEN)
    assert ticked.count("sweep_daily") in (QUIET_DAYS + 1, QUIET_DAYS + 2)
    tally.figure("timers' runs of the soak", len(ticked))
    tally.figure("simulated days of the soak", QUIET_DAYS + 1.5)
