"""Which story goes through everything that writes? Months of an environment's life, with flows of all manners."""

from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from shared.adapters.memory import MemoryCheckpoints, MemoryQueues
from shared.adapters.messages import encode_deliveries, encode_polls
from shared.domain.checkpoint import EnvironmentState
from shared.domain.deliveries import Answer, DeliveryBatch, Pair, PoisonMessage
from shared.domain.snapshot import Job
from shared.domain.subscriptions import Trigger
from shared.ports import PollRequest, Queue
from shared.services.drain_poison import drain_poison
from shared.services.sweep import sweep
from tests.factories import ENVIRONMENT, job, noise, segment, task
from tests.faults.crash_callers import Callers
from tests.faults.crash_fuse import StoryFuse
from tests.faults.crash_history import History, StoryFlows, flow_of
from tests.faults.crash_host import MemoryHost
from tests.services.stage import Stage, callback, failed_refresh

OTHER_ENVIRONMENT = "e0e0e0e0-0000-4000-8000-000000000002"
SUSPENDED_DAYS = 14
MENDED = ("sick", "busy", "refuser")
LEAVERS = ("leaver", "caller-back", "nameless")
ORDERS: tuple[tuple[str, Trigger, dict[str, Any]], ...] = (
    ("twin", Trigger.FULL_REFRESH_COMPLETED, {}),
    ("grown", Trigger.SEGMENT_CROSSED, {"segmentName": "Loyal", "threshold": 100, "direction": "above"}),
    ("ended", Trigger.PROCESS_ENDED, {"batch": True}),
)
MANNERS: dict[str, Answer] = {
    "sick": Answer(503),
    "busy": Answer(429, retry_after_seconds=90),
    "refuser": Answer(400, "InvalidRequestContent"),
    "off": Answer(400, "WorkflowTriggerIsNotEnabled"),
    "gone": Answer(404),
    **{name: Answer(503) for name in LEAVERS},
}


class NotingCheckpoints(MemoryCheckpoints):
    """Also notes which events are committed together."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history

    async def write(self, environment_id: str, state: EnvironmentState, etag: str | None) -> str:
        return await self._history.commit(environment_id, state, super().write(environment_id, state, etag))


class ClaimingQueues(MemoryQueues):
    """Keeping a body that is too big for a message is a write, too."""

    def __init__(self, fuse: StoryFuse) -> None:
        super().__init__()
        self._fuse = fuse

    async def _keep(self, body: bytes) -> str:
        with self._fuse.write():
            return await super()._keep(body)


@dataclass(slots=True)
class Played:
    """A story that was played to its end."""

    host: MemoryHost
    flows: StoryFlows
    history: History
    feed: list[str] = field(default_factory=list)
    polled: set[str] = field(default_factory=set)
    died: set[tuple[str, str]] = field(default_factory=set)

    @property
    def stage(self) -> Stage:
        """Where it was played."""
        return self.host.stage


async def play(fuse: StoryFuse) -> Played:
    """Play it. The stage's clock is the only one."""
    history = History()
    flows = StoryFlows(history)
    flows.manners = {callback(name): answer for name, answer in MANNERS.items()}
    flows.hesitant = {callback("late")}
    stage = Stage(checkpoints=NotingCheckpoints(history), queues=ClaimingQueues(fuse), flows=flows)
    flows.clock = lambda: stage.now
    played = Played(MemoryHost(stage, fuse, history), flows, history)
    flows_here = Callers(played.host, ENVIRONMENT)
    show(stage, 0)
    await _switch_on(played, flows_here)
    await _go_wrong(played, flows_here)
    await _change(played, flows_here)
    await _ask_again(played, flows_here)
    await _begin_anew(played)
    await _let_months_pass(played, flows_here)
    return played


def long_failure(job_id: str, *, start: float) -> Job:
    """A refresh that failed with so much to say that its event is too big for a message, compressed or not."""
    failed = task(
        "Orders", "failed", start=start, end=start + 1, errors=tuple(noise(4096, place) for place in range(13))
    )
    return job(job_id, "failed", failed, operation="ingestion", start=start, end=start + 1)


def show(stage: Stage, chapter: int) -> None:
    """What the environment shows: failures, a full refresh with a unification, a segment that grows."""
    stages = [task(name, operation=name, start=20, end=30) for name in ("map", "match", "merge")]
    jobs = (
        failed_refresh("Orders"),
        job("job-all", "successful", task("Customers", start=20, end=30), *stages, start=20, end=40),
        failed_refresh("Orders", job_id="job-again", start=50),
        long_failure("job-late", start=60),
        failed_refresh("Orders", job_id="job-unseen", start=70),
        failed_refresh("Orders", job_id="job-seen", start=80),
        failed_refresh("Orders", job_id="job-last", start=90),
    )
    stage.insights.listed = tuple(reversed(jobs[:chapter]))
    grown = ((0, 90), (25, 110), (55, 130))[: max(1, chapter)]
    stage.insights.segment_list = (segment(*grown),)


