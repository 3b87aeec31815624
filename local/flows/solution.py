"""What is in a solution? The parts of both zips, made from the manifest, the flows and a built connector."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from local.errors import LocalError
from local.flows.customizations import customizations
from local.flows.manifest import FlowEntry, Json, Manifest, Source, read_json, version
from local.flows.solution_xml import content_types, solution_xml, variable_xml

Parts = Mapping[str, bytes]
CONNECTOR_FILES = ("apiDefinition.swagger.json", "apiProperties.json", "icon.png")


def connector_parts(manifest: Manifest, folder: Path) -> Parts:
    """The connector's solution, from a built folder. Raises LocalError."""
    definition, properties, icon = _built(folder)
    stem = f"Connector/{manifest.connector.name}"
    parts = {
        "solution.xml": solution_xml(manifest, manifest.connector, version()),
        "customizations.xml": customizations(manifest, version(), connector=(definition["info"], properties)),
        f"{stem}_openapidefinition.json": written(definition),
        f"{stem}_connectionparameters.json": written(properties.get("connectionParameters", {})),
        f"{stem}_policytemplateinstances.json": written(properties.get("policyTemplateInstances")),
        f"{stem}_iconblob.Png": icon,
    }
    return {"[Content_Types].xml": content_types(parts), **parts}


def flows_parts(source: Source) -> Parts:
    """The flows' solution: flows that are off, connection references, environment variables. Raises LocalError."""
    manifest = source.manifest
    parts = {
        "solution.xml": solution_xml(manifest, manifest.flows, version(), tuple(_needing_connector(source))),
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
        references = source.flow(entry)["properties"]["connectionReferences"].values()
        if any(one["api"].get("logicalName") == source.manifest.connector.name for one in references):
            yield entry


def _variables(manifest: Manifest) -> Iterator[tuple[str, bytes]]:
    for one in manifest.variable:
        place = f"environmentvariabledefinitions/{one.schema_name}/environmentvariabledefinition.xml"
        yield place, variable_xml(one, version())


def _built(folder: Path) -> tuple[Json, Json, bytes]:
    missing = [name for name in CONNECTOR_FILES if not (folder / name).is_file()]
    if missing:
        what = f"{folder} is no built connector: {', '.join(missing)} not there"
        raise LocalError(f"{what}. Run ./dev connector build first, or say where it is: --connector FOLDER")
    definition, properties = (read_json(folder / name) for name in CONNECTOR_FILES[:2])
    return definition, properties.get("properties", {}), (folder / "icon.png").read_bytes()
