"""Can the platform run a flow's steps? Kinds it knows, one trigger, an order without circles, names it can look up."""

import re
from collections.abc import Callable, Iterator

from local.flows.package import FlowFile, Solution, Step
from local.flows.texts import said

Check = Callable[[Solution], Iterator[str]]
BUILT_IN = ("$connections", "$authentication")
CALLS = {"OpenApiConnection", "OpenApiConnectionWebhook", "Http", "HttpWebhook"}
TRIGGERS = {*CALLS, "OpenApiConnectionNotification", "Recurrence", "Request", "SlidingWindow"}
VARIABLES = {f"{one}Variable" for one in ("Initialize", "Set", "Increment", "Decrement", "AppendToArray")}
ACTIONS = {
    *CALLS, *VARIABLES, "AppendToStringVariable", "Compose", "Expression", "Foreach", "If", "Join", "ParseJson",
    "Query", "Response", "Scope", "Select", "Switch", "Table", "Terminate", "Until", "Wait", "Workflow",
}  # fmt: skip
STATUSES = {"Succeeded", "Failed", "Skipped", "TimedOut"}
_PARAMETER = re.compile(r"parameters\('((?:[^']|'')+)'\)")
_ACTION = re.compile(r"\b(?:outputs|body|actions|result)\('((?:[^']|'')+)'\)")


def flows_begin_once(solution: Solution) -> Iterator[str]:
    """A flow has one trigger; one with a time of day says since when, for else it runs when it is switched on."""
    for flow in solution.flows:
        triggers = [step for step in flow.steps if step.is_trigger]
        if len(triggers) != 1:
            yield f"{flow.part} has {len(triggers)} triggers"
        for one in triggers:
            recurrence = one.details.get("recurrence", {})
            if "schedule" in recurrence and "startTime" not in recurrence:
                yield f"{flow.part}: {one.name} has a schedule without a startTime: it runs at once"


def steps_are_of_known_kinds(solution: Solution) -> Iterator[str]:
    """Each step is of a type that the platform has."""
    for flow in solution.flows:
        for step in flow.steps:
            if step.type not in (TRIGGERS if step.is_trigger else ACTIONS):
                yield f"{flow.part}: {step.name} is of no known type: {step.type}"


def steps_have_an_order(solution: Solution) -> Iterator[str]:
    """A step runs after its neighbours, on statuses that there are, and never after itself."""
    for flow in solution.flows:
        for step in flow.steps:
            after = step.details.get("runAfter", {})
            for name in after.keys() - step.siblings:
                yield f"{flow.part}: {step.name} runs after {name}, which is not beside it"
            for name, statuses in after.items():
                if not statuses or set(statuses) - STATUSES:
                    yield f"{flow.part}: {step.name} runs after {name} on {statuses}, which is no status"
            if step.name in step.sees:
                yield f"{flow.part}: {step.name} waits for itself"


def names_lead_somewhere(solution: Solution) -> Iterator[str]:
    """Expressions name parameters that are there and actions that have run by then; else nobody can switch it on."""
    for flow in solution.flows:
        yield from (f"{flow.part} lacks {name}" for name in BUILT_IN if name not in flow.definition["parameters"])
        actions = {step.name for step in flow.steps if not step.is_trigger}
        for step in flow.steps:
            yield from (f"{flow.part}: {what}" for what in _lost(step, flow, actions))


def _lost(step: Step, flow: FlowFile, actions: set[str]) -> Iterator[str]:
    text = said({name: part for name, part in step.own.items() if name not in ("description", "metadata")})
    for name in sorted(set(_PARAMETER.findall(text)) - set(flow.definition["parameters"])):
        yield f"there is no parameter {name}"
    for name in sorted(set(_ACTION.findall(text)) - step.sees):
        lost = f"{step.name} names {name}, which is not on its way: run after it"
        yield lost if name in actions else f"there is no action {name}"


ORDER_CHECKS: tuple[Check, ...] = (
    flows_begin_once,
    steps_are_of_known_kinds,
    steps_have_an_order,
    names_lead_somewhere,
)
