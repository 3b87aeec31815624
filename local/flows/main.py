"""Which part of `./dev flows` was asked for? Build both solutions, or check what was built."""

from argparse import Namespace
from pathlib import Path

from local.children import ROOT
from local.connector.definition import Definition
from local.connector.files import object_in
from local.errors import LocalError
from local.flows.belonging import FILL_IN, Connector, connector_is_filled_in
from local.flows.manifest import SOURCE, Manifest, Source
from local.flows.package import Solution, unzipped, zipped
from local.flows.solution import (
    built_connector,
    connector_parts,
    deployment_settings,
    flows_parts,
    held_to_a_definition,
)
from local.flows.structure import findings
from local.options import OneLineParser
from local.show import counted

CONNECTOR = ROOT / "dist" / "connector"
OUT = ROOT / "dist" / "flows"
SETTINGS = "deployment-settings.json"
HONEST = "structure-checked; import into Power Platform was not tested"


def main(arguments: list[str]) -> int:
    """Build or check."""
    options = parser().parse_args(arguments)
    return build(options) if options.part == "build" else check(options.folder, options.flows)


def parser() -> OneLineParser:
    """The two parts and their options."""
    made = OneLineParser(prog="./dev flows", description="The sample flows and the connector as solutions.")
    parts = made.add_subparsers(dest="part", required=True, metavar="PART", parser_class=OneLineParser)
    building = parts.add_parser("build", help="pack both solutions and a deployment settings file")
    building.add_argument("--connector", type=Path, default=CONNECTOR, metavar="FOLDER", help="a built connector")
    building.add_argument("--out", type=Path, default=OUT, metavar="FOLDER", help="where they go")
    checking = parts.add_parser("check", help="check the structure of what was built")
    checking.add_argument("--folder", type=Path, default=OUT, help="where they are")
    for one in (building, checking):
        one.add_argument("--flows", type=Path, default=SOURCE, metavar="FOLDER", help="the flows and solution.toml")
    return made


def build(options: Namespace) -> int:
    """Write both zips and the settings file, and check them."""
    source = Source(options.flows)
    connector, flows = zips(source.manifest, options.out)
    built = built_connector(options.connector)
    parts = connector_parts(source.manifest, built)
    if any(connector_is_filled_in(Solution(parts))):
        raise LocalError(f"{options.connector} is the source, with placeholders: {FILL_IN}")
    written = {
        connector: zipped(parts),
        flows: zipped(flows_parts(source, built.title)),
        options.out / SETTINGS: deployment_settings(source.manifest),
    }
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        for file, content in written.items():
            file.write_bytes(content)
    except OSError as error:
        raise LocalError(f"--out: {options.out} cannot be written: {error}") from None
    for file, content in written.items():
        print(f"{file}  {len(content) / 1024:.1f} kB")
    return check(options.out, options.flows)


def check(folder: Path, flows: Path) -> int:
    """Say what is wrong in the zips of a folder, and whether something is not there."""
    manifest = Source(flows).manifest
    files = zips(manifest, folder)
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise LocalError(f"{folder} cannot be checked: {' and '.join(missing)} not there. Run ./dev flows build first")
    solutions = {file: unzipped(file) for file in files}
    connector = connector_in(solutions[files[0]], manifest, files[0])
    found = [
        f"{file.name}  {finding.check}: {finding.what}"
        for file, solution in solutions.items()
        for finding in findings(solution, connector)
    ]
    if not (folder / SETTINGS).is_file():
        found.append(f"{SETTINGS} is missing: run ./dev flows build")
    print(*found, sep="\n", end="\n" * bool(found))
    print(f"{counted(len(found), 'finding')}." if found else f"No findings: {HONEST}.")
    return 1 if found else 0


def zips(manifest: Manifest, folder: Path) -> tuple[Path, Path]:
    """Where the connector's solution and the flows' are, in the order of their import."""
    return folder / f"{manifest.connector.unique_name}.zip", folder / f"{manifest.flows.unique_name}.zip"


def connector_in(solution: Solution, manifest: Manifest, file: Path) -> Connector:
    """The connector as it will be imported. Raises LocalError."""
    found = [content for part, content in solution.parts.items() if part.endswith("_openapidefinition.json")]
    if not found:
        raise LocalError(f"{file} has no definition of the connector in it")
    document = object_in(found[0], file)
    held_to_a_definition(document, file)
    return Connector(manifest.connector.id, manifest.connector.name, Definition(document))
