"""The simulator's state: a scenario, its clock, what was asked of it by hand, and how often it was called."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple

from local.simulator.changes import Change, changes
from local.simulator.clock import Clock
from local.simulator.faults import Faults
from local.simulator.model import Environment, Job, Scenario, job_id
from local.simulator.parts import Edit, Part, why_not
from local.simulator.records import Records
from local.simulator.timeline import JobRun
from local.simulator.world import Commands, World, build_world

MINUTES_BY_HAND = {"all": 40.0, "merge": 8.0, "ingestion": 10.0}
DEFAULT_MINUTES = 5.0
SEEN = 10_000


class RequestError(ValueError):
    """A request that the vendor would refuse as wrong."""


class Seen(NamedTuple):
    """One call that arrived, as it was written."""

    method: str
    path: str
    query: str
    principal_id: str


@dataclass(slots=True)
class Simulation:
    """One running simulator."""

    scenario: Scenario
    clock: Clock
    faults: Faults = field(default_factory=Faults)
    calls: Counter[str] = field(default_factory=Counter)
    seen: deque[Seen] = field(default_factory=lambda: deque(maxlen=SEEN))
    records: Records = field(default_factory=Records)
    _commands: dict[str, Commands] = field(default_factory=dict)
    _worlds: dict[str, World] = field(default_factory=dict)

    def now(self) -> datetime:
        """The simulated time."""
        return self.clock.now()

    def environment(self, environment_id: str) -> Environment | None:
        """The environment with this id, however it is cased, and what was done to it by hand."""
        found = (one for one in self.scenario.environments if one.id.lower() == environment_id.lower())
        return next((self._edited(one) for one in found), None)

    def world(self, environment: Environment) -> World:
        """All that happens at the environment, commands included."""
        if environment.id not in self._worlds:
            commands, edited = self._commands.get(environment.id, Commands()), self._edited(environment)
            self._worlds[environment.id] = build_world(edited, self.scenario.seed, self.scenario.start, commands)
        return self._worlds[environment.id]

    def start_job(self, environment: Environment, operation: str, identifiers: tuple[str, ...]) -> JobRun:
        """Start a job by hand, now; it runs by the clock and finds what is there already."""
        if operation == "all" and identifiers:
            raise RequestError("identifiers must be absent when operationType is all.")
        now = self.now()
        parts = environment.touched(operation, now)
        chosen = tuple(part.key for part in parts if part.identifier in identifiers)
        if not parts or len(chosen) != len(set(identifiers)):
            raise RequestError(f"There is nothing to run for operationType {operation} and these identifiers.")
        commands = self._commands.get(environment.id, Commands())
        job = Job(
            name=f"Job {len(commands.jobs) + 1} ({operation})",
            submitted_at=now,
            operation=operation,
            submission="onDemand",
            minutes=MINUTES_BY_HAND.get(operation, DEFAULT_MINUTES),
            only=chosen,
        )
        self._obey(environment, replace(commands, jobs=(*commands.jobs, job)))
        run_id = job_id(self.scenario.seed, environment.id, job.name)
        return next(run for run in self.world(environment).runs if run.id == run_id)

    def cancel_job(self, environment: Environment, run: JobRun) -> JobRun:
        """Cancel a job that has not ended."""
        now = self.now()
        if run.ends_at <= now:
            raise RequestError("The job has ended and cannot be cancelled.")
        commands = self._commands.get(environment.id, Commands())
        self._obey(environment, replace(commands, cancels={**commands.cancels, run.id: now}))
        return next(one for one in self.world(environment).runs if one.id == run.id)

    def edit(self, environment: Environment, part: Part, what: str) -> None:
        """Do this to a part, now; nothing happens if it is so already."""
        edit = Edit(self.now(), part, what)
        if why_not(edit, self.world(environment).standing(part, edit.at)) is None:
            commands = self._commands.get(environment.id, Commands())
            self._obey(environment, replace(commands, edits=(*commands.edits, edit)))

    def changes(self) -> list[Change]:
        """What has changed at every environment since the scenario's start, oldest first."""
        start, now = self.scenario.start, self.now()
        told = [change for one in self.scenario.environments for change in changes(self.world(one), start, now)]
        return sorted(told, key=lambda change: change.at)

    def control_state(self) -> Mapping[str, object]:
        """What the simulator says about itself."""
        return {
            "now": self.now().astimezone(UTC),
            "speed": self.clock.speed,
            "paused": self.clock.paused,
            "ended": self.clock.ended(),
            "calls": dict(self.calls),
            "total_calls": self.calls.total(),
        }

    def _edited(self, environment: Environment) -> Environment:
        own = next(one for one in self.scenario.environments if one.id == environment.id)
        by_hand = self._commands.get(environment.id, Commands()).edits
        return replace(own, edits=tuple(sorted((*own.edits, *by_hand), key=lambda edit: edit.at))) if by_hand else own

    def _obey(self, environment: Environment, commands: Commands) -> None:
        self._commands[environment.id] = commands
        self._worlds.pop(environment.id, None)
