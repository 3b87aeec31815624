"""Does a solution hang together? Each check is a sentence, and tells what breaks it."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import NamedTuple
from xml.etree import ElementTree as Xml

import msgspec

from local.errors import LocalError
from local.flows.belonging import CONNECTOR_CHECKS, Connector, connector_is_filled_in
from local.flows.kept import secrets_are_kept
from local.flows.order import ORDER_CHECKS
from local.flows.package import CALL, VARIABLE_FILE, VARIABLES, WEBHOOK, Solution, Step, steps_of
from local.flows.shapes import Call, Flow
from local.flows.solution_xml import CONNECTOR, CONTENT_TYPES, FLOW, VARIABLE
from local.flows.steps import STEP_CHECKS
from local.flows.xml_text import read

ALWAYS = ("[Content_Types].xml", "customizations.xml", "solution.xml")
# Elements of a connector that name a part.
CONNECTOR_PARTS = ("openapidefinition", "connectionparameters", "policytemplateinstances", "iconblob")
VALUES_FILE = "environmentvariablevalues.json"
PNG = b"\x89PNG\r\n\x1a\n"
CLOUD_FLOW = {"Category": "5", "Type": "1"}
Check = Callable[[Solution], Iterator[str]]


class Finding(NamedTuple):
    """What is wrong, and which check says so."""

    check: str
    what: str


def findings(solution: Solution, connector: Connector) -> list[Finding]:
    """Everything that is wrong with a solution of this connector. What cannot be read is all that is told of it."""
    readable = [Finding(one.__name__, what) for one in READABLE for what in one(solution)]
    if readable:
        return readable
    found = [Finding(one.__name__, what) for one in WHOLE for what in one(solution)]
    return found + [Finding(one.__name__, what) for one in CONNECTOR_CHECKS for what in one(solution, connector)]


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
        except (LocalError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            yield f"{part} {error}"


def flows_are_formed(solution: Solution) -> Iterator[str]:
    """A flow has the shape of one, and a step that calls a connector says which operation of it."""
    for part, content in solution.parts.items():
        if part.startswith("Workflows/"):
            try:
                msgspec.json.decode(content, type=Flow)
                definition = msgspec.json.decode(content)["properties"]["definition"]
                triggers = (Step(name, one, True) for name, one in definition["triggers"].items())
                for step in (*triggers, *steps_of(definition["actions"])):
                    if step.type in (WEBHOOK, CALL):
                        msgspec.convert(step.inputs, Call)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                yield f"{part} is no flow: {error}"


def manifest_is_whole(solution: Solution) -> Iterator[str]:
    """A solution has a name, a version and a publisher."""
    for tag in ("UniqueName", "Version", "Managed", "Publisher/UniqueName", "Publisher/CustomizationPrefix"):
        if not solution.manifest.findtext(f"SolutionManifest/{tag}"):
            yield f"solution.xml has no {tag}"


def parts_are_expected(solution: Solution) -> Iterator[str]:
    """Nothing lies in a solution that no import looks for."""
    for part in solution.parts:
        folder, _, name = part.rpartition("/")
        known = folder in ("Workflows", "Connector") or (
            folder.startswith(VARIABLES) and name in (VARIABLE_FILE, VALUES_FILE)
        )
        if part not in ALWAYS and not known:
            yield f"{part} belongs nowhere"


def content_types_cover_all(solution: Solution) -> Iterator[str]:
    """Every part has a content type, by its ending or by its name."""
    types = read(solution.parts["[Content_Types].xml"])
    endings = {one.get("Extension") for one in types.iter(f"{{{CONTENT_TYPES}}}Default")}
    names = {one.get("PartName") for one in types.iter(f"{{{CONTENT_TYPES}}}Override")}
    for part in solution.parts:
        if PurePosixPath(part).suffix[1:] not in endings and f"/{part}" not in names:
            yield f"{part} has no content type"


def root_components_are_defined(solution: Solution) -> Iterator[str]:
    """What the manifest lists is in the solution, and what is in it is listed, once, by the same id and name."""
    keys = ("type", "id", "schemaName")
    rows = [tuple(one.get(key, "") for key in keys) for one in solution.manifest.iter("RootComponent")]
    listed = set(rows)
    defined = {(FLOW, one.get("WorkflowId", ""), "") for one in solution.customizations.iter("Workflow")}
    defined |= {(CONNECTOR, f"{{{_text(one, 'connectorid')}}}", _text(one, "name")) for one in _connectors(solution)}
    defined |= {(VARIABLE, "", name) for name in solution.variables}
    yield from (f"root component {one} is not in the solution" for one in sorted(listed - defined))
    yield from (f"{one} is no root component" for one in sorted(defined - listed))
    yield from (f"root component {one} is there {n} times" for one, n in Counter(rows).items() if n > 1)


def named_parts_are_there(solution: Solution) -> Iterator[str]:
    """Each flow and each file of a connector is named once, and is where it is said to be."""
    named = [_text(one, "JsonFileName") for one in solution.customizations.iter("Workflow")]
    for one in _connectors(solution):
        files = [_text(one, tag) for tag in CONNECTOR_PARTS]
        stem = f"/Connector/{_text(one, 'name')}_"
        yield from (f"{file} is not called by the connector's name" for file in files if not file.startswith(stem))
        named += files
    there = {f"/{part}" for part in solution.parts if part.startswith(("Workflows/", "Connector/"))}
    yield from (f"{one} is named but not there" for one in sorted(set(named) - there))
    yield from (f"{one} is there but nothing names it" for one in sorted(there - set(named)))
    yield from (f"{one} is named more than once" for one, count in Counter(named).items() if count > 1)


def icons_are_pictures(solution: Solution) -> Iterator[str]:
    """A connector's icon is a PNG."""
    for one in _connectors(solution):
        part = _text(one, "iconblob")[1:]
        if not solution.parts.get(part, PNG).startswith(PNG):
            yield f"{part} is no PNG"


