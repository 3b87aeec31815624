"""Whether an environment is watched, and how well."""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.callers import Caller
from shared.domain.checkpoint import EnvironmentState
from shared.domain.polling import is_healthy
from shared.errors import NotFound
from shared.ports import Ports
from shared.services.act import require_overseer


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """What an operator asks first. `heartbeat_at` is the last committed successful poll, at most minutes old."""

    environment_id: str
    watching: bool
    healthy: bool
    watches: int
    events: int
    outbox: int
    heartbeat_at: datetime | None
    heartbeat_age_seconds: float | None
    failing_since: datetime | None
    failing_reason: str


async def environment_status(ports: Ports, caller: Caller, environment_id: str) -> EnvironmentStatus:
    """The status as of the last commit, for who can read the environment or runs this app.

    Raises NotFound for an environment that was never polled, Forbidden and InsightsError.
    """
    await require_overseer(ports, caller, environment_id)
    stored = await ports.checkpoints.read(environment_id)
    if stored is None:
        raise NotFound("This environment has not been polled yet.")
    return _status(environment_id, stored.state, ports.clock())


def _status(environment_id: str, state: EnvironmentState, now: datetime) -> EnvironmentStatus:
    age = now - state.polled_at if state.polled_at else None
    failing = state.reachability
    return EnvironmentStatus(
        environment_id=environment_id,
        watching=state.checkpoint is not None,
        healthy=is_healthy(state, now),
        watches=state.watches,
        events=state.sequence,
        outbox=len(state.outbox),
        heartbeat_at=state.polled_at,
        heartbeat_age_seconds=None if age is None else age.total_seconds(),
        failing_since=failing.failing_since,
        failing_reason=failing.reason,
    )
