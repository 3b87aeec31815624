"""What does `./dev connector check` say, and when is it content?"""

import io
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from local.children import ROOT, free_ports
from local.connector.build import package, write_package
from local.connector.checks import FOLDER, check, main, show
from local.connector.deployment import Deployment
from local.connector.findings import Check, Finding
from local.connector.package import DEFINITION
from local.connector.schemas import MICROSOFTS
from local.connector.swagger_cli import SWAGGER_CLI, against_swagger_cli
from local.errors import LocalError
from tests.connector.good import Change, Draft
from tests.connector.small import CIRCLE
from tests.connector.spoiled_definition import of, of_property, put

needs_microsofts = pytest.mark.skipif(not MICROSOFTS.is_dir(), reason="Microsoft's schemas are not beside the checkout")


def findings(folder: Path, **how: object) -> dict[str, str]:
    """What the checks that found something say."""
    made = check(folder, released=folder / "none", node=False, **how)  # type: ignore[arg-type]
    return {one.name: "\n".join(map(str, one.findings)) for one in made if one.findings}


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Change], Path]:
    """The good connector with a change, in a folder."""

    def write(change: Change) -> Path:
        draft = Draft(readme=Draft().package().readme)
        change(draft)
        return draft.write(tmp_path)

    return write


def test_the_connector_of_this_house_has_no_findings(capsys: pytest.CaptureFixture[str]) -> None:
    """By every check there is: Microsoft's schemas, two readers of Swagger, every rule and the last release."""
    code = main([])
    said = capsys.readouterr().out
    assert (code, said.splitlines()[-1].endswith(" 0 findings.")) == (0, True), said