def variables_lie_where_they_belong(solution: Solution) -> Iterator[str]:
    """An environment variable lies in a folder of its name."""
    for part, content in solution.parts.items():
        if part.endswith(VARIABLE_FILE):
            name = read(content).get("schemaname", "")
            if part != f"{VARIABLES}{name}/{VARIABLE_FILE}":
                yield f"{part} defines {name}"


def ids_are_unique(solution: Solution) -> Iterator[str]:
    """No two flows, steps or connectors have one id."""
    ids = [one.get("WorkflowId", "").strip("{}") for one in solution.customizations.iter("Workflow")]
    ids += [_text(one, "connectorid") for one in _connectors(solution)]
    for flow in solution.flows:
        ids += [step.details.get("metadata", {}).get("operationMetadataId", "") for step in flow.steps]
    yield from (f"{one} is there {n} times" for one, n in Counter(filter(None, ids)).items() if n > 1)


def flows_are_off(solution: Solution) -> Iterator[str]:
    """Each is a cloud flow, and does not run before its maker has filled it in."""
    for one in solution.customizations.iter("Workflow"):
        yield from (
            f"{one.get('Name')} has the {tag} {_text(one, tag)}"
            for tag, value in CLOUD_FLOW.items()
            if _text(one, tag) != value
        )
        if (_text(one, "StateCode"), _text(one, "StatusCode")) != ("0", "1"):
            yield f"{one.get('Name')} is on"


def references_are_declared(solution: Solution) -> Iterator[str]:
    """Flows use the connection references of the solution, all of them, for the connectors that these name."""
    rows = [
        (one.get("connectionreferencelogicalname", ""), _text(one, "connectorid").rpartition("/")[2])
        for one in solution.customizations.iter("connectionreference")
    ]
    declared = dict(rows)
    used: dict[str, str] = {}
    for flow in solution.flows:
        for reference in flow.references.values():
            name = reference["connection"]["connectionReferenceLogicalName"]
            used[name] = reference["api"]["name"]
            if declared.get(name) != used[name]:
                yield f"{flow.part}: {name} for {used[name]} is no connection reference of the solution"
    yield from (f"no flow uses the connection reference {name}" for name in declared.keys() - used.keys())
    counts = Counter(name for name, _ in rows)
    yield from (f"the connection reference {name} is there {n} times" for name, n in counts.items() if n > 1)


def _connectors(solution: Solution) -> list[Xml.Element]:
    return solution.customizations.findall("Connectors/Connector")


def _text(element: Xml.Element, tag: str) -> str:
    return element.findtext(tag) or ""


READABLE: tuple[Check, ...] = (parts_are_there, parts_are_readable, flows_are_formed)
WHOLE: tuple[Check, ...] = (
    manifest_is_whole,
    parts_are_expected,
    content_types_cover_all,
    root_components_are_defined,
    named_parts_are_there,
    icons_are_pictures,
    connector_is_filled_in,
    variables_lie_where_they_belong,
    ids_are_unique,
    flows_are_off,
    references_are_declared,
    *ORDER_CHECKS,
    *STEP_CHECKS,
    secrets_are_kept,
)
