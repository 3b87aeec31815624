"""How does a flow run? Its actions in order, each after those that it waits for, by the definition alone.

What an action reaches is a `World`: connectors by operation, HTTP by address.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from local.flows.package import steps_of
from tests.flows.expressions import Function, evaluated
from tests.flows.functions import FUNCTIONS, holds
from tests.flows.settings import check_action, check_trigger, tries_of, waits

Json = Mapping[str, Any]
SUCCEEDED, FAILED, SKIPPED = "Succeeded", "Failed", "Skipped"
TERMINAL = {"Cancelled", FAILED, SUCCEEDED}
TRIED_AGAIN = {408, 429, *range(500, 600)}


class StepFailed(Exception):
    """An action that the world refused; what it answered stays readable."""

    def __init__(self, outputs: Json) -> None:
        super().__init__(str(outputs))
        self.outputs = outputs


class World(Protocol):
    """What actions reach."""

    async def connector(self, api: str, operation: str, parameters: Json) -> Json:
        """Call an operation of a connector; answers statusCode, headers and body. Raises StepFailed."""
        ...

    async def http(self, inputs: Json, *, waits: bool = True) -> Json:
        """Send a request and, if it waits, follow an asynchronous answer to its end, likewise. Raises StepFailed."""
        ...


@dataclass(slots=True)
class Run:
    """One run of a flow."""

    definition: Json
    world: World
    variables: Mapping[str, object]
    trigger: Json = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    ended: Json | None = None

    async def play(self) -> "Run":
        """Run all of its actions."""
        for trigger in self.definition["triggers"].values():
            check_trigger(trigger)
        status = await self._block(self.definition["actions"])
        self.ended = self.ended or {"runStatus": status}
        return self

    def functions(self, step: str = "") -> Mapping[str, Function]:
        """What expressions of a step can call here and now."""
        known = partial(self._known, step)
        return {
            **FUNCTIONS,
            "parameters": self.parameter,
            "triggerOutputs": lambda: self.trigger,
            "triggerBody": lambda: self.trigger.get("body"),
            "outputs": lambda name: self.outputs.get(known(name)),
            "body": lambda name: (self.outputs.get(known(name)) or {}).get("body"),
            "actions": lambda name: {"status": self.statuses.get(known(name))},
        }

    def parameter(self, name: str) -> Any:
        """An environment variable; outside of a solution a parameter's own value. Raises ValueError."""
        if name == "$authentication":
            return {}
        declared = self.definition["parameters"].get(name)
        if declared is None:
            raise ValueError(f"there is no parameter {name}")
        return self.variables[declared.get("metadata", {}).get("schemaName", name)]

    def trigger_inputs(self, **more: Function) -> Json:
        """What the one trigger of the flow is set up with."""
        (trigger,) = self.definition["triggers"].values()
        check_trigger(trigger)
        found: Json = evaluated(trigger.get("inputs", {}), {**self.functions(), **more})
        return found

    def _known(self, step: str, name: str) -> str:
        """What a step may name: only what is on its way, whatever has run by chance."""
        sees = next((one.sees for one in steps_of(self.definition["actions"]) if one.name == step), frozenset())
        if name not in sees:
            raise ValueError(f"{name} is not on the way to {step or 'the trigger'}")
        return name

    async def _block(self, actions: Json) -> str:
        """Run the actions that lie beside each other, and say how that ended."""
        waiting = dict(actions)
        while waiting:
            ready = [name for name, one in waiting.items() if not one.get("runAfter", {}).keys() & waiting.keys()]
            if not ready:
                raise ValueError(f"{sorted(waiting)} wait for each other")
            for name in ready:
                await self._step(name, waiting.pop(name))
        awaited = {name for one in actions.values() for name in one.get("runAfter", {})}
        return FAILED if any(self._failed(name, actions) for name in actions.keys() - awaited) else SUCCEEDED

    def _failed(self, name: str, actions: Json) -> bool:
        """Whether a way to this action failed: what is last decides, and where that was skipped, what is before it."""
        if self.statuses[name] != SKIPPED:
            return self.statuses[name] == FAILED
        return any(self._failed(before, actions) for before in actions[name].get("runAfter", {}))

    async def _step(self, name: str, action: Json) -> None:
        check_action(action)
        wanted = action.get("runAfter", {})
        if self.ended or not all(self.statuses[before] in allowed for before, allowed in wanted.items()):
            self._skip({name: action})
            return
        try:
            self.outputs[name] = await self._done(name, action)
        except StepFailed as failed:
            self.statuses[name], self.outputs[name] = FAILED, failed.outputs
        else:
            self.statuses.setdefault(name, SUCCEEDED)

    async def _done(self, name: str, action: Json) -> Any:
        kind = action["type"]
        if kind == "If":
            self.statuses[name] = await self._if(name, action)
            return None
        inputs = evaluated(action["inputs"], self.functions(name))
        if kind == "Compose":
            return inputs
        if kind == "Http":
            return await _tried(tries_of(action), lambda: self.world.http(inputs, waits=waits(action)))
        if kind == "OpenApiConnection":
            api, operation = inputs["host"]["apiId"].rpartition("/")[2], inputs["host"]["operationId"]
            return await _tried(tries_of(action), lambda: self.world.connector(api, operation, inputs["parameters"]))
        if kind == "Terminate" and inputs["runStatus"] in TERMINAL:
            self.ended = inputs
            return None
        raise NotImplementedError(f"{name}: actions of type {kind} are not known here")

    async def _if(self, name: str, action: Json) -> str:
        yes, no = action["actions"], action.get("else", {}).get("actions", {})
        if not holds(action["expression"], self.functions(name)):
            yes, no = no, yes
        self._skip(no)
        return await self._block(yes)

    def _skip(self, actions: Json) -> None:
        """Actions that are passed by, with all inside of them."""
        for name, one in actions.items():
            self.statuses[name], self.outputs[name] = SKIPPED, None
            self._skip(one.get("actions", {}))
            self._skip(one.get("else", {}).get("actions", {}))


async def _tried(times: int, call: Callable[[], Awaitable[Json]]) -> Json:
    """Call again where the platform does: after an answer that may be better the next time."""
    for left in range(times - 1, -1, -1):
        try:
            return await call()
        except StepFailed as failed:
            if not left or failed.outputs["statusCode"] not in TRIED_AGAIN:
                raise
    raise AssertionError(times)
