"""What is in a solution? The parts of both zips, made from the manifest, the flows and a built connector."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from local.connector.definition import misshapen
from local.connector.files import object_in
from local.errors import LocalError
from local.flows.customizations import customizations
from local.flows.manifest import FlowEntry, Json, Manifest, Source, version
from local.flows.solution_xml import Needing, content_types, solution_xml, variable_xml

Parts = Mapping[str, bytes]
CONNECTOR_FILES = ("apiDefinition.swagger.json", "apiProperties.json", "icon.png")


@dataclass(frozen=True, slots=True)
class Built:
    """The folder of a built connector."""

    definition: Json
    properties: Json
    icon: bytes

    @property
    def title(self) -> str:
        """What people call the connector."""
        return str(self.definition["info"]["title"])


def connector_parts(manifest: Manifest, built: Built) -> Parts:
    """The connector's solution."""
    stem = f"Connector/{manifest.connector.name}"
    properties = built.properties
    parts = {
        "solution.xml": solution_xml(manifest, manifest.connector, version()),
        "customizations.xml": customizations(manifest, version(), connector=(built.definition["info"], properties)),
        f"{stem}_openapidefinition.json": written(built.definition),
        f"{stem}_connectionparameters.json": written(properties.get("connectionParameters", {})),
        f"{stem}_policytemplateinstances.json": written(properties.get("policyTemplateInstances")),
        f"{stem}_iconblob.Png": built.icon,
    }
    return {"[Content_Types].xml": content_types(parts), **parts}


def flows_parts(source: Source, title: str) -> Parts:
    """The flows' solution: flows that are off, connection references, environment variables. Raises LocalError.

    `title` is what people call the connector that it needs.
    """
    manifest = source.manifest
    needing = Needing(title, tuple(_needing_connector(source)))
    parts = {
        "solution.xml": solution_xml(manifest, manifest.flows, version(), needing),
        "customizations.xml": customizations(manifest, version()),
        **dict(_flows(source)),
        **dict(_variables(manifest)),
    }
    return {"[Content_Types].xml": content_types(parts), **parts}


def deployment_settings(manifest: Manifest) -> bytes:
    """The file that fills an import in: every variable and connection, without values."""
    references = [
        {"LogicalName": one.logical_name, "ConnectionId": "", "ConnectorId": manifest.api_of(one)}
        for one in manifest.reference
    ]
    variables = [{"SchemaName": one.schema_name, "Value": ""} for one in manifest.variable]
    return written({"EnvironmentVariables": variables, "ConnectionReferences": references})


def written(value: Any) -> bytes:
    """JSON as people read it."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _flows(source: Source) -> Iterator[tuple[str, bytes]]:
    for entry in source.manifest.flow:
        yield entry.part, written(source.flow(entry))


def _needing_connector(source: Source) -> Iterator[FlowEntry]:
    for entry in source.manifest.flow:
        references = source.shaped(entry).properties.connection_references.values()
        if any(one.api.logical_name == source.manifest.connector.name for one in references):
            yield entry


def _variables(manifest: Manifest) -> Iterator[tuple[str, bytes]]:
    for one in manifest.variable:
        place = f"environmentvariabledefinitions/{one.schema_name}/environmentvariabledefinition.xml"
        yield place, variable_xml(one, version())


def built_connector(folder: Path) -> Built:
    """What is in the folder. Raises LocalError."""
    missing = [name for name in CONNECTOR_FILES if not (folder / name).is_file()]
    if missing:
        what = f"{folder} is no built connector: {', '.join(missing)} not there"
        raise LocalError(f"{what}. Run ./dev connector build first, or say where it is: --connector FOLDER")
    try:
        contents = {name: (folder / name).read_bytes() for name in CONNECTOR_FILES}
    except OSError as error:
        raise LocalError(f"{folder} cannot be read: {error}") from None
    definition, properties = (object_in(contents[name], folder / name) for name in CONNECTOR_FILES[:2])
    held_to_a_definition(definition, folder / CONNECTOR_FILES[0])
    if not isinstance(inner := properties.get("properties"), Mapping):
        raise LocalError(f"{folder / CONNECTOR_FILES[1]} has no object properties")
    return Built(definition, inner, contents[CONNECTOR_FILES[2]])


def held_to_a_definition(document: Json, file: Path) -> None:
    """It has a title and operations that can be read. Raises LocalError."""
    if wrong := next(misshapen(document), None):
        raise LocalError(f"{file} is no definition: {' '.join(wrong)}")
    if not isinstance(document["info"].get("title"), str):
        raise LocalError(f"{file} has no info with a title")
