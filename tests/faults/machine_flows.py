"""Which flows are there in the state machine, what do they want, and which of their subscriptions count at a moment?

A line is one flow's subscriptions to one trigger: each replaces the one before. Every one has a URL of its own.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.adapters.memory import MemoryFlows
from shared.domain.callers import Caller
from shared.domain.deliveries import Answer, FlowCall
from shared.domain.events import Event
from shared.domain.subscriptions import Flow, Trigger
from shared.errors import DeliveryFailed
from tests.services.stage import MAKER, callback

GONE = (404, 410)
REFUSALS = (400, 401)  # of what they answer here: that they are off, and that we are not let in
ANSWERS: Mapping[str, Answer | Exception] = {
    "off": Answer(400, "WorkflowTriggerIsNotEnabled"),
    "gone": Answer(404),
    "too many": Answer(429, retry_after_seconds=90),
    "unavailable": Answer(503),
    "unavailable for long": Answer(503, retry_after_seconds=4000),
    "unauthorized": Answer(401),
    "cannot take it": Answer(413),
    "timeout": DeliveryFailed(reason="timeout"),
}


@dataclass(frozen=True)
class Order:
    """What a flow can ask for; it may ask for one thing now and for another later."""

    trigger: Trigger
    choices: Sequence[Mapping[str, object]] = ({},)
    batch: bool = False


ORDERS: Mapping[str, Order] = {
    "failed": Order(Trigger.REFRESH_FAILED),
    "orders-failed": Order(Trigger.REFRESH_FAILED, ({"dataSourceId": "ds-orders"}, {"dataSourceId": "ds-stores"})),
    "succeeded": Order(Trigger.REFRESH_SUCCEEDED, batch=True),
    "full": Order(Trigger.FULL_REFRESH_COMPLETED),
    "unified": Order(Trigger.UNIFICATION_COMPLETED),
    "ended": Order(Trigger.PROCESS_ENDED, batch=True),
    "exports": Order(Trigger.PROCESS_ENDED, ({"operationTypes": ["export"]}, {"outcomes": ["failed"]})),
    "grown": Order(
        Trigger.SEGMENT_CROSSED,
        (
            {"segmentName": "Loyal", "threshold": 100},
            {"segmentName": "Loyal", "threshold": 130, "direction": "both"},
        ),
    ),
    "shrunk": Order(Trigger.SEGMENT_CROSSED, ({"segmentName": "Loyal", "threshold": 60, "direction": "below"},)),
    "revenue": Order(Trigger.MEASURE_CROSSED, ({"measureName": "Revenue", "alias": "Total", "threshold": 50},)),
    "watched": Order(Trigger.UNREACHABLE),
}
THRESHOLDS: Mapping[str, tuple[int, ...]] = {"Loyal": (60, 100, 130), "Revenue": (50,)}
_TYPES: Mapping[Trigger, tuple[str, ...]] = {
    Trigger.REFRESH_FAILED: ("datasource.refresh.failed",),
    Trigger.REFRESH_SUCCEEDED: ("datasource.refresh.succeeded",),
    Trigger.FULL_REFRESH_COMPLETED: ("refresh.completed",),
    Trigger.UNIFICATION_COMPLETED: ("unification.completed",),
    Trigger.PROCESS_ENDED: ("process.ended",),
    Trigger.SEGMENT_CROSSED: ("segment.threshold.crossed",),
    Trigger.MEASURE_CROSSED: ("measure.threshold.crossed",),
    Trigger.UNREACHABLE: ("environment.unreachable", "environment.recovered", "environment.gap"),
}


def wants(trigger: Trigger, fields: Mapping[str, object], kind: str, told: Mapping[str, object]) -> bool:
    """Whether an order is about what happened: docs/subscribing.md, in a few lines."""
    if kind not in _TYPES[trigger]:
        return False
    if "threshold" in fields:
        direction = fields.get("direction", "above")
        names = [name for name in ("segmentName", "measureName") if name in fields]
        same = all(fields[name] == told[name] for name in names)
        return same and str(fields["threshold"]) == str(told["threshold"]) and direction in ("both", told["direction"])
    for name, of_event in (("operationTypes", "operationType"), ("outcomes", "outcome")):
        allowed = fields.get(name)
        if isinstance(allowed, list) and told.get(of_event) not in allowed:
            return False
    return "dataSourceId" not in fields or fields["dataSourceId"] == told.get("dataSourceId")


@dataclass(eq=False)
class Version:
    """One subscribe call of a flow. Moments count what happened in the story: None is not yet, or never.

    `refused_at`: when its flow first said that it is off, or that we are not let in.
    """

    line: "Line"
    number: int
    fields: Mapping[str, object]
    began: int
    acknowledged: int | None = None
    id: str = ""
    succeeded: int | None = None
    ended_began: int | None = None
    ended: int | None = None
    ended_on: object = None
    ended_at: datetime | None = None
    late_calls: dict[int, int] = field(default_factory=dict)
    refused_at: datetime | None = None

    @property
    def url(self) -> str:
        """Its callback."""
        return callback(f"{self.line.name}-{self.number}")

    @property
    def is_surely_live(self) -> bool:
        """Whether it is the one that counts, whatever is under way."""
        others = [one for one in self.line.versions if one is not self]
        alone = all(one.acknowledged is not None and one.acknowledged < self.began for one in others)
        return self.line.on and alone and self.acknowledged is not None and self.ended_began is None

    def wants(self, event: Event) -> bool:
        """Whether it is about this."""
        return wants(self.line.order.trigger, self.fields, event.type, event.data)


@dataclass(eq=False)
class Line:
    """A flow. `broken`: when it was last not certain that it is subscribed. `secret`: its last new one, from when on,
    and for which versions. `said`: what it gave as reasons not to take events.
    """

    name: str
    order: Order
    versions: list[Version] = field(default_factory=list)
    on: bool = False
    broken: int = 0
    secret: tuple[int, str, list[Version]] | None = None
    said: set[str] = field(default_factory=set)

    @property
    def caller(self) -> Caller:
        """The flow as its headers name it."""
        return replace(MAKER, flow=Flow(self.name, "Default-1"))

    def body(self, version: Version, environment_id: str) -> dict[str, object]:
        """What it sends."""
        body = {"environmentId": environment_id, "callbackUrl": version.url, **version.fields}
        return {**body, "batch": True} if self.order.batch else body

    def always_wanted(self, event: Event) -> bool:
        """Whether all that it ever asked for is about this: what is handed over then cannot fall through."""
        return all(version.wants(event) for version in self.versions)

    def acknowledge(self, version: Version, moment: int) -> None:
        """A subscribe call was answered: it is the one that counts, and those of before it do not."""
        version.acknowledged = moment
        for other in self.versions:
            if other.acknowledged is not None and other.acknowledged < version.began and other.succeeded is None:
                other.succeeded = moment
        if version.began > self.broken and not self.is_being_ended:
            self.on = True

    @property
    def is_being_ended(self) -> bool:
        """Whether a call that ends a subscription is under way, or ended without an answer."""
        return any(one.ended_began is not None and one.ended is None and one.succeeded is None for one in self.versions)

    def begin_end(self, version: Version, moment: int) -> None:
        """A call begins that ends a subscription. One that was succeeded is nobody's any more."""
        version.ended_began = version.ended_began or moment
        if version.succeeded is None:
            self.break_off(moment)

    def break_off(self, moment: int) -> None:
        """From here on nothing is owed to it."""
        self.on, self.broken = False, moment


class Receivers(MemoryFlows):
    """The flows' ends. `planned` answers come first, by line; then `standing` ones until they are lifted; then 202."""

    def __init__(self) -> None:
        super().__init__()
        self.planned: dict[str, deque[Answer | Exception]] = {}
        self.standing: dict[str, str] = {}

    def line_of(self, url: str) -> str:
        """Which flow a URL is of."""
        return url.partition("/workflows/")[2].partition("?")[0].rpartition("-")[0]

    async def call(self, call: FlowCall) -> Answer:
        """Take a call."""
        name = self.line_of(call.callback_url)
        planned = self.planned.get(name)
        answer = planned.popleft() if planned else self._standing(name, call)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _standing(self, name: str, call: FlowCall) -> Answer | Exception:
        standing = self.standing.get(name)
        if standing == "no lists":
            return Answer(413) if len(call.events) > 1 else Answer(202)
        return ANSWERS[standing] if standing else Answer(202)

    def plan(self, name: str, answer: str, times: int) -> None:
        """The next answers of a flow."""
        self.planned.setdefault(name, deque()).extend([ANSWERS[answer]] * times)

    def lift(self) -> None:
        """All is well from here on."""
        self.planned.clear()
        self.standing.clear()
