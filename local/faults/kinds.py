"""Which faults can befall a connection, and from where on? The kinds are those of Toxiproxy."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What befalls a connection."""

    LATENCY = "latency"  # everything comes late
    DOWN = "down"  # nobody listens, and who was there is gone
    BANDWIDTH = "bandwidth"  # a few bytes a second
    SLOW_CLOSE = "slow-close"  # the end of a connection is told late
    TIMEOUT = "timeout"  # what is sent is swallowed, and nothing is answered
    RESET = "reset"  # the connection breaks (RST)
    SLICER = "slicer"  # tiny pieces with pauses
    LIMIT = "limit"  # the connection ends in order after some bytes


class Direction(StrEnum):
    """Which way the bytes go that a fault befalls."""

    TO_CLIENT = "to the client"
    TO_SERVER = "to the server"


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind in one direction, once `after_bytes` have passed that way since it began or since the connection did.

    `seconds`, and up to `jitter_seconds` more: how long LATENCY, SLOW_CLOSE and a pause of SLICER take. DOWN after no
    byte refuses connections, or with `accepts` takes them and ends them. `limit_bytes`: how many still pass until
    LIMIT or SLOW_CLOSE ends a connection; SLOW_CLOSE without it waits for an end of the connection's own.
    """

    kind: Kind
    direction: Direction = Direction.TO_CLIENT
    after_bytes: int = 0
    seconds: float = 0.0
    jitter_seconds: float = 0.0
    bytes_per_second: int = 0
    piece_bytes: int = 1
    limit_bytes: int | None = None
    accepts: bool = False

    def __post_init__(self) -> None:
        """Refuse what would pass nothing on and never end."""
        if self.piece_bytes < 1 or (self.kind is Kind.BANDWIDTH and self.bytes_per_second < 1):
            raise ValueError(f"{self.kind} needs at least a byte")

    @property
    def at_the_door(self) -> bool:
        """Whether it befalls a connection before its first byte."""
        return self.after_bytes == 0 and self.kind in (Kind.DOWN, Kind.RESET)

    @property
    def ends_after(self) -> int | None:
        """After how many bytes it ends a connection, if it does."""
        if self.kind in (Kind.DOWN, Kind.RESET):
            return 0
        return self.limit_bytes if self.kind in (Kind.LIMIT, Kind.SLOW_CLOSE) else None
