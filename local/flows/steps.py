"""Do a solution's flows hold together inside? Names that lead somewhere, kept secrets, operations that exist."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from local.connector.definition import Definition, Operation
from local.flows.package import FlowFile, Solution, Step
from local.flows.solution_xml import SECRET_VARIABLE

Check = Callable[[Solution], Iterator[str]]
WEBHOOK, CALL = "OpenApiConnectionWebhook", "OpenApiConnection"
READS_A_SECRET = "RetrieveEnvironmentVariableSecretValue"  # noqa: S105 - the name of an action
WITH_SETTINGS = ("Workflows/", "Connector/")
BUILT_IN = {"$connections", "$authentication"}
_SECRET_NAME = re.compile(r"^(?:client_?)?secret$|password|pwd|pfx|accountkey", re.IGNORECASE)
_SECRET_VALUE = re.compile(
    r"[?&;](?:sig|code|sv)=|AccountKey=|SharedAccess|\beyJ[\w-]{10,}|-----BEGIN|\b[A-Za-z0-9_~.-]{3}8Q~[\w~.-]{31,}"
)
_PARAMETER = re.compile(r"parameters\('((?:[^']|'')+)'\)")
_ACTION = re.compile(r"\b(?:outputs|body|actions|items|result)\('((?:[^']|'')+)'\)")


def steps_call_declared_connections(solution: Solution) -> Iterator[str]:
    """A step names a connection that its flow declares, and that connection's connector; none is declared in vain."""
    for flow in solution.flows:
        used = set()
        for step in flow.steps:
            if not step.host:
                continue
            name = step.host.get("connectionName", "")
            used.add(name)
            api = flow.references.get(name, {}).get("api", {}).get("name")
            if api is None or step.host.get("apiId", "").rpartition("/")[2] != api:
                yield f"{flow.part}: {step.name} calls {step.host.get('apiId')} by {name}, which is not declared"
        yield from (f"{flow.part}: nothing uses {name}" for name in flow.references.keys() - used)


def names_lead_somewhere(solution: Solution) -> Iterator[str]:
    """Expressions name parameters and actions that are there; a step runs after its neighbours."""
    for flow in solution.flows:
        actions = {step.name for step in flow.steps if not step.is_trigger}
        said = " ".join(text for _, text in _texts(flow.definition["triggers"]))
        said += " ".join(text for _, text in _texts(flow.definition["actions"]))
        for name in set(_PARAMETER.findall(said)) - set(flow.definition["parameters"]):
            yield f"{flow.part}: there is no parameter {name}"
        yield from (f"{flow.part}: there is no action {name}" for name in set(_ACTION.findall(said)) - actions)
        for step in flow.steps:
            for name in step.details.get("runAfter", {}).keys() - step.siblings:
                yield f"{flow.part}: {step.name} runs after {name}, which is not beside it"


def parameters_are_variables(solution: Solution) -> Iterator[str]:
    """A flow's parameters are environment variables of the solution, empty, and all of them are used."""
    used = {str(step.inputs) for flow in solution.flows for step in flow.steps}
    for flow in solution.flows:
        said = str(flow.definition["triggers"]) + str(flow.definition["actions"])
        for name, details in flow.definition["parameters"].items():
            if name in BUILT_IN:
                continue
            variable = solution.variables.get(details.get("metadata", {}).get("schemaName", ""))
            display = variable.find("displayname") if variable is not None else None
            if variable is None or display is None:
                yield f"{flow.part}: {name} is no environment variable of the solution"
            elif name != f"{display.get('default')} ({variable.get('schemaname')})":
                yield f"{flow.part}: {name} is called otherwise than its environment variable"
            elif details.get("defaultValue") != "":
                yield f"{flow.part}: {name} has a value"
            if name not in said:
                yield f"{flow.part}: nothing uses {name}"
    everything = " ".join(used)
    for schema in solution.variables:
        if f"({schema})" not in everything and f"'{schema}'" not in everything:
            yield f"no flow uses the environment variable {schema}"


def secrets_are_kept(solution: Solution) -> Iterator[str]:
    """Nothing looks like a secret; what is one is read from the key vault, and shown in no run history."""
    for part, content in solution.parts.items():
        if part.startswith(WITH_SETTINGS) and part.endswith(".json"):
            found = (path for path, text in _texts(msgspec.json.decode(content)) if _is_secret(path, text))
            yield from (f"{part}: {path} looks like a secret" for path in found)
    for flow in solution.flows:
        for name, details in flow.definition["parameters"].items():
            schema = details.get("metadata", {}).get("schemaName", "")
            if schema in _secret_variables(solution):
                yield f"{flow.part}: {name} is a secret, and a flow with such a parameter cannot be switched on"
        yield from (f"{flow.part}: {step.name} shows a secret in the run history" for step in _shown(flow))


def operations_exist(solution: Solution, definition: Definition) -> Iterator[str]:
    """Each operation of our connector that a flow uses is there, with these fields, the required ones given."""
    for flow in solution.flows:
        custom = {name for name, one in flow.references.items() if "logicalName" in one["api"]}
        for step in flow.steps:
            if step.host.get("connectionName") in custom:
                operation = definition.by_id.get(step.host.get("operationId", ""))
                problems = _call_problems(step, operation) if operation else ("is not in the definition",)
                yield from (f"{flow.part}: {step.name} ({step.host.get('operationId')}) {one}" for one in problems)


def _call_problems(step: Step, operation: Operation) -> Iterator[str]:
    wanted = {"single": WEBHOOK, "batch": CALL, "": CALL}[operation.trigger]
    if step.details["type"] != wanted or step.is_trigger is not bool(operation.trigger):
        yield f"should be {wanted} as {'a trigger' if operation.trigger else 'an action'}"
    given = set(step.inputs.get("parameters", {}))
    known = {field.path: field for field in operation.fields if field.visibility != "internal"}
    yield from (f"has no field {name}" for name in sorted(given - known.keys()))
    for name, field in known.items():
        if field.required and "default" not in field.value_schema and name not in given:
            yield f"lacks {name}"


def _is_secret(path: str, text: str) -> bool:
    """Whether a value is one, or has the name of one and is written out."""
    named = _SECRET_NAME.search(path.rpartition("/")[2]) is not None
    return _SECRET_VALUE.search(text) is not None or (named and text != "" and not text.startswith("@"))


def _secret_variables(solution: Solution) -> set[str]:
    return {name for name, one in solution.variables.items() if one.findtext("type") == SECRET_VARIABLE}


def _shown(flow: FlowFile) -> Iterator[Step]:
    """The steps that read or use a secret without saying that its runs must not show it."""
    for step in flow.steps:
        secure = step.details.get("runtimeConfiguration", {}).get("secureData", {}).get("properties", ())
        reads = step.inputs.get("parameters", {}).get("actionName") == READS_A_SECRET
        uses = "secret" in step.inputs.get("authentication", ())
        if (reads and "outputs" not in secure) or (uses and "inputs" not in secure):
            yield step


def _texts(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text below a node, with the way to it."""
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, Mapping):
        for name, part in node.items():
            yield from _texts(part, f"{path}/{name}")
    elif isinstance(node, list):
        for place, part in enumerate(node):
            yield from _texts(part, f"{path}/{place}")


FLOW_CHECKS: tuple[Check, ...] = (
    steps_call_declared_connections,
    names_lead_somewhere,
    parameters_are_variables,
    secrets_are_kept,
)
