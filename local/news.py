"""What is new at the source and at the flows? Reads the simulator's changes and the inbox's calls, each once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain

from local.report import Delivery
from local.show import Screen
from local.wire import get_list


@dataclass(slots=True)
class News:
    """What a run shows as it comes; without a simulator there are only the calls of the flows."""

    screen: Screen
    inbox: str
    simulator: str = ""
    taken: list[Delivery] = field(default_factory=list)
    calls_seen: int = 0
    changes_seen: int = 0

    def show(self, lag: Callable[[Delivery], float] | None = None) -> bool:
        """Show what is new; whether a flow was called."""
        if self.simulator:
            self._show_changes()
        calls = get_list(f"{self.inbox}/flows?since={self.calls_seen}")
        self.calls_seen += len(calls)
        for delivery in chain.from_iterable(map(deliveries_of, calls)):
            self.screen.delivery(delivery, lag(delivery) if lag else None)
            if delivery.taken:
                self.taken.append(delivery)
        return bool(calls)

    def _show_changes(self) -> None:
        for change in get_list(f"{self.simulator}/control/changes?since={self.changes_seen}"):
            self.changes_seen = max(self.changes_seen, int(str(change["number"])))
            self.screen.change(datetime.fromisoformat(str(change["at"])), str(change["text"]))


def deliveries_of(call: Mapping[str, object]) -> list[Delivery]:
    """What a flow got: an event, or those of a list."""
    body = call["body"]
    return [_delivery_of(call, event) for event in (body if isinstance(body, list) and body else [body])]


def _delivery_of(call: Mapping[str, object], body: object) -> Delivery:
    """What was sent, read as a CloudEvent; anything else is kept under a name that nobody expects."""
    received_at = datetime.fromisoformat(str(call["received_at"]))
    event = body if isinstance(body, dict) else {}
    try:
        happened_at = datetime.fromisoformat(str(event.get("time")))
    except ValueError:
        happened_at = received_at
    data = event.get("data")
    return Delivery(
        flow=str(call["flow"]),
        id=str(event.get("id", f"call {call['number']}")),
        type=str(event.get("type", "not an event")),
        subject=str(event.get("subject", "")),
        time=happened_at if happened_at.tzinfo else happened_at.replace(tzinfo=UTC),
        received_at=received_at,
        summary=str(data.get("summary", "")) if isinstance(data, dict) else "",
        answer=int(str(call["status"])),
    )
