"""What `./dev connector build` writes: one deployment's connector, whole, without a secret, the same every time."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator

from local.children import ROOT
from local.connector import build
from local.connector.build import built_definition, main, package, write_package
from local.connector.definition import SOURCE, Definition, read_definition
from local.connector.deployment import NO_HOST, NO_ID, VALUES, deployment_of, read_outputs
from local.errors import LocalError
from tests.connector.deployed import CLIENT, HERE, HOST, OPTIONS, OUTPUTS, RESOURCE, TENANT
from tests.connector.small import definition


def references(node: Any) -> set[str]:
    """Everything that a document refers to."""
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(references, node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


@pytest.mark.parametrize(
    "document", [definition(), json.loads(SOURCE.read_bytes())], ids=["small one", "the connector's"]
)
def test_a_built_definition_refers_to_schemas_only_and_to_each_of_them(document: dict[str, Any]) -> None:
    built = built_definition(document, HERE)
    left = references(built["paths"]) | references(built["definitions"])
    assert all(reference.startswith("#/definitions/") for reference in left)
    used, new = set[str](), references(built["paths"])
    while new:
        used |= new
        new = set().union(*(references(built["definitions"][one.rpartition("/")[2]]) for one in new)) - used
    assert used == {f"#/definitions/{name}" for name in built["definitions"]}
    assert not built.keys() & {"parameters", "responses"}
    OpenAPIV2SpecValidator(built).validate()


@pytest.mark.parametrize(
    "document", [definition(), json.loads(SOURCE.read_bytes())], ids=["small one", "the connector's"]
)
def test_a_built_definition_says_what_the_source_says(document: dict[str, Any]) -> None:
    named = json.loads(json.dumps(document).replace(document["host"], HOST))
    was, built = Definition(named), Definition(built_definition(document, HERE))
    assert [one.details for one in built.operations] == [one.details for one in was.operations]
    assert [one.output for one in built.operations] == [one.output for one in was.operations]
    assert (built.document["host"], built.document["info"]) == (HOST, document["info"])


def test_people_sign_in_at_their_own_tenant() -> None:
    document = json.loads(SOURCE.read_bytes())
    assert "/common/" in json.dumps(document["securityDefinitions"])
    assert "/common/" not in json.dumps(built_definition(document, HERE))
    assert f"login.microsoftonline.com/{TENANT}/" in json.dumps(built_definition(document, HERE))


def test_nobody_who_is_not_asked_for_stays() -> None:
    assert built_definition(definition(), HERE)["definitions"].keys() == {
        *("Event", "Written", "Environment", "Environments", "Error")
    }


def test_host_and_ids_are_filled_in_and_no_placeholder_stays(tmp_path: Path) -> None:
    assert main([*OPTIONS, "--out", str(tmp_path / "made")]) == 0
    texts = {file.name: file.read_bytes() for file in (tmp_path / "made").iterdir()}
    assert texts.keys() == {
        *("apiDefinition.swagger.json", "apiProperties.json", "icon.png", "README.md", "settings.json")
    }
    oauth = json.loads(texts["apiProperties.json"])["properties"]["connectionParameters"]["token"]["oAuthSettings"]
    assert (oauth["clientId"], oauth["properties"]["AzureActiveDirectoryResourceId"]) == (CLIENT, RESOURCE)
    custom = {name: part["value"] for name, part in oauth["customParameters"].items()}
    assert (custom["resourceUri"], custom["tenantId"]) == (RESOURCE, TENANT)
    assert NO_ID.encode() not in texts["apiProperties.json"]
    assert json.loads(texts["apiDefinition.swagger.json"])["host"] == HOST
    assert read_definition().document["host"].encode() not in texts["apiDefinition.swagger.json"]


def test_a_secret_is_never_in_it() -> None:
    assert b"clientsecret" not in b"".join(package(build.FOLDER, HERE).values()).lower()


def test_json_is_indented_by_four() -> None:
    for name, content in package(build.FOLDER, HERE).items():
        if name.endswith("apiProperties.json"):
            assert content == (json.dumps(json.loads(content), indent=4) + "\n").encode()


def test_the_zip_has_the_folder_in_it_and_the_same_bytes_every_time(tmp_path: Path) -> None:
    first = write_package(package(build.FOLDER, HERE), tmp_path / "a")
    second = write_package(dict(reversed(package(build.FOLDER, HERE).items())), tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as made:
        assert {name: made.read(name) for name in made.namelist()} == {
            file.name: file.read_bytes() for file in (tmp_path / "a").iterdir()
        }


def test_it_says_what_was_written_and_what_comes_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([*OPTIONS, "--out", str(tmp_path / "made")])
    said = capsys.readouterr().out
    assert all(
        word in said for word in (HOST, CLIENT, "made.zip, to hand on", "./dev flows build", "secret", "redirect")
    )
    assert "     pac auth create\n     pac connector create" in said
    assert "\\\n" not in said, "not every shell goes on after a backslash"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_outputs_of_a_deployment_do_for_all_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str, newline: str
) -> None:
    (file := tmp_path / "deployment.env").write_text(OUTPUTS, encoding=encoding, newline=newline)
    assert (read_outputs(file)["QUOTED"], read_outputs(file)["NUMBER"]) == ('say "hi"', "a#b")
    assert deployment_of({}, read_outputs(file)) == HERE
    assert main(["--from", str(file), "--out", str(tmp_path / "made")]) == 0
    assert f"{file} has {', '.join(value.output for value in VALUES.values())}." in capsys.readouterr().out


def test_the_placeholder_is_the_host_of_the_source() -> None:
    assert read_definition().document["host"] == NO_HOST


def test_the_source_is_not_written_over() -> None:
    with pytest.raises(LocalError, match="source"):
        main([*OPTIONS, "--out", str(build.FOLDER)])


@pytest.mark.parametrize("what", ["nothing", "a folder", "bytes"])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, what: str) -> None:
    file = tmp_path / "deployment.env"
    if what == "a folder":
        file.mkdir()
    elif what == "bytes":
        file.write_bytes(b"\xc3\x28")
    with pytest.raises(LocalError, match=r"--from: .* cannot be read"):
        main(["--from", str(file)])


def test_a_source_that_is_not_whole_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="cannot be read"):
        package(tmp_path, HERE)


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "made").write_text("", encoding="utf-8")
    with pytest.raises(LocalError, match="cannot be written"):
        main([*OPTIONS, "--out", str(tmp_path / "made")])


def test_an_earlier_build_is_replaced(tmp_path: Path) -> None:
    """Also where it was of another deployment; an empty folder too."""
    (tmp_path / "made").mkdir()
    for host in ("one.example.com", HOST):
        assert main([*OPTIONS, "--host", host, "--out", str(tmp_path / "made")]) == 0
    assert json.loads((tmp_path / "made" / SOURCE.name).read_bytes())["host"] == HOST


def test_a_build_keeps_what_people_put_into_the_settings(tmp_path: Path) -> None:
    """The zip is for others, who have an environment of their own; so is a build for another host."""
    main([*OPTIONS, "--out", str(tmp_path / "made")])
    settings = tmp_path / "made" / "settings.json"
    fresh = json.loads(settings.read_bytes())
    theirs = {"environment": TENANT, "connectorId": "shared_signals-5f1e"}
    settings.write_text(json.dumps({**fresh, **theirs, "icon": "old.png"}), encoding="utf-8")
    main([*OPTIONS, "--out", str(tmp_path / "made")])
    assert json.loads(settings.read_bytes()) == {**fresh, **theirs}
    with zipfile.ZipFile(tmp_path / "made.zip") as made:
        assert json.loads(made.read("settings.json")) == fresh
    (tmp_path / "made" / ".DS_Store").write_bytes(b"a desktop looked in")
    main([*OPTIONS, "--host", "other.example.com", "--out", str(tmp_path / "made")])
    assert json.loads(settings.read_bytes()) == fresh


def test_settings_that_cannot_be_read_are_one_line(tmp_path: Path) -> None:
    """What is in them may be wanted, so nothing is written over them."""
    main([*OPTIONS, "--out", str(tmp_path / "made")])
    (settings := tmp_path / "made" / "settings.json").write_text('{"environment": ', encoding="utf-8")
    with pytest.raises(LocalError, match=r"settings\.json holds no JSON object"):
        main([*OPTIONS, "--out", str(tmp_path / "made")])
    assert settings.read_text(encoding="utf-8") == '{"environment": '


@pytest.mark.skipif(sys.platform == "win32", reason="there a closed pipe is another error")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["--help"], OPTIONS], ids=["help", "build"])
def test_whoever_reads_may_go_away(tmp_path: Path, arguments: list[str], unbuffered: str) -> None:
    """As `| head` does: the command ends without a word."""
    command = [sys.executable, "-m", "local.cli", "connector", "build", *arguments, "--out", str(tmp_path / "made")]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("made/notes.txt", b""),
        ("made/README.md", b"# Somebody's"),
        ("made/apiDefinition.swagger.json", b'{"info": {"title": "Somebody\'s"}}'),
        ("made/apiDefinition.swagger.json", b"[]"),
        ("made.zip", b"no zip"),
    ],
)
def test_what_no_build_has_written_is_not_replaced(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / name).write_bytes(content)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(LocalError, match=r"^--out: .*name another folder$"):
        main([*OPTIONS, "--out", str(tmp_path / "made")])
    assert (sorted(tmp_path.rglob("*")), (tmp_path / name).read_bytes()) == (before, content)


def test_a_zip_of_somebody_is_not_replaced(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as other:
        other.writestr("letter.txt", "Dear")
    with pytest.raises(LocalError, match=r"letter\.txt"):
        main([*OPTIONS, "--out", str(tmp_path / "made")])
    assert not (tmp_path / "made").exists()


def test_a_whole_drive_is_no_place() -> None:
    with pytest.raises(LocalError, match="whole drive"):
        main([*OPTIONS, "--out", Path(build.FOLDER).anchor])
