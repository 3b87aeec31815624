"""What is in a queue message, where do bad ones go, and how long to wait for the next? Pure."""

import base64
import binascii
import random
from datetime import datetime, timedelta

from azure.functions.meta import Datum
from azure.storage.queue import QueueMessage

_MINIMUM_PAUSE = 0.1
_LONGEST_QUEUE_NAME = 63
_POISON = "-poison"


def poison_queue_of(queue: str) -> str | None:
    """Name the poison queue; a poison queue and a queue with a very long name have none."""
    name = queue + _POISON
    return None if queue.endswith(_POISON) or len(name) > _LONGEST_QUEUE_NAME else name


def body_of(message: QueueMessage, *, is_base64: bool, binary: bool) -> Datum | None:
    """Give the body as the function gets it; None when it is not the base64 that host.json promises."""
    content = content_of(message)
    try:
        data = base64.b64decode(content, validate=True) if is_base64 else content.encode()
    except (binascii.Error, ValueError):
        return None
    return Datum(data, "bytes") if binary else Datum(data.decode(errors="replace"), "string")


def content_of(message: QueueMessage) -> str:
    """Give the text as it was sent; the client makes None of an empty one."""
    return message.content or ""


def metadata_of(message: QueueMessage, body: Datum) -> dict[str, Datum]:
    """What Azure tells a function about its message."""
    return {
        "QueueTrigger": body,
        "Id": Datum(message.id, "string"),
        "PopReceipt": Datum(message.pop_receipt, "string"),
        "DequeueCount": Datum(message.dequeue_count, "int"),
        "InsertionTime": _time(message.inserted_on),
        "ExpirationTime": _time(message.expires_on),
        "NextVisibleTime": _time(message.next_visible_on),
    }


def _time(moment: datetime | None) -> Datum:
    return Datum(None, None) if moment is None else Datum(moment.isoformat(), "string")


class Pauses:
    """Exponential pauses between empty polls, with some randomness, from 100 ms to the longest."""

    def __init__(self, longest: timedelta) -> None:
        self._longest = max(longest.total_seconds(), _MINIMUM_PAUSE)
        self._empty_polls = 0

    def found(self) -> None:
        """Begin again at the shortest."""
        self._empty_polls = 0

    def next(self) -> float:
        """Tell the seconds to wait after one more empty poll."""
        growth = 0.0 if not self._empty_polls else 2.0 ** (self._empty_polls - 1) * random.uniform(0.8, 1.2)  # noqa: S311
        seconds = min(_MINIMUM_PAUSE * (1 + growth), self._longest)
        if seconds < self._longest:
            self._empty_polls += 1
        return seconds
