"""Does a solution hang together? Each check is a sentence, and tells what breaks it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple
from xml.etree import ElementTree as Xml

import msgspec

from local.connector.definition import Definition
from local.errors import LocalError
from local.flows.package import Solution
from local.flows.solution_xml import CONNECTOR, CONTENT_TYPES, FLOW, VARIABLE
from local.flows.steps import FLOW_CHECKS, operations_exist
from local.flows.xml_text import read

ALWAYS = ("[Content_Types].xml", "customizations.xml", "solution.xml")
# Elements of a connector that name a part.
CONNECTOR_PARTS = ("openapidefinition", "connectionparameters", "policytemplateinstances", "iconblob")
Check = Callable[[Solution], Iterator[str]]


class Finding(NamedTuple):
    """What is wrong, and which check says so."""

    check: str
    what: str


def findings(solution: Solution, definition: Definition | None = None) -> list[Finding]:
    """Everything that is wrong. With a definition, the connector's operations that flows use are looked up in it."""
    readable = [Finding(one.__name__, what) for one in READABLE for what in one(solution)]
    if readable:
        return readable
    found = [Finding(one.__name__, what) for one in (*WHOLE, *FLOW_CHECKS) for what in one(solution)]
    if definition is not None:
        found += [Finding(operations_exist.__name__, what) for what in operations_exist(solution, definition)]
    return found


def parts_are_there(solution: Solution) -> Iterator[str]:
    """Every solution has a manifest, customizations and content types."""
    yield from (f"{part} is missing" for part in ALWAYS if part not in solution.parts)


def parts_are_readable(solution: Solution) -> Iterator[str]:
    """XML is well-formed and declares no document type; JSON is JSON."""
    for part, content in solution.parts.items():
        try:
            if part.endswith(".xml"):
                read(content)
            elif part.endswith(".json"):
                msgspec.json.decode(content)
        except (LocalError, msgspec.MsgspecError) as error:
            yield f"{part} {error}"


def content_types_cover_all(solution: Solution) -> Iterator[str]:
    """Every part has a content type, by its ending or by its name."""
    types = read(solution.parts["[Content_Types].xml"])
    endings = {one.get("Extension") for one in types.iter(f"{{{CONTENT_TYPES}}}Default")}
    names = {one.get("PartName") for one in types.iter(f"{{{CONTENT_TYPES}}}Override")}
    for part in solution.parts:
        if PurePosixPath(part).suffix[1:] not in endings and f"/{part}" not in names:
            yield f"{part} has no content type"


def root_components_are_defined(solution: Solution) -> Iterator[str]:
    """What the manifest lists is in the solution, and what is in it is listed."""
    listed = {
        (one.get("type", ""), (one.get("schemaName") if one.get("type") == VARIABLE else one.get("id")) or "")
        for one in solution.manifest.iter("RootComponent")
    }
    flows = {(FLOW, one.get("WorkflowId", "")) for one in solution.customizations.iter("Workflow")}
    connectors = {(CONNECTOR, f"{{{_text(one, 'connectorid')}}}") for one in _connectors(solution)}
    defined = flows | connectors | {(VARIABLE, name) for name in solution.variables}
    yield from (f"root component {one} is not in the solution" for one in sorted(listed - defined))
    yield from (f"{one} is no root component" for one in sorted(defined - listed))


def named_parts_are_there(solution: Solution) -> Iterator[str]:
    """Each flow and each file of a connector is named once, and is where it is said to be."""
    named = [_text(one, "JsonFileName") for one in solution.customizations.iter("Workflow")]
    named += [_text(one, tag) for one in _connectors(solution) for tag in CONNECTOR_PARTS]
    there = {f"/{part}" for part in solution.parts if part.startswith(("Workflows/", "Connector/"))}
    yield from (f"{one} is named but not there" for one in sorted(set(named) - there))
    yield from (f"{one} is there but nothing names it" for one in sorted(there - set(named)))
    yield from (f"{one} is named more than once" for one, count in Counter(named).items() if count > 1)


def variables_lie_where_they_belong(solution: Solution) -> Iterator[str]:
    """An environment variable lies in a folder of its name."""
    for part, content in solution.parts.items():
        if part.startswith("environmentvariable"):
            name = read(content).get("schemaname", "")
            if part != f"environmentvariabledefinitions/{name}/environmentvariabledefinition.xml":
                yield f"{part} defines {name}"


def ids_are_unique(solution: Solution) -> Iterator[str]:
    """No two flows, steps or connectors have one id."""
    ids = [one.get("WorkflowId", "").strip("{}") for one in solution.customizations.iter("Workflow")]
    ids += [_text(one, "connectorid") for one in _connectors(solution)]
    for flow in solution.flows:
        ids += [step.details.get("metadata", {}).get("operationMetadataId", "") for step in flow.steps]
    yield from (f"{one or 'an empty id'} is there {n} times" for one, n in Counter(ids).items() if n > 1 or not one)


def flows_are_off(solution: Solution) -> Iterator[str]:
    """A sample does not run before its maker has filled it in."""
    for one in solution.customizations.iter("Workflow"):
        if (_text(one, "StateCode"), _text(one, "StatusCode")) != ("0", "1"):
            yield f"{one.get('Name')} is on"


def references_are_declared(solution: Solution) -> Iterator[str]:
    """Flows use the connection references of the solution, all of them, for the connectors that these name."""
    declared = {
        one.get("connectionreferencelogicalname", ""): _text(one, "connectorid").rpartition("/")[2]
        for one in solution.customizations.iter("connectionreference")
    }
    used: dict[str, str] = {}
    for flow in solution.flows:
        for reference in flow.references.values():
            name = reference["connection"]["connectionReferenceLogicalName"]
            used[name] = reference["api"]["name"]
            if declared.get(name) != used[name]:
                yield f"{flow.part}: {name} for {used[name]} is no connection reference of the solution"
    yield from (f"no flow uses the connection reference {name}" for name in declared.keys() - used.keys())


def needs_are_told(solution: Solution) -> Iterator[str]:
    """What a flow needs of another solution is listed, so that an import without it says what is missing."""
    told = {one.get("id", "") for one in solution.manifest.iter("Dependent")}
    of_part: Mapping[str, str] = {
        _text(one, "JsonFileName")[1:]: one.get("WorkflowId", "") for one in solution.customizations.iter("Workflow")
    }
    for flow in solution.flows:
        custom = [one for one in flow.references.values() if "logicalName" in one["api"]]
        if custom and of_part.get(flow.part) not in told:
            yield f"{flow.part} needs {custom[0]['api']['logicalName']}, which no MissingDependency says"


def _connectors(solution: Solution) -> list[Xml.Element]:
    return solution.customizations.findall("Connectors/Connector")


def _text(element: Xml.Element, tag: str) -> str:
    return element.findtext(tag) or ""


READABLE: tuple[Check, ...] = (parts_are_there, parts_are_readable)
WHOLE: tuple[Check, ...] = (
    content_types_cover_all,
    root_components_are_defined,
    named_parts_are_there,
    variables_lie_where_they_belong,
    ids_are_unique,
    flows_are_off,
    references_are_declared,
    needs_are_told,
)
