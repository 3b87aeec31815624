"""What is imported into Power Platform? The connector with host and ids filled in, as a folder and as a zip."""

import argparse
import json
import zipfile
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from local.children import ROOT
from local.connector.definition import SOURCE
from local.connector.deployment import ANY_TENANT, VALUES, Deployment, deployment_of, read_outputs
from local.connector.files import json_of
from local.connector.ours import refuse_what_is_not_ours
from local.connector.package import DEFINITION, ICON, PROPERTIES, README, SETTINGS
from local.connector.references import at
from local.errors import LocalError
from local.options import OneLineParser

Json = dict[str, Any]
FOLDER = SOURCE.parent
DEFAULT_OUT = ROOT / "dist" / "connector"
AS_THEY_ARE = (ICON, README, SETTINGS)
PEOPLES = ("environment", "connectorId")  # people write these into the settings of a build
WRITTEN_OUT = ("parameters", "responses")
FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)
DESCRIPTION = "Fill host and ids into the connector: a folder to import, and a zip of it to hand on (no solution)."
PAC = (
    "pac connector create --environment <id> --api-definition-file apiDefinition.swagger.json "
    "--api-properties-file apiProperties.json --icon-file icon.png"
)
# Each command in one line: shells go on with the next line in ways of their own.
AFTERWARDS = """\
Next, in that folder (docs/connector.md has each step):
  1. import it, by pac, by paconn or in the portal:
     pac auth create
     {pac}
     paconn create --settings settings.json    (with the environment's id in it)
     Power Automate > Custom connectors > Import an OpenAPI file: apiDefinition.swagger.json
  2. enter the client secret of {client_id} on the connector's Security page: no file has it
  3. copy the redirect URL from that page to the redirect URIs of {client_id}"""


def built_definition(document: Mapping[str, Any], deployment: Deployment) -> Json:
    """The definition of one deployment: only references to schemas stay, and no schema that nothing refers to."""
    found: Json = {name: part for name, part in document.items() if name not in WRITTEN_OUT}
    found["paths"] = written_out(document, document["paths"])
    if definitions := document.get("definitions"):
        used = referred(document, found["paths"])
        found["definitions"] = {name: schema for name, schema in definitions.items() if name in used}
    signing_in = "login.microsoftonline.com/{}/"
    places = {signing_in.format(ANY_TENANT): signing_in.format(deployment.tenant_id)}
    made: Json = filled_in(found, {**places, document["host"]: deployment.host})
    return made


def filled_in(node: Any, values: Mapping[str, str]) -> Any:
    """The node with values in the places of what stands for them, in any text: examples name the host too."""
    if isinstance(node, Mapping):
        return {name: filled_in(part, values) for name, part in node.items()}
    if isinstance(node, str):
        for placeholder, value in values.items():
            node = node.replace(placeholder, value)
        return node
    return [filled_in(part, values) for part in node] if isinstance(node, list) else node


def written_out(document: Mapping[str, Any], node: Any) -> Any:
    """The node with parameters and answers in the places of the references to them."""
    if isinstance(node, Mapping):
        reference = node.get("$ref", "")
        if isinstance(reference, str) and reference.split("/")[1:2] and reference.split("/")[1] in WRITTEN_OUT:
            return written_out(document, at(document, reference))
        return {name: written_out(document, part) for name, part in node.items()}
    return [written_out(document, part) for part in node] if isinstance(node, list) else node


def referred(document: Mapping[str, Any], node: Any) -> set[str]:
    """The schemas that a part of the definition leads to, by themselves and through one another."""
    found: set[str] = set()
    new = set(schemas_named(node))
    while new:
        found |= new
        new = {name for one in new for name in schemas_named(document["definitions"].get(one))} - found
    return found


def schemas_named(node: Any) -> Iterator[str]:
    """The schemas that a part of the definition refers to."""
    if isinstance(node, Mapping):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/definitions/"):
            yield reference.rpartition("/")[2]
    if isinstance(node, Mapping | list):
        for part in node.values() if isinstance(node, Mapping) else node:
            yield from schemas_named(part)


def built_properties(source: Mapping[str, Any], deployment: Deployment) -> Json:
    """The properties of one deployment."""
    found: Json = deepcopy(dict(source))
    oauth = found["properties"]["connectionParameters"]["token"]["oAuthSettings"]
    oauth["clientId"] = deployment.client_id
    oauth["properties"]["AzureActiveDirectoryResourceId"] = deployment.resource_uri
    oauth["customParameters"]["resourceUri"]["value"] = deployment.resource_uri
    oauth["customParameters"]["tenantId"]["value"] = deployment.tenant_id
    return found


