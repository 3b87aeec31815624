"""Which part of `./dev flows` was asked for? Build both solutions, or check what was built."""

from argparse import Namespace
from pathlib import Path

from local.children import ROOT
from local.connector.definition import Definition
from local.errors import LocalError
from local.flows.manifest import SOURCE, Source, decoded
from local.flows.package import Solution, unzipped, zipped
from local.flows.solution import connector_parts, deployment_settings, flows_parts
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
    connector, flows = zips(source, options.out)
    written = {
        connector: zipped(connector_parts(source.manifest, options.connector)),
        flows: zipped(flows_parts(source)),
        options.out / SETTINGS: deployment_settings(source.manifest),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    for file, content in written.items():
        file.write_bytes(content)
        print(f"{file}  {len(content) / 1024:.1f} kB")
    return check(options.out, options.flows)


def check(folder: Path, flows: Path) -> int:
    """Say what is wrong in the zips of a folder."""
    found = 0
    files = zips(Source(flows), folder)
    definition = definition_in(unzipped(files[0]), files[0])
    for file in files:
        for finding in findings(unzipped(file), definition):
            found += 1
            print(f"{file.name}  {finding.check}: {finding.what}")
    print(f"{counted(found, 'finding')}." if found else f"No findings: {HONEST}.")
    return 1 if found else 0


def zips(source: Source, folder: Path) -> tuple[Path, Path]:
    """Where the connector's solution and the flows' are, in the order of their import."""
    manifest = source.manifest
    return folder / f"{manifest.connector.unique_name}.zip", folder / f"{manifest.flows.unique_name}.zip"


def definition_in(solution: Solution, file: Path) -> Definition:
    """The connector's definition as it will be imported. Raises LocalError."""
    found = [content for part, content in solution.parts.items() if part.endswith("_openapidefinition.json")]
    if not found:
        raise LocalError(f"{file} has no definition of the connector in it")
    return Definition(decoded(found[0], file))
