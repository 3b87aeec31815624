"""Which numbers does the app tell about itself? Alerts, the workbook and docs/operate.md are checked with these."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.domain.deliveries import Verdict
from shared.domain.events import EventType
from shared.domain.subscriptions import SubscriptionState

NO_STATUS = "none"
DEAD = "dead"
_TOLD_LATE = (EventType.UNREACHABLE, EventType.RECOVERED, EventType.GAP)  # our own facts, and late by design
DETECTED = tuple(str(kind) for kind in EventType if kind not in _TOLD_LATE)
DELIVERY_OUTCOMES = (*map(str, Verdict), "postponed", "fault", "unsubscribed", DEAD)


class Kind(StrEnum):
    """How the numbers of a metric are put together."""

    COUNTER = "counter"  # added up
    GAUGE = "gauge"  # the last one counts
    HISTOGRAM = "histogram"  # counted, added up, least and most


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric. `attributes`: by name, the values that there can be; none are listed where the code knows no end.

    No value is a secret, an address or a person's word, and each set is bounded: environments by those that are
    watched, reasons and states by the code.
    """

    name: str
    kind: Kind
    unit: str
    description: str
    attributes: Mapping[str, tuple[str, ...]]


POLLS = Metric(
    "signals.polls",
    Kind.COUNTER,
    "{poll}",
    "polls that ended; only a failed one has a `reason`",
    {"environment": (), "outcome": ("ok", "failed", "left_to_other"), "reason": ()},
)
HEARTBEAT_AGE = Metric(
    "signals.heartbeat.age",
    Kind.GAUGE,
    "s",
    "age of the last good poll, as each poll found it; 0 when the poll was good",
    {"environment": ()},
)
API_CALLS = Metric(
    "signals.api.calls",
    Kind.COUNTER,
    "{call}",
    "calls of the Customer Insights API, each attempt by itself; `none` where no answer came",
    {"caller": ("poll", "application", "user"), "status": ()},
)
EVENTS = Metric(
    "signals.events",
    Kind.COUNTER,
    "{event}",
    "events that were committed",
    {"environment": (), "type": tuple(map(str, EventType))},
)
DETECTION_LAG = Metric(
    "signals.detection.lag",
    Kind.HISTOGRAM,
    "s",
    "from an event's time at the source to its commit",
    {"type": DETECTED},
)
DELIVERIES = Metric(
    "signals.deliveries",
    Kind.COUNTER,
    "{event}",
    "events by what an attempt came to; besides it `dead` counts those given up, not those of a poison message",
    {"outcome": DELIVERY_OUTCOMES},
)
DELIVERY_LAG = Metric(
    "signals.delivery.lag",
    Kind.HISTOGRAM,
    "s",
    "from an event's time at the source to the answer of the flow that took it; replays are left out",
    {"type": tuple(map(str, EventType))},
)
POISON = Metric(
    "signals.poison",
    Kind.COUNTER,
    "{message}",
    "messages that failed too often and were put aside",
    {"queue": ()},
)
SUBSCRIPTIONS = Metric(
    "signals.subscriptions",
    Kind.GAUGE,
    "{subscription}",
    "subscriptions, counted once an hour",
    {"state": tuple(map(str, SubscriptionState))},
)

METRICS = (
    POLLS,
    HEARTBEAT_AGE,
    API_CALLS,
    EVENTS,
    DETECTION_LAG,
    DELIVERIES,
    DELIVERY_LAG,
    POISON,
    SUBSCRIPTIONS,
)
