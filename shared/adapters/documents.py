"""The checkpoint document: everything that one commit writes, as gzipped JSON."""

from datetime import datetime

import msgspec

from shared.adapters.messages import UNREADABLE, decode_event, encode_event
from shared.adapters.packing import packed, unpacked
from shared.domain.checkpoint import Checkpoint, EnvironmentState, Reachability
from shared.domain.events import NumberedEvent
from shared.domain.snapshot import Look
from shared.errors import MessageInvalid, StateInvalid

VERSION = 1


class _Document(msgspec.Struct):
    """Every part but the version may be missing: an older app did not know it."""

    v: int
    checkpoint: Checkpoint | None = None
    outbox: list[msgspec.Raw] = []
    sequence: int = 0
    reachability: Reachability = Reachability()
    owed: Look = Look()
    watches: int = 0
    polled_at: datetime | None = None
    looked_at: datetime | None = None
    committed_at: datetime | None = None


_decoder = msgspec.json.Decoder(_Document)


def encode_state(state: EnvironmentState) -> bytes:
    """The document for a state; its events are written as they go out."""
    document = _Document(
        v=VERSION,
        checkpoint=state.checkpoint,
        outbox=[msgspec.Raw(encode_event(numbered.event)) for numbered in state.outbox],
        sequence=state.sequence,
        reachability=state.reachability,
        owed=state.owed,
        watches=state.watches,
        polled_at=state.polled_at,
        looked_at=state.looked_at,
        committed_at=state.committed_at,
    )
    return packed(msgspec.json.encode(document))


def decode_state(body: bytes) -> EnvironmentState:
    """The state that encode_state wrote. Raises StateInvalid."""
    try:
        document = _decoder.decode(unpacked(body))
        events = [decode_event(bytes(raw)) for raw in document.outbox]
    except (MessageInvalid, *UNREADABLE) as error:
        raise StateInvalid(f"A checkpoint cannot be read ({error}): remove its blob to begin anew.") from error
    if document.v != VERSION:
        raise StateInvalid(f"A checkpoint is of version {document.v}; this app reads version {VERSION}.")
    first = document.sequence - len(events) + 1
    return EnvironmentState(
        checkpoint=document.checkpoint,
        outbox=tuple(NumberedEvent(number, event) for number, event in enumerate(events, start=first)),
        sequence=document.sequence,
        reachability=document.reachability,
        owed=document.owed,
        watches=document.watches,
        polled_at=document.polled_at,
        looked_at=document.looked_at,
        committed_at=document.committed_at,
    )
