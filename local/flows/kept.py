"""Are secrets kept? None is written down; what is one comes from the key vault, goes to one place, and is not shown."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from local.flows.package import VARIABLES, FlowFile, Solution, Step
from local.flows.solution_xml import SECRET_VARIABLE
from local.flows.texts import texts

READS_A_SECRET = "RetrieveEnvironmentVariableSecretValue"  # noqa: S105 - the name of an action
ITS_PLACE = "/inputs/authentication/secret"
WITH_SETTINGS = ("Workflows/", "Connector/", VARIABLES)
_SECRET_NAME = re.compile(r"^(?:client_?)?secret$|password|pwd|pfx|accountkey", re.IGNORECASE)
_SECRET_VALUE = re.compile(
    r"[?&;](?:sig|code)=[\w%+/=.~-]{16,}|AccountKey=|SharedAccess|\beyJ[\w-]{10,}|-----BEGIN|\b[A-Za-z0-9_~.-]{3}8Q~[\w~.-]{31,}"
)


def secrets_are_kept(solution: Solution) -> Iterator[str]:
    """Nothing looks like a secret; what is one is read from the key vault, and shown in no run history."""
    for part, content in solution.parts.items():
        if part.startswith(WITH_SETTINGS) and part.endswith(".json"):
            found = (path for path, text in texts(msgspec.json.decode(content)) if _is_secret(path, text))
            yield from (f"{part}: {path} looks like a secret" for path in found)
    for name, variable in solution.variables.items():
        if variable.find("defaultvalue") is not None:
            yield f"{name} has a value of its own"
    secret = {name for name, one in solution.variables.items() if one.findtext("type") == SECRET_VARIABLE}
    for flow in solution.flows:
        for name, details in flow.definition["parameters"].items():
            if details.get("metadata", {}).get("schemaName", "") in secret:
                yield f"{flow.part}: {name} is a secret, and a flow with such a parameter cannot be switched on"
        yield from (f"{flow.part}: {what}" for what in _read(flow, secret))
        yield from (f"{flow.part}: {step.name} shows a secret in the run history" for step in _shown(flow))


def _is_secret(path: str, text: str) -> bool:
    """Whether a value is one, or has the name of one and is written out."""
    named = _SECRET_NAME.search(path.rpartition("/")[2]) is not None
    return _SECRET_VALUE.search(text) is not None or (named and text != "" and not text.startswith("@"))


def _read(flow: FlowFile, secret: set[str]) -> Iterator[str]:
    """What is wrong with the variables that are read, and with the places that they are put into."""
    readers = [step for step in flow.steps if _reads(step)]
    for one in readers:
        variable = one.inputs["parameters"].get("item/EnvironmentVariableName")
        if variable not in secret:
            yield f"{one.name} reads {variable}, which is no secret variable of the solution"
        naming = re.compile(rf"\b\w+\('{re.escape(one.name)}'\)(?!\?\['(?:status|error)'\])")
        for step in flow.steps:
            for path, text in texts(step.own):
                if naming.search(text) and path != ITS_PLACE:
                    yield f"{step.name} names in {path} what read the secret ({one.name})"


def _reads(step: Step) -> bool:
    return bool(step.host) and step.inputs.get("parameters", {}).get("actionName") == READS_A_SECRET


def _shown(flow: FlowFile) -> Iterator[Step]:
    """The steps that read or use a secret without saying that its runs must not show it."""
    readers = {step.name for step in flow.steps if _reads(step)}
    for step in flow.steps:
        secure = step.details.get("runtimeConfiguration", {}).get("secureData", {}).get("properties", ())
        authentication = step.inputs.get("authentication")
        uses = isinstance(authentication, Mapping) and "secret" in authentication
        if (step.name in readers and "outputs" not in secure) or (uses and "inputs" not in secure):
            yield step
