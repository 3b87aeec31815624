"""Does a solution belong to its connector? The one that is needed, named alike everywhere, and filled in."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from local.connector.definition import Definition
from local.connector.deployment import NO_HOST, NO_ID
from local.flows.operations import operation_problems
from local.flows.package import Solution
from local.flows.solution_xml import ACTIVE, CONNECTOR, FLOW, REFERENCE
from local.flows.texts import said

REFERENCE_NAME = "id.connectionreferencelogicalname"
FILL_IN = "run ./dev connector build, which fills in host and ids"


class Connector(NamedTuple):
    """The connector as its own solution brings it."""

    id: str
    name: str
    definition: Definition

    @property
    def title(self) -> str:
        """What people call it."""
        return str(self.definition.document["info"]["title"])


Check = Callable[[Solution, Connector], Iterator[str]]


def connector_is_filled_in(solution: Solution) -> Iterator[str]:
    """A connector has the host and ids of a deployment, not what stands for them in the source."""
    for part, content in solution.parts.items():
        if part.startswith("Connector/") and part.endswith(".json"):
            text = said([msgspec.json.decode(content)])
            if NO_HOST in text or NO_ID in text:
                yield f"{part} has placeholders: {FILL_IN}"


def needs_are_told(solution: Solution, connector: Connector) -> Iterator[str]:
    """What needs the connector of another solution is listed, so that an import without it says what is missing."""
    wanted = {"type": CONNECTOR, "id": f"{{{connector.id}}}", "schemaName": connector.name}
    wanted |= {"displayName": connector.title, "solution": ACTIVE}
    for one in solution.manifest.iter("Required"):
        wrong = [name for name in wanted if one.get(name) != wanted[name]]
        yield from (f"MissingDependency has the {name} {one.get(name)}: not {wanted[name]}" for name in wrong)
    told = {(one.get("type"), one.get("id")) for one in solution.manifest.iter("Dependent")}
    told |= {(REFERENCE, one.get(REFERENCE_NAME)) for one in solution.manifest.iter("Dependent")}
    ids = {
        (one.findtext("JsonFileName") or "")[1:]: one.get("WorkflowId")
        for one in solution.customizations.iter("Workflow")
    }
    for flow in solution.flows:
        custom = any("logicalName" in one["api"] for one in flow.references.values())
        if custom and (FLOW, ids.get(flow.part)) not in told:
            yield f"{flow.part} needs {connector.name}, which no MissingDependency says"
    for one in solution.customizations.iter("connectionreference"):
        name = one.get("connectionreferencelogicalname")
        if one.find("customconnectorid") is not None and (REFERENCE, name) not in told:
            yield f"{name} needs {connector.name}, which no MissingDependency says"


def references_are_of_this_connector(solution: Solution, connector: Connector) -> Iterator[str]:
    """Flows and connection references name the connector by its name and id, and it has them."""
    for one in solution.customizations.findall("Connectors/Connector"):
        if (one.findtext("connectorid"), one.findtext("name")) != (connector.id, connector.name):
            yield f"the connector is {one.findtext('connectorid')} {one.findtext('name')}: not {connector.id}"
    for one in solution.customizations.iter("customconnectorid"):
        if one.findtext("connectorid") != connector.id:
            yield f"customconnectorid is {one.findtext('connectorid')}: not {connector.id}"
    for flow in solution.flows:
        for name, reference in flow.references.items():
            if reference["api"].get("logicalName", connector.name) != connector.name:
                yield f"{flow.part}: {name} is not {connector.name}"


def operations_exist(solution: Solution, connector: Connector) -> Iterator[str]:
    """Each operation that a flow calls is there, with these fields, the required ones given."""
    return operation_problems(solution, connector.definition)


CONNECTOR_CHECKS: tuple[Check, ...] = (
    needs_are_told,
    references_are_of_this_connector,
    operations_exist,
)