async def _switch_on(played: Played, flows: Callers) -> None:
    for name in ("steady", "late", "hasty", "saver", *MANNERS):
        await flows.subscribe(name)
    for name, trigger, fields in ORDERS:
        await flows.subscribe(name, trigger, **fields)
    await flows.rotate("steady")
    await played.host.rounds(2)


async def _go_wrong(played: Played, flows: Callers) -> None:
    """Two events while many flows are not well; then most of them are mended, and some are left."""
    host = played.host
    state, _ = await flows.poll("")
    show(host.stage, 1)
    await host.rounds()
    manners = played.flows.manners
    manners[callback("saver")] = Answer(503)
    show(host.stage, 3)
    await host.rounds()
    for name, by in zip(LEAVERS, ("id", "callback", "flow"), strict=True):
        await flows.leave(name, by=by)
    await flows.leave("saver")
    await flows.subscribe("saver.2")
    await host.rounds(3, minutes=20)
    for name in MENDED:
        del manners[callback(name)]
    await host.rounds(4, minutes=30)
    _, polled = await flows.poll(state)
    played.polled.update(polled)


async def _change(played: Played, flows: Callers) -> None:
    """Flows are saved again; one caller does not repeat its call."""
    await flows.subscribe("steady.2")
    await flows.leave("steady")
    await flows.subscribe("hasty.2", repeats=1)
    await flows.rotate("steady.2")
    show(played.stage, 4)
    await played.host.rounds()


async def _ask_again(played: Played, flows: Callers) -> None:
    """What died is asked for, a whole feed too, and messages that nobody could handle; refreshes are started."""
    host, queues = played.host, played.stage.queues
    await flows.replay_dead("refuser")
    await flows.replay_dead("gone", to="steady.2")
    await flows.replay("steady.2")
    await host.settle()
    numbered = (await played.stage.log.read(ENVIRONMENT, after=0, limit=1))[0]
    pair = Pair(flows.ids["late"], (0,))
    bodies = {
        Queue.DELIVERIES: next(iter(encode_deliveries(DeliveryBatch(ENVIRONMENT, (numbered.event,), (pair,))))),
        Queue.POLLS: encode_polls(PollRequest((ENVIRONMENT,))),
        Queue.REFRESH_EVENTS: b"{}",
    }
    for queue, body in bodies.items():
        message = PoisonMessage(str(uuid5(NAMESPACE_URL, queue)), queue.value, body, played.stage.now)
        queues.poisoned.append(message)
    for _ in range(2):
        await host.timer(drain_poison)
    await flows.replay_dead("late")
    await flows.put_back(str(uuid5(NAMESPACE_URL, Queue.POLLS)))
    for _ in range(2):
        await flows.start_everything()
    await host.rounds()


async def _begin_anew(played: Played) -> None:
    """An environment that nobody watched for a while begins anew: what happened meanwhile is not told."""
    host = played.host
    flows = Callers(host, OTHER_ENVIRONMENT)
    await flows.subscribe("other")
    await host.rounds(2)
    await flows.leave("other")
    host.wait(minutes=10)
    show(host.stage, 5)
    await flows.subscribe("other.2")
    await host.rounds(2)
    show(host.stage, 6)
    await host.rounds()


async def _let_months_pass(played: Played, flows: Callers) -> None:
    """What waits is given up, what is old is swept away, and who is still there is still called."""
    host, stage = played.host, played.stage
    await host.idle(days=4)
    for environment in (ENVIRONMENT, OTHER_ENVIRONMENT):
        numbered = await stage.log.read(environment, after=0, limit=1_000)
        assert [one.sequence for one in numbered] == list(range(1, len(numbered) + 1))
        played.feed += sorted(f"{one.event.type} {one.event.subject} {one.event.id}" for one in numbered)
    played.died |= {
        (flow_of(stage.subscriptions.rows[one.subscription_id].callback_url), one.event.id)
        for one in stage.dead.rows.values()
    }
    await host.idle(days=40)
    for _ in range(2):
        await host.timer(lambda ports: sweep(ports, suspended_days=SUSPENDED_DAYS))
    show(stage, 7)
    await host.rounds()
    host.wait(minutes=14 * 24 * 60)
    for _ in range(2):
        await host.timer(lambda ports: sweep(ports, suspended_days=SUSPENDED_DAYS))
