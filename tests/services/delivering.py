"""Orders, events and batches for tests of delivery, and what became of them."""

from collections import Counter, deque
from collections.abc import Sequence

from shared.domain.deliveries import Answer, DeliveryBatch, Pair
from shared.domain.events import Event
from shared.domain.retries import SCHEDULE_SECONDS
from shared.domain.subscriptions import Health, Subscription
from shared.ports import Ports, Queue
from shared.services.admit_pair import Pace
from shared.services.deliver import deliver
from tests.factories import ENVIRONMENT
from tests.services.stage import Stage, callback, standing_order
from tests.services.test_fan_out import refresh

EVENTS = tuple(refresh(number) for number in range(4))
LAST_ATTEMPT = len(SCHEDULE_SECONDS) + 1
PACE = Pace()
PATIENT = Pace(patient=True)
OFF = Answer(400, "WorkflowTriggerIsNotEnabled")


def identity(name: str) -> str:
    """The id of a subscription."""
    return standing_order(name).id


def batch_for(*names: str, count: int = 4, attempt: int = 1) -> DeliveryBatch:
    """The first events for these subscriptions."""
    places = tuple(range(count))
    return DeliveryBatch(ENVIRONMENT, EVENTS, tuple(Pair(identity(name), places, attempt) for name in names))


async def order_for(stage: Stage, name: str, *answers: Answer | Exception, batch: bool = False) -> None:
    """A subscription whose flow gives these answers, and 202 afterwards."""
    await stage.subscriptions.save(standing_order(name, batch=batch))
    stage.flows.answers[callback(name)] = deque(answers)


def called(stage: Stage, name: str) -> list[int]:
    """The places of the events that a flow was called about."""
    return [EVENTS.index(event) for url, event in stage.flows.calls if url == callback(name)]


async def later(stage: Stage) -> list[tuple[list[Event], int, int]]:
    """What was put off: the events, the attempt they are at, and the delay."""
    found = []
    for body, delay in stage.queues.messages[Queue.REDELIVERIES]:
        batch = await stage.queues.read_deliveries(body)
        for pair in batch.pairs:
            whole = round((pair.not_before - stage.now).total_seconds()) if pair.not_before else delay
            found.append(([batch.events[place] for place in pair.events], pair.attempt, whole))
    return found


def dead(stage: Stage) -> list[tuple[str, Event, int]]:
    """What was given up: why, the event, and the attempts."""
    return [(row.reason, row.event, row.attempts) for row in stage.dead.rows.values()]


def kept(stage: Stage, name: str) -> Subscription:
    """A subscription as it is kept."""
    return stage.subscriptions.rows[identity(name)]


def health(stage: Stage, name: str) -> Health:
    """How a flow took its calls."""
    return kept(stage, name).health


async def waiting(stage: Stage) -> list[DeliveryBatch]:
    """Take what waits on the retry queue, delayed or not."""
    found = []
    while (body := stage.queues.take(Queue.REDELIVERIES)) is not None:
        found.append(await stage.queues.read_deliveries(body))
    return found


async def work_off(ports: Ports, batches: Sequence[DeliveryBatch]) -> list[Counter[str]]:
    """Deliver again, as the retry queue does."""
    return [await deliver(ports, batch, PATIENT) for batch in batches]
