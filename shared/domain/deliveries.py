"""What travels to a flow, and what its answer means.

The codes are those that Power Automate and Logic Apps answer to a callback: see docs/delivery.md.
"""

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.events import Event

_GONE_STATUSES = (404, 410)
_TRY_AGAIN_STATUSES = (408, 425, 429)
_OFF_CODES = ("WorkflowTriggerIsNotEnabled",)
_BATCHES = uuid.UUID("0d9a6a2c-3f0e-5b1b-8a57-6a5f5ad0a4c2")
LONGEST_WAIT = timedelta(days=3)  # longer than the whole retry schedule
EVENTS_IN_A_CALL = 100


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
    """A subscription and the events it gets, by their place in the batch; `attempt` counts from 1.

    `since`: when they first had to wait. `not_before`: when the next attempt is due. `slot_at`: when the rate limit
    lets their first call through.
    """

    subscription_id: str
    events: tuple[int, ...]
    attempt: int = 1
    since: datetime | None = None
    slot_at: datetime | None = None
    not_before: datetime | None = None

    def rest_from(self, place: int) -> "Pair":
        """What is left from an event on; only the first call of a pair has been tried before."""
        if place == 0:
            return self
        return replace(self, events=self.events[place:], attempt=1, slot_at=None, not_before=None)

    def is_too_old(self, now: datetime) -> bool:
        """Whether its events have waited so long that they are given up."""
        return self.since is not None and now - self.since > LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class DeliveryBatch:
    """Events and who gets which: the body of a deliveries message.

    `traceparent`: the step that sent them. `replayed`: somebody asked for them again. Both stay the same at every
    attempt, so that no message grows by them.
    """

    environment_id: str
    events: tuple[Event, ...]
    pairs: tuple[Pair, ...]
    traceparent: str = ""
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class FlowCall:
    """One POST: an event, or a list of them to a flow that asked for lists. Its URL and secrets are in no repr."""

    callback_url: str = field(repr=False)
    events: tuple[Event, ...]
    as_list: bool = False
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def id(self) -> str:
        """The same for every attempt: the event's id, or one that follows from the list's."""
        if not self.as_list:
            return self.events[0].id
        return str(uuid.uuid5(_BATCHES, "\n".join(event.id for event in self.events)))


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a call: what it means, why, how long it took, and what the flow asked for."""

    verdict: Verdict
    reason: str = ""
    took: timedelta = timedelta(0)
    retry_after_seconds: float | None = None
    refused_token: bool = False  # 401 or 403
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class PoisonMessage:
    """A queue message that failed too often. `receipt` is what its queue wants to see before it lets it go."""

    id: str
    queue: str
    body: bytes
    died_at: datetime
    receipt: str = ""


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