def test_a_good_folder_is_said_to_be_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each group, and what was not looked at."""
    folder = str(Draft().write(tmp_path))
    code = main([folder, "--without-node", "--schemas", folder + "x", "--released", folder + "x"])
    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert "  swagger-cli: left out" in lines
    assert f"  Microsoft's JSON schemas: not here ({folder}x)" in lines
    assert f"  no flow breaks: not here ({folder}x)" in lines
    assert lines[-1] == "83 checks, 0 findings."


def test_a_finding_says_where_what_and_what_to_do() -> None:
    """Below its check; the exit code is 1."""
    log = io.StringIO()
    made = [Check("texts", "one"), Check("texts", "two", (Finding("ListThings", "it is [bold]", "Say it"),))]
    assert show(made, Console(file=log, width=200)) == 1
    assert log.getvalue().splitlines() == [
        "texts                   2 checks    1 finding",
        "  two",
        "    ListThings: it is [bold]. Say it.",
        "2 checks, 1 finding.",
    ]


@needs_microsofts
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (of("ListThings", x_ms_surprise=True), "paths / /api/environments/{environmentId}/things / get: 'x-ms-s"),
        (put("x-ms-capabilities", {"testConnection": {}}), "x-ms-capabilities / testConnection: 'operationId'"),
        (lambda d: d.properties["properties"].pop("iconBrandColor"), "json: properties: 'iconBrandColor'"),
        (lambda d: d.settings.update(environment="here"), "settings.json: environment: 'here' does not match"),
    ],
)  # fmt: skip
def test_microsofts_schemas_say_where(written: Callable[[Change], Path], change: Change, says: str) -> None:
    """The way through the file, and not the whole file."""
    said = findings(written(change))["Microsoft's JSON schemas"]
    assert says in said
    assert max(map(len, said.splitlines())) < 500


@pytest.mark.parametrize(
    ("change", "check_", "says"),
    [
        (of("ListThings", operationId=""), "references and ids", "GET /api/environments/{environmentId}/things"),
        (put("paths", []), "references and ids", "paths: it is no object"),
        (put("paths", None, "/api/kinds"), "references and ids", "/api/kinds: it is no object"),
        (put("paths", None, "/api/kinds", "get"), "references and ids", "GET /api/kinds: it is no object"),
        (of("ListThings", responses=None), "references and ids", "it has no responses"),
        (of("ListThings", parameters=[None]), "references and ids", "it has parameters that are no objects"),
        (of_property("Page", "value", items={"$ref": "#/definitions/Lost"}), "references and ids", "it leads nowhere"),
        (of_property("Page", "value", items={"$ref": "https://x"}), "references and ids", "leads out of this file"),
        (of_property("Page", "value", items={"$ref": "#/definitions/Page"}), "references and ids", "back to itself"),
        (of("ListThings", responses={}), "openapi-spec-validator", "responses"),
        (put("swagger", "3.0"), "openapi-spec-validator", "2.0"),
        (put("parameters", 0, "EnvironmentId", "default"), "openapi-spec-validator", "EnvironmentId: 0 is"),
        (of_property("Event", "id", default=[]), "openapi-spec-validator", "Event / properties / id: [] is not"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_before_any_rule(
    written: Callable[[Change], Path], change: Change, check_: str, says: str
) -> None:
    """The rules wait, and none of them fails over it."""
    folder = written(change)
    found = findings(folder, schemas=folder / "none")
    assert list(found) == [check_]
    assert says in found[check_]


def test_an_extension_of_an_odd_form_is_a_finding(written: Callable[[Change], Path]) -> None:
    """Swagger allows it to be anything; no rule ends the command over it."""
    folder = written(of("ListThings", x_ms_pageable="nextLink"))
    found = findings(folder, schemas=folder / "none")
    assert "of a form that the rule cannot read" in found["pages lead on"]


@pytest.mark.parametrize(("name", "content"), [(DEFINITION, None), (DEFINITION, "[]"), ("apiProperties.json", "{")])
def test_no_connector_is_one_line(tmp_path: Path, name: str, content: str | None) -> None:
    """It names the file."""
    file = Draft().write(tmp_path) / name
    file.unlink() if content is None else file.write_text(content, encoding="utf-8")
    with pytest.raises(LocalError, match=name) as failure:
        list(check(tmp_path))
    assert "\n" not in str(failure.value)
    with pytest.raises(LocalError, match="There is no folder"):
        main([str(tmp_path / "none")])


def test_the_last_release_is_compared(tmp_path: Path) -> None:
    """A flow that was made with it must go on."""
    released, current = Draft().write(tmp_path / "released"), Draft()
    del current.body["properties"]["way"]
    made = check(current.write(tmp_path / "now"), released=released / DEFINITION, schemas=tmp_path / "x", node=False)
    (broken,) = [one for one in made if one.findings]
    assert (broken.group, [one.where for one in broken.findings]) == ("last release", ["WhenThingCrosses body/way"])


def test_a_part_that_many_refer_to_is_wrong_once(written: Callable[[Change], Path]) -> None:
    folder = written(put("parameters", 0, "EnvironmentId", "default"))
    assert len(findings(folder, schemas=folder / "none")["openapi-spec-validator"].splitlines()) == 1


@pytest.mark.parametrize("content", ["[]", "{}", '{"info": {}, "paths": {"/a": null}}', CIRCLE])
def test_a_last_release_that_is_none_is_one_line(tmp_path: Path, content: str) -> None:
    (released := tmp_path / "released.json").write_text(content, encoding="utf-8")
    folder = Draft().write(tmp_path / "now")
    with pytest.raises(LocalError, match=r"released\.json"):
        list(check(folder, released=released, schemas=tmp_path / "none", node=False))


def test_a_last_release_of_an_odd_form_is_a_finding(tmp_path: Path) -> None:
    draft = Draft()
    draft.operation("ListThings")["responses"]["200"]["headers"] = 7
    released = draft.write(tmp_path / "released") / DEFINITION
    made = check(Draft().write(tmp_path / "now"), released=released, schemas=tmp_path / "none", node=False)
    (broken,) = [one for one in made if one.findings]
    assert "of a form that the rule cannot read" in str(broken.findings[0])


def test_what_was_built_is_good_and_a_copy_of_the_source_is_not_built(tmp_path: Path) -> None:
    """The copy has the placeholders that only the source may have."""
    copy = Path(shutil.copytree(FOLDER, tmp_path / "copy"))
    (rule, said), *others = findings(copy).items()
    assert (rule, others) == ("what is built has no placeholders", [])
    assert [line.partition(":")[0].rpartition("/")[2] for line in said.splitlines()] == [
        *("host", "clientId", "AzureActiveDirectoryResourceId", "value")
    ]
    here = Deployment("signals.contoso.com", "1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b", "api://signals", "common")
    write_package(package(FOLDER, here), tmp_path / "built")
    assert findings(tmp_path / "built") == {}
    released = check(tmp_path / "built", schemas=tmp_path / "none", node=False)
    assert [str(finding) for one in released for finding in one.findings] == []


def test_swagger_cli_reads_the_definition(written: Callable[[Change], Path]) -> None:
    """It finds what is no Swagger, in a line or two."""
    good = written(lambda draft: None) / DEFINITION
    assert list(against_swagger_cli(good)) == []
    (finding,) = against_swagger_cli(written(of("ListThings", responses={})) / DEFINITION)
    assert "responses" in finding.wrong
    assert str(ROOT) not in finding.wrong


def test_swagger_cli_without_a_registry_is_a_finding(tmp_path: Path) -> None:
    """It says what is needed, and what to do without."""
    (closed,) = free_ports(1)
    offline = {"npm_config_registry": f"http://127.0.0.1:{closed}/", "npm_config_cache": str(tmp_path / "cache")}
    program = replace(SWAGGER_CLI, home=tmp_path / "home")
    (finding,) = against_swagger_cli(tmp_path / DEFINITION, program, {**os.environ, **offline})
    assert "npm registry must be reachable" in finding.wrong
    assert "--without-node" in finding.advice
