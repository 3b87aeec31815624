"""Which story is played on storage? Three flows on a day: one is saved again, one hesitates, one leaves."""

from collections import Counter
from dataclasses import replace
from uuid import uuid4

from shared.domain.deliveries import Answer
from shared.domain.events import Event
from shared.domain.subscriptions import Trigger
from shared.ports import Ports, Queue
from shared.stores import EventLog
from tests.factories import job, segment, task
from tests.faults.crash_callers import Callers
from tests.faults.crash_cloud import Cloud, CloudHost, storage_ports
from tests.faults.crash_fuse import StoryFuse
from tests.faults.crash_history import Entry, History, StoryFlows, What, flow_of
from tests.faults.crash_judge import Ending, live_of
from tests.services.stage import Stage, callback, failed_refresh


def new_environment() -> str:
    """One that no other story has; its rows are in a partition of their own."""
    return str(uuid4())


async def play_on(cloud: Cloud, fuse: StoryFuse, history: History, environment: str) -> CloudHost:
    """Play it, or what the history has not as done."""
    flows = StoryFlows(history)
    flows.manners = {callback("leaver"): Answer(400, "InvalidRequestContent")}
    flows.hesitant = {callback("ended")}
    stage = Stage(flows=flows)
    flows.clock = lambda: stage.now
    host = CloudHost(stage, fuse, history, cloud)
    await host.come_back()
    callers = Callers(host, environment, owner=environment)
    _show(stage, 0)
    await callers.subscribe("steady")
    await callers.subscribe("ended", Trigger.PROCESS_ENDED, batch=True)
    await callers.subscribe("leaver")
    await callers.rotate("steady")
    await host.rounds(1)
    _show(stage, 1)
    await host.rounds(2)
    await callers.subscribe("steady.2")
    await callers.leave("steady")
    await callers.rotate("steady.2")
    del flows.manners[callback("leaver")]
    await callers.replay_dead("leaver")
    await host.settle()
    await callers.leave("leaver")
    _show(stage, 3)
    await host.rounds(3)
    return host


async def ending_of(cloud: Cloud, history: History, environment: str, writes: int) -> Ending:
    """What is left of it, in words that are the same in every environment."""
    ports = storage_ports(cloud.plain, Stage().ports, history, set[Queue]())
    facts = await _facts(ports.log, environment)
    listed = await ports.subscriptions.of_environment(environment)
    kept = (await ports.subscriptions.find_all([one.id for one in listed])).values()
    flows = {one.id: flow_of(one.callback_url) for one in kept}
    dead = await ports.dead.page(environment_id=environment, subscription_id=None, after="", limit=1_000)
    return Ending(
        history=[_in_facts(one, facts, flows) for one in history.entries],
        feed=sorted(facts.values()),
        died={(flows[one.subscription_id], facts[one.event.id]) for one in dead},
        polled=set(),
        live=live_of(kept),
        jobs=0,
        writes=writes,
    )


async def forget(cloud: Cloud, environment: str) -> None:
    """Have later stories not poll this one's environment."""
    ports: Ports = storage_ports(cloud.plain, Stage().ports, History(), set[Queue]())
    for one in await ports.subscriptions.of_environment(environment):
        await ports.subscriptions.remove(one.id)


async def _facts(log: EventLog, environment: str) -> dict[str, str]:
    """The feed by event id; what is the same fact under a second id gets another number."""
    numbered = await log.read(environment, after=0, limit=1_000)
    assert [one.sequence for one in numbered] == list(range(1, len(numbered) + 1)), "the feed has a gap"
    seen: Counter[str] = Counter()
    facts = {}
    for event in sorted((one.event for one in numbered), key=_moment):
        seen[_fact(event)] += 1
        facts[event.id] = f"{_fact(event)} {seen[_fact(event)]}"
    return facts


def _moment(event: Event) -> tuple[str, str]:
    return event.time.isoformat(), str(event.data.get("jobId", ""))


def _fact(event: Event) -> str:
    return f"{event.type} {event.subject}"


def _in_facts(entry: Entry, facts: dict[str, str], flows: dict[str, str]) -> Entry:
    if entry.what not in (What.CALLED, What.COMMITTED, What.IN_FLIGHT):
        return entry
    events = tuple(facts.get(one, one) for one in entry.events)
    return replace(entry, name=flows.get(entry.name, entry.name), events=events)


def _show(stage: Stage, chapter: int) -> None:
    everything = job("job-all", "successful", task("Customers", start=20, end=30), start=20, end=40)
    jobs = (failed_refresh("Orders"), everything, failed_refresh("Orders", job_id="job-again", start=50))
    stage.insights.listed = tuple(reversed(jobs[:chapter]))
    stage.insights.segment_list = (segment((0, 90)),)
