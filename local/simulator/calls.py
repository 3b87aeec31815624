"""What is one call to the API: who asks for what, and how is it answered or refused?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.simulator import answers
from local.simulator.model import Environment
from local.simulator.principal import LOCAL_CALLER, Principal
from local.simulator.simulation import Simulation
from local.simulator.world import World


class ProblemError(Exception):
    """An answer that is an error, in the vendor's words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    def body(self) -> answers.Json:
        """ApiErrorResult."""
        return answers.api_error(self.status, str(self))


class DataProblemError(ProblemError):
    """An error of a call for data, which the vendor words in another way."""

    def body(self) -> answers.Json:
        """ODataError."""
        return answers.odata_error(self.status, str(self))


@dataclass(frozen=True, slots=True)
class Said:
    """An answer whose status is not 200."""

    status: int
    body: Any = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call for one environment."""

    simulation: Simulation
    environment: Environment
    now: datetime
    query: Mapping[str, str]
    route: Mapping[str, str]
    body: bytes
    principal: Principal = LOCAL_CALLER
    base_url: str = "http://127.0.0.1"

    @property
    def world(self) -> World:
        """What is true at the environment."""
        return self.simulation.world(self.environment)

    @property
    def seed(self) -> int:
        """What the generated people and rows depend on."""
        return self.simulation.scenario.seed

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A query parameter that is true or false."""
        return self.query.get(name, str(default)).lower() == "true"

    def number(self, name: str, default: int) -> int:
        """A query parameter that is a whole number, 0 or more."""
        written = self.query.get(name, str(default))
        if not written.isdecimal():
            raise ProblemError(400, f"{name} must be a whole number, not {written!r}.")
        return min(int(written), 100_000)

    def history_days(self, default: int) -> int | None:
        """How many days of history are asked for, if any."""
        return self.number("historicStatsDays", default) if self.flag("includeHistoricStats") else None


Answer = Callable[[Call], Any]


def for_writers(answer: Answer) -> Answer:
    """The answer for those who may change something; a 403 for all others."""

    def guarded(call: Call) -> Any:
        if not call.principal.may_write:
            raise ProblemError(403, "The role of the caller does not allow this.")
        return answer(call)

    return guarded