def package(folder: Path, deployment: Deployment) -> dict[str, bytes]:
    """Every file of the package. Raises LocalError when a part of the source is not there."""
    made = {
        DEFINITION: as_bytes(built_definition(json_of(folder / DEFINITION), deployment)),
        PROPERTIES: as_bytes(built_properties(json_of(folder / PROPERTIES), deployment)),
    }
    try:
        others = {name: (folder / name).read_bytes() for name in AS_THEY_ARE}
    except OSError as error:
        raise LocalError(f"The connector's source in {folder} cannot be read: {error}") from None
    return made | others


def as_bytes(document: Json) -> bytes:
    """JSON as Microsoft's checks want it: indented by four."""
    return (json.dumps(document, indent=4, ensure_ascii=False) + "\n").encode()


def write_package(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write the files into the folder and into a zip beside it, whose bytes are the same on every machine.

    The folder keeps what people put into its settings; the zip is for others, who have their own.
    """
    archive = archive_beside(folder)
    refuse_what_is_not_ours(folder, archive, files)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in with_peoples(files, folder).items():
            (folder / name).write_bytes(content)
        with zipfile.ZipFile(archive, "w") as made:
            for name in sorted(files):
                made.writestr(entry(name), files[name])
    except OSError as error:
        raise LocalError(f"{folder} cannot be written: {error}") from None
    return archive


def with_peoples(files: Mapping[str, bytes], folder: Path) -> Mapping[str, bytes]:
    """The files with what people put into the settings of an earlier build for the same host. Raises LocalError."""
    earlier = folder / SETTINGS
    if not earlier.is_file() or json_of(folder / DEFINITION)["host"] != json.loads(files[DEFINITION])["host"]:
        return files
    kept = {name: value for name, value in json_of(earlier).items() if name in PEOPLES}
    return {**files, SETTINGS: as_bytes({**json.loads(files[SETTINGS]), **kept})}


def archive_beside(folder: Path) -> Path:
    """Where the zip goes. Raises LocalError when nothing can be beside the folder."""
    whole = folder.resolve()
    if not whole.name:
        raise LocalError(f"--out: {whole} is a whole drive: name a folder in it")
    return whole.with_name(f"{whole.name}.zip")


def entry(name: str) -> zipfile.ZipInfo:
    """A part of the zip. Stored as it is: how small zlib makes it depends on the zlib."""
    made = zipfile.ZipInfo(name, FIRST_DAY_OF_ZIP)
    made.create_system = 3
    made.external_attr = 0o644 << 16
    return made


def parser() -> argparse.ArgumentParser:
    """The options, those of a deployment named as in VALUES."""
    made = OneLineParser(prog="./dev connector build", description=DESCRIPTION)
    made.add_argument("--host", help="host of the function app, such as my-signals.azurewebsites.net")
    made.add_argument("--client-id", metavar="ID", help="client id of the connector's own registration, not the API's")
    made.add_argument("--resource-uri", metavar="URI", help="the API's Application ID URI, or its client id alone")
    made.add_argument("--tenant-id", metavar="ID", help="the tenant of both registrations")
    named = ", ".join(value.output for value in VALUES.values())
    made.add_argument("--from", dest="outputs", type=Path, metavar="FILE", help=f"take {named} from NAME=value lines")
    made.add_argument(
        "--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="default dist/connector; the zip is beside it"
    )
    return made


def near(path: Path) -> Path:
    """A path as it is written from here."""
    whole = path.resolve()
    return whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole


def main(arguments: list[str]) -> int:
    """Build it and say what to do next."""
    options = parser().parse_args(arguments)
    outputs = read_outputs(options.outputs) if options.outputs else None
    deployment = deployment_of({name: getattr(options, name) for name in VALUES}, outputs)
    out: Path = options.out
    if out.resolve() == FOLDER.resolve():
        raise LocalError("--out: this folder is the source, which has to keep its placeholders: name another")
    files = package(FOLDER, deployment)
    archive = write_package(files, out)
    size = sum(map(len, files.values())) / 1024
    if outputs is not None:
        found = [value.output for value in VALUES.values() if value.output in outputs]
        print(f"{options.outputs} has {', '.join(found) or 'none of the names that are looked for'}.")
    print(f"{near(out)} has the connector of {deployment.host}: {len(files)} files, {size:.0f} kB.")
    print(f"So has {near(archive)}, to hand on. It is no solution: ./dev flows build makes that.")
    print(AFTERWARDS.format(pac=PAC, client_id=deployment.client_id))
    return 0
