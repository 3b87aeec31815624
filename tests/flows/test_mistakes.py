"""Mistakes of `./dev flows`, each told in one line: what is not there, not built, not readable, not writable."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from local.connector.build import FOLDER as UNFILLED
from local.errors import LocalError
from local.flows.main import main
from local.flows.manifest import SOURCE
from local.flows.package import unzipped, zipped
from local.flows.xml_text import read
from tests.flows.packing import filled_connector, good_connector, good_flows

CONNECTOR_ZIP, FLOWS_ZIP = "CustomerInsightsSignalsConnector.zip", "CustomerInsightsSignalsFlows.zip"
DEFINITION, PROPERTIES, FLOW = "apiDefinition.swagger.json", "apiProperties.json", "refresh-failed-teams.json"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A place with a built connector, the flows' source and both zips, all of them good."""
    filled_connector(tmp_path / "connector")
    shutil.copytree(SOURCE, tmp_path / "flows")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / CONNECTOR_ZIP).write_bytes(zipped(good_connector()))
    (tmp_path / "out" / FLOWS_ZIP).write_bytes(zipped(good_flows()))
    (tmp_path / "file").touch()
    return tmp_path


def build(place: Path, connector: str = "connector", out: str = "new") -> int:
    where = {"--connector": connector, "--out": out, "--flows": "flows"}
    return main(["build", *(text for name, value in where.items() for text in (name, str(place / value)))])


def check(place: Path, folder: str = "out") -> int:
    return main(["check", "--folder", str(place / folder)])


def said_once(act: Callable[[], int], message: str) -> None:
    with pytest.raises(LocalError, match=message) as told:
        act()
    assert "\n" not in str(told.value)


def test_the_connectors_source_is_not_a_built_connector(place: Path) -> None:
    said_once(lambda: build(place, connector=str(UNFILLED)), "run ./dev connector build")
    assert not (place / "new").exists()


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_a_folder_that_cannot_be_written(place: Path, out: str) -> None:
    said_once(lambda: build(place, out=out), "--out: .* cannot be written")


CONNECTOR_MISTAKES = {
    "not there": (DEFINITION, None, "Run ./dev connector build first"),
    "no JSON": (DEFINITION, b"{", "holds no JSON object"),
    "another encoding": (DEFINITION, b'{"a": "\xff"}', "holds no JSON object"),
    "no info": (DEFINITION, b'{"paths": {}}', "is no definition: info is no object"),
    "info is a text": (DEFINITION, b'{"info": "x", "paths": {}}', "is no definition: info is no object"),
    "no title": (DEFINITION, b'{"info": {}, "paths": {}}', "no info with a title"),
    "no paths": (DEFINITION, b'{"info": {"title": "x"}}', "is no definition: paths is no object"),
    "a path is a text": (
        DEFINITION,
        b'{"info": {"title": "x"}, "paths": {"/a": "x"}}',
        "is no definition: /a is no object",
    ),
    "no properties": (PROPERTIES, b"{}", "has no object properties"),
    "properties are a list": (PROPERTIES, b'{"properties": []}', "has no object properties"),
}


@pytest.mark.parametrize("name", CONNECTOR_MISTAKES)
def test_a_connector_that_is_none(place: Path, name: str) -> None:
    file, content, message = CONNECTOR_MISTAKES[name]
    where = place / "connector" / file
    where.unlink() if content is None else where.write_bytes(content)
    said_once(lambda: build(place), message)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"properties": {"definition": {}}}', b'"\xff"'])
def test_a_flow_that_is_none(place: Path, content: bytes) -> None:
    (place / "flows" / FLOW).write_bytes(content)
    said_once(lambda: build(place), f"{FLOW} (holds no JSON object|cannot be read|is no flow)")


def test_a_flow_without_connections(place: Path) -> None:
    document = msgspec.json.decode((place / "flows" / FLOW).read_bytes())
    del document["properties"]["connectionReferences"]
    (place / "flows" / FLOW).write_bytes(msgspec.json.encode(document))
    said_once(lambda: build(place), "is no flow: .*connectionReferences")


def test_a_manifest_that_is_none(place: Path) -> None:
    with (place / "flows" / "solution.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[flow]]\nfile = "x.json"\nname = "x"\nid = "x"\ndescription = "x"\ncolour = "red"\n')
    said_once(lambda: build(place), "colour")
    (place / "flows" / "solution.toml").unlink()
    said_once(lambda: build(place), "solution.toml cannot be read")


@pytest.mark.parametrize("folder", ["nowhere", "file"])
def test_a_check_before_the_build(place: Path, folder: str) -> None:
    said_once(lambda: check(place, folder), "Run ./dev flows build first")


def test_missing_settings_are_a_finding(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(place) == 1
    assert capsys.readouterr().out == "deployment-settings.json is missing: run ./dev flows build\n1 finding.\n"


def damaged(file: Path) -> None:
    """What is compressed of the first part, after its name; the directory at the end is whole."""
    content = bytearray(file.read_bytes())
    content[150:400] = bytes(250)
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:500])


def encrypted(file: Path) -> None:
    """The flag says so, in the directory and at each part."""
    content = file.read_bytes()
    for mark, place in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        pieces = content.split(mark)
        content = mark.join([pieces[0], *(one[: place - 4] + b"\1" + one[place - 3 :] for one in pieces[1:])])
    file.write_bytes(content)


def twice(file: Path) -> None:
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("solution.xml", b"<x/>")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (damaged, "cannot be read: .*decompressing"),
        (cut, "cannot be read"),
        (encrypted, "cannot be read: .*encrypted"),
        (twice, "once"),
    ],
)
def test_a_zip_that_is_none(place: Path, spoil: Callable[[Path], None], message: str) -> None:
    spoil(place / "out" / FLOWS_ZIP)
    said_once(lambda: check(place), message)


def test_a_zip_without_a_definition(place: Path) -> None:
    (place / "out" / CONNECTOR_ZIP).write_bytes(zipped(good_flows()))
    said_once(lambda: check(place), "no definition of the connector")


def test_folders_in_a_zip_are_no_parts(tmp_path: Path) -> None:
    """Ordinary tools write them."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.mkdir("folder.xml")
        archive.writestr("folder.xml/part", b"x")
    assert unzipped(tmp_path / "x.zip").parts == {"folder.xml/part": b"x"}


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]><x/>',
        '<!DOCTYPE x [<!ENTITY a "b">]><x/>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="utf-16"?><x/>',
        b"<x>\xff</x>",
        b"<x>",
        b"",
    ],
)
def test_xml_that_is_none(content: bytes) -> None:
    with pytest.raises(LocalError):
        read(content)


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert read(b"\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?><x/>").tag == "x"
