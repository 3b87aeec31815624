"""`./dev flows build` and `check`: what is written, that it is the same each time, and mistakes in one line."""

import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from local.children import ROOT
from local.flows.main import HONEST, main
from local.flows.manifest import SOURCE, Source, version
from local.flows.package import unzipped, zipped
from tests.flows.packing import built as built_connector
from tests.flows.packing import filled_connector, good_flows

CONNECTOR_ZIP, FLOWS_ZIP = "CustomerInsightsSignalsConnector.zip", "CustomerInsightsSignalsFlows.zip"
STEM = "Connector/cis_5Fcustomer-20insights-20signals"
MANIFEST = Source(SOURCE).manifest


def build(connector: Path, out: Path) -> int:
    return main(["build", "--connector", str(connector), "--out", str(out)])


@pytest.fixture(scope="module")
def connector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled_connector(tmp_path_factory.mktemp("connector") / "filled")


@pytest.fixture(scope="module")
def built(connector: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built")
    assert build(connector, out) == 0
    return out


def settings_of(folder: Path) -> Any:
    return msgspec.json.decode((folder / "deployment-settings.json").read_bytes())


def test_it_says_what_was_written_and_what_was_not_tried(
    connector: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(connector, tmp_path) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in said[:3]] == [
        str(tmp_path / name) for name in (CONNECTOR_ZIP, FLOWS_ZIP, "deployment-settings.json")
    ]
    assert all(line.endswith(" kB") for line in said[:3])
    assert said[3] == f"No findings: {HONEST}."


def test_the_same_source_is_the_same_bytes(connector: Path, built: Path, tmp_path: Path) -> None:
    build(connector, tmp_path)
    for name in (CONNECTOR_ZIP, FLOWS_ZIP):
        assert (tmp_path / name).read_bytes() == (built / name).read_bytes()


def test_a_zip_does_not_depend_on_order_or_time() -> None:
    parts = dict(good_flows())
    assert zipped(parts) == zipped(dict(reversed(parts.items())))
    with zipfile.ZipFile(io.BytesIO(zipped(parts))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.testzip() is None


def test_the_connectors_solution_holds_the_built_connector(built: Path) -> None:
    solution = unzipped(built / CONNECTOR_ZIP)
    source = built_connector()
    properties = source.properties
    told = {
        part.removeprefix(STEM): msgspec.json.decode(body) for part, body in solution.parts.items() if ".json" in part
    }
    assert told["_openapidefinition.json"] == source.definition
    assert told["_connectionparameters.json"] == properties["connectionParameters"]
    assert told["_policytemplateinstances.json"] == properties["policyTemplateInstances"]
    assert solution.parts[f"{STEM}_iconblob.Png"] == source.icon
    (connector,) = solution.customizations.findall("Connectors/Connector")
    assert connector.findtext("displayname") == source.title
    assert connector.findtext("iconbrandcolor") == properties["iconBrandColor"]


@pytest.mark.parametrize("name", [CONNECTOR_ZIP, FLOWS_ZIP])
def test_both_are_unmanaged_and_of_this_version(built: Path, name: str) -> None:
    manifest = unzipped(built / name).manifest
    assert manifest.findtext("SolutionManifest/Managed") == "0"
    assert manifest.findtext("SolutionManifest/Version") == version()
    assert manifest.findtext("SolutionManifest/Publisher/CustomizationPrefix") == "cis"


def test_the_flows_are_those_of_the_source(built: Path) -> None:
    solution = unzipped(built / FLOWS_ZIP)
    assert len(solution.flows) == len(MANIFEST.flow) == 5
    for entry in MANIFEST.flow:
        assert msgspec.json.decode(solution.parts[entry.part]) == Source(SOURCE).flow(entry)
        assert entry.part.endswith(f"-{entry.id.upper()}.json")


def test_every_flow_file_is_in_the_manifest() -> None:
    assert {file.name for file in SOURCE.glob("*.json")} == {entry.file for entry in MANIFEST.flow}


def test_variables_have_neither_value_nor_default_and_the_secret_is_a_key_vaults(built: Path) -> None:
    solution = unzipped(built / FLOWS_ZIP)
    for variable in MANIFEST.variable:
        found = solution.variables[variable.schema_name]
        assert found.find("defaultvalue") is None
        assert found.findtext("type") == ("100000005" if variable.secret else "100000000")
    assert not any("environmentvariablevalues" in part for part in solution.parts)


def test_the_settings_file_names_everything_that_an_import_needs(built: Path) -> None:
    settings = settings_of(built)
    solution = unzipped(built / FLOWS_ZIP)
    assert {one["SchemaName"] for one in settings["EnvironmentVariables"]} == set(solution.variables)
    references = {one["LogicalName"]: one["ConnectorId"] for one in settings["ConnectionReferences"]}
    assert references == {
        one.get("connectionreferencelogicalname"): one.findtext("connectorid")
        for one in solution.customizations.iter("connectionreference")
    }
    assert {one["Value"] for one in settings["EnvironmentVariables"]} == {""}
    assert {one["ConnectionId"] for one in settings["ConnectionReferences"]} == {""}


def test_the_flow_without_the_connector_does_not_need_it(built: Path) -> None:
    needing = {one.get("displayName") for one in unzipped(built / FLOWS_ZIP).manifest.iter("Dependent")}
    without = {entry.name for entry in MANIFEST.flow} - needing
    assert without == {"Refresh a data source and wait (HTTP and Entra ID)"}


def test_check_says_what_is_wrong_and_fails(built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    parts = dict(unzipped(tmp_path / FLOWS_ZIP).parts)
    parts["customizations.xml"] = parts["customizations.xml"].replace(b"<StateCode>0", b"<StateCode>1", 1)
    (tmp_path / FLOWS_ZIP).write_bytes(zipped(parts))
    assert main(["check", "--folder", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert f"{FLOWS_ZIP}  flows_are_off: Data source refresh failed" in said
    assert said.endswith("1 finding.\n")


def test_check_passes_what_build_wrote(built: Path) -> None:
    assert main(["check", "--folder", str(built)]) == 0


def test_the_connector_is_needed_by_its_title_from_wherever_it_is(built: Path) -> None:
    """As in exports of a connector that is in an unmanaged solution of its own."""
    needed = unzipped(built / FLOWS_ZIP).manifest.findall(".//Required")
    assert {(one.get("displayName"), one.get("solution")) for one in needed} == {(built_connector().title, "Active")}


def test_the_docs_name_every_variable() -> None:
    """A deployment settings file has schema names, the portal display names."""
    said = (ROOT / "docs" / "flows.md").read_text(encoding="utf-8")
    for one in MANIFEST.variable:
        assert f"\n| {one.name} | `{one.schema_name}` |" in said
