"""How does a flow run? Its actions in order, each after those that it waits for, by the definition alone.

What an action reaches is a `World`: connectors by operation, HTTP by address.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.flows.expressions import Function, evaluated
from tests.flows.functions import FUNCTIONS, holds

Json = Mapping[str, Any]
SUCCEEDED, FAILED, SKIPPED = "Succeeded", "Failed", "Skipped"
TERMINAL = {"Cancelled", FAILED, SUCCEEDED}


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

    async def http(self, inputs: Json) -> Json:
        """Send a request and follow an asynchronous answer to its end, likewise. Raises StepFailed."""
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
    items: dict[str, Any] = field(default_factory=dict)
    ended: Json | None = None

    async def play(self) -> "Run":
        """Run all of its actions."""
        status = await self._block(self.definition["actions"])
        self.ended = self.ended or {"runStatus": status}
        return self

    @property
    def functions(self) -> Mapping[str, Function]:
        """What expressions can call here and now."""
        return {
            **FUNCTIONS,
            "parameters": self.parameter,
            "triggerOutputs": lambda: self.trigger,
            "triggerBody": lambda: self.trigger.get("body"),
            "outputs": lambda name: self.outputs.get(self._known(name)),
            "body": lambda name: (self.outputs.get(self._known(name)) or {}).get("body"),
            "actions": lambda name: {"status": self.statuses.get(self._known(name))},
            "items": lambda name: self.items[name],
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
        found: Json = evaluated(trigger.get("inputs", {}), {**self.functions, **more})
        return found

    def _known(self, name: str) -> str:
        if name not in self.statuses:
            raise ValueError(f"{name} has not run yet, or is not there")
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
        if kind in ("If", "Switch", "Scope", "Foreach"):
            self.statuses[name] = await getattr(self, f"_{kind.lower()}")(name, action)
            return None
        inputs = evaluated(action["inputs"], self.functions)
        if kind == "Compose":
            return inputs
        if kind == "Http":
            return await self.world.http(inputs)
        if kind == "OpenApiConnection":
            host = inputs["host"]
            return await self.world.connector(
                host["apiId"].rpartition("/")[2], host["operationId"], inputs["parameters"]
            )
        if kind == "Terminate" and inputs["runStatus"] in TERMINAL:
            self.ended = inputs
            return None
        raise NotImplementedError(f"{name}: actions of type {kind} are not known here")

    async def _if(self, _: str, action: Json) -> str:
        yes, no = action["actions"], action.get("else", {}).get("actions", {})
        if not holds(action["expression"], self.functions):
            yes, no = no, yes
        self._skip(no)
        return await self._block(yes)

    async def _switch(self, _: str, action: Json) -> str:
        value = evaluated(action["expression"], self.functions)
        cases = [*action["cases"].values()]
        taken = next((one for one in cases if one["case"] == value), action.get("default", {}))
        for one in (*cases, action.get("default", {})):
            if one is not taken:
                self._skip(one.get("actions", {}))
        return await self._block(taken.get("actions", {}))

    async def _scope(self, _: str, action: Json) -> str:
        return await self._block(action["actions"])

    async def _foreach(self, name: str, action: Json) -> str:
        statuses = []
        for item in evaluated(action["foreach"], self.functions):
            self.items[name] = item
            statuses.append(await self._block(action["actions"]))
        return FAILED if FAILED in statuses else SUCCEEDED

    def _skip(self, actions: Json) -> None:
        """Actions that are passed by, with all inside of them."""
        for name, one in actions.items():
            self.statuses[name], self.outputs[name] = SKIPPED, None
            self._skip(one.get("actions", {}))
            self._skip(one.get("else", {}).get("actions", {}))


def called_with(trigger: Json, body: Any, functions: Mapping[str, Function] = FUNCTIONS) -> list[Json]:
    """The runs that a call of a trigger starts: one for each item where it splits, none where a condition fails."""
    split = trigger.get("splitOn")
    whole = {"body": body}
    bodies = evaluated(split, {**functions, "triggerBody": lambda: body}) if split else [body]
    found: list[Json] = []
    for one in bodies:
        outputs = {**whole, "body": one}
        known = {**functions, "triggerBody": lambda one=one: one, "triggerOutputs": lambda outputs=outputs: outputs}
        if all(holds(condition["expression"], known) for condition in trigger.get("conditions", ())):
            found.append(outputs)
    return found
