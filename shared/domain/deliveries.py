"""What travels to a flow, and what its answer means.

The codes are those that Power Automate and Logic Apps answer to a callback: see docs/delivery.md.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.events import Event

_GONE_STATUSES = (404, 410)
_TRY_AGAIN_STATUSES = (408, 425, 429)
_OFF_CODES = ("WorkflowTriggerIsNotEnabled",)


class Verdict(StrEnum):
    """What to do after an attempt."""

    DELIVERED = "delivered"
    RETRY = "retry"
    GONE = "gone"  # the flow is no more: the subscription ends
    OFF = "off"  # the flow is switched off: the subscription is suspended
    REFUSED = "refused"  # the flow cannot take this event: it is kept as dead


@dataclass(frozen=True, slots=True)
class Answer:
    """What a flow answered. `code` is the error code in its body, where there is one."""

    status: int
    code: str = ""
    retry_after_seconds: float | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """A subscription and the events it gets, by their place in the batch; `attempt` counts from 1."""

    subscription_id: str
    events: tuple[int, ...]
    attempt: int = 1

    def rest_from(self, place: int) -> "Pair":
        """What is left from an event on; only the first event of a pair has been tried before."""
        return Pair(self.subscription_id, self.events[place:], self.attempt if place == 0 else 1)


@dataclass(frozen=True, slots=True)
class DeliveryBatch:
    """Events and who gets which: the body of a deliveries message."""

    environment_id: str
    events: tuple[Event, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class DeadDelivery:
    """An event that did not reach a subscription, and why."""

    environment_id: str
    subscription_id: str
    event: Event
    reason: str
    attempts: int
    died_at: datetime

    @property
    def id(self) -> str:
        """One row for an event and a subscription, however often it dies."""
        return f"{self.subscription_id}.{self.event.id}"


def judge(answer: Answer) -> Verdict:
    """What an answer means for the event and its subscription."""
    status = answer.status
    if 200 <= status < 300:
        return Verdict.DELIVERED
    if status in _GONE_STATUSES:
        return Verdict.GONE
    if status == 400 and answer.code in _OFF_CODES:
        return Verdict.OFF
    if status in _TRY_AGAIN_STATUSES or status in (401, 403) or status >= 500:
        return Verdict.RETRY
    return Verdict.REFUSED
