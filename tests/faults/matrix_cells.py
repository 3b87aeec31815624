"""Which faults befall which partners, where in a connection, and which of these cells are tried in which run?"""

from dataclasses import dataclass
from enum import StrEnum

from local.faults.kinds import Direction, Fault, Kind
from tests.faults.profile import pick


class Partner(StrEnum):
    """What the app talks to."""

    API = "api"
    BLOB = "blob"
    TABLE = "table"
    QUEUE = "queue"
    FLOW = "flow"
    ISSUER = "issuer"


class Place(StrEnum):
    """Where in a connection: the first two are the matrix, the others are the same places seen from the other side."""

    CONNECT = "connect"  # the partner hears nothing
    MID_BODY = "mid-body"  # it has done what it was asked, and its answer breaks off
    MID_REQUEST = "mid-request"  # it hears a part of what it is asked
    UNANSWERED = "unanswered"  # it has done what it was asked, and no byte of its answer comes


@dataclass(frozen=True, slots=True)
class Cell:
    """One fault at one place of the connections to one partner."""

    partner: Partner
    kind: Kind
    place: Place

    def __str__(self) -> str:
        return f"{self.partner}-{self.kind}-{self.place}"

    @property
    def fault(self) -> Fault:
        """The fault; its times are for deadlines of a thirtieth (matrix_scale.py)."""
        direction = Direction.TO_SERVER if self.place in _ASKING else Direction.TO_CLIENT
        after = {Place.MID_BODY: _ANSWERED_BYTES[self.partner], Place.MID_REQUEST: 60}.get(self.place, 0)
        match self.kind:
            case Kind.LATENCY:
                return Fault(self.kind, direction, after, seconds=0.1, jitter_seconds=0.3)
            case Kind.DOWN:
                return Fault(self.kind, direction, after, accepts=self.place is Place.UNANSWERED)
            case Kind.BANDWIDTH:
                return Fault(self.kind, direction, after, bytes_per_second=5)
            case Kind.SLOW_CLOSE:
                return Fault(self.kind, direction, after, seconds=5, limit_bytes=10)
            case Kind.SLICER:
                return Fault(self.kind, direction, after, seconds=0.2, jitter_seconds=0.1)
            case Kind.LIMIT:
                return Fault(self.kind, direction, after, limit_bytes=10)
            case Kind.TIMEOUT | Kind.RESET:
                return Fault(self.kind, direction, after)

    @property
    def is_refused(self) -> bool:
        """Whether nobody listens: the proxy cannot count whom that befalls."""
        return self.kind is Kind.DOWN and self.place is Place.CONNECT

    @property
    def is_late(self) -> bool:
        """Whether everything still comes in time."""
        return self.kind is Kind.LATENCY

    @property
    def hangs(self) -> bool:
        """Whether only a time limit ends what is asked."""
        return self.kind in (*_DRIPPING, Kind.TIMEOUT, Kind.SLOW_CLOSE)

    @property
    def repeats(self) -> int:
        """How often an event may come again: who did what was asked, and could not say so, is asked anew.

        What only dripped comes whole in the end.
        """
        was_done = self.kind in _DRIPPING or (self.place not in _ASKING and not self.fault.at_the_door)
        return _ATTEMPTS.get(self.partner, 0) if was_done and not self.is_late else 0


_ASKING = (Place.CONNECT, Place.MID_REQUEST)
_DRIPPING = (Kind.BANDWIDTH, Kind.SLICER)
_ATTEMPTS = {Partner.QUEUE: 4, Partner.FLOW: 1}  # the SDK's retries; every other partner can tell a repeat
# In the middle of the first answers: headers and TLS come before them.
_ANSWERED_BYTES = {
    Partner.API: 400,
    Partner.BLOB: 700,
    Partner.TABLE: 400,
    Partner.QUEUE: 300,
    Partner.FLOW: 60,
    Partner.ISSUER: 2000,
}
_HALVES = {Place.CONNECT: Place.UNANSWERED, Place.MID_BODY: Place.MID_REQUEST}
_QUICK = {
    Partner.API: ((Kind.TIMEOUT, Place.CONNECT), (Kind.SLICER, Place.MID_BODY), (Kind.LIMIT, Place.MID_BODY)),
    Partner.BLOB: ((Kind.RESET, Place.CONNECT), (Kind.BANDWIDTH, Place.MID_BODY), (Kind.SLOW_CLOSE, Place.MID_BODY)),
    Partner.TABLE: ((Kind.DOWN, Place.CONNECT), (Kind.SLICER, Place.MID_BODY), (Kind.TIMEOUT, Place.MID_BODY)),
    Partner.QUEUE: ((Kind.LATENCY, Place.CONNECT), (Kind.LIMIT, Place.MID_BODY)),
    Partner.FLOW: ((Kind.RESET, Place.MID_BODY), (Kind.BANDWIDTH, Place.MID_BODY), (Kind.SLOW_CLOSE, Place.CONNECT)),
    Partner.ISSUER: ((Kind.DOWN, Place.CONNECT), (Kind.TIMEOUT, Place.CONNECT), (Kind.SLICER, Place.MID_BODY)),
}


def groups(*partners: Partner) -> dict[str, list[Cell]]:
    """Cells that are tried side by side, by name; a full run tries both sides' view of each place."""
    some = [Cell(partner, kind, place) for partner in partners for kind, place in _QUICK[partner]]
    return pick({"some": some}, {f"{partner}-{half}": _all(partner, half) for partner in partners for half in _HALVES})


def _all(partner: Partner, half: Place) -> list[Cell]:
    return [Cell(partner, kind, place) for place in (half, _HALVES[half]) for kind in Kind]
