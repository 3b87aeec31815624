"""What does `./dev infra check` say, and how does it end?"""

import io
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from local.errors import LocalError
from local.infra.checks import CHECKS
from local.infra.findings import Check, Made, make
from local.infra.main import FOLDER, made, main
from local.infra.project import Project, read_project
from local.infra.resource_types import azure_types
from local.infra.telling import LATER, show
from local.infra.type_data import FOLDER as TYPES
from tests.infra.sample import MAIN_FILE, NETWORK_FILE, PARAMETER_FILE, Sample
from tests.infra.sample_types import write_types


def by_the_language(project: Project, types: Path) -> list[Made]:
    """What the compiler would refuse; gates and agreement have tests of their own."""
    azure = Check("types of Azure", "Are they as their types ask for?", partial(azure_types, types))
    return [make(one, project) for one in (*CHECKS, azure)]


def said(sample: Sample, folder: Path) -> tuple[int, str]:
    """The exit code and what is shown, by the checks that need no compiler."""
    project = read_project(sample.write(folder / "infra"))
    checks = by_the_language(project, write_types(folder / "types"))
    console = Console(file=io.StringIO(), width=200, highlight=False)
    code = show(checks, project, console)
    return code, console.file.getvalue()  # type: ignore[attr-defined]


def test_every_check_has_a_line(tmp_path: Path) -> None:
    """A name, what came of it and its question."""
    code, text = said(Sample(), tmp_path)
    lines = text.splitlines()
    assert code == 0
    assert lines[0].split(maxsplit=2) == ["syntax", "pass", "Can every file be read by the compiler's grammar?"]
    assert all(" pass " in line for line in lines[:-1])
    assert len(lines) == len(CHECKS) + 2
    assert lines[-1].startswith("5 files, ")
    assert lines[-1].endswith(" done, 0 not done, 0 findings.")


def test_a_finding_says_where_it_is_and_what_to_do(tmp_path: Path) -> None:
    """By file, line and the compiler's name for it; the command fails."""
    sample = Sample()
    sample.change(NETWORK_FILE, "'${network.id}/subnets/app'", "'${netwrk.id}/subnets/app'")
    code, text = said(sample, tmp_path)
    assert code == 1
    assert (
        "infra/modules/network.bicep:9: the name 'netwrk' is not declared [BCP057]. Did you mean 'network'?\n" in text
    )


def test_what_cannot_be_read_stops_the_other_checks(tmp_path: Path) -> None:
    """They would find what is not wrong."""
    sample = Sample()
    sample.change(NETWORK_FILE, "param name string", "param name")
    sample.change(PARAMETER_FILE, "param kind = 'dev'", "param kind 'dev'")
    first, *others = made(read_project(sample.write(tmp_path)), tmp_path / "none", scanner=False)
    assert isinstance(first, Made)
    assert sorted(one.path.name for one in first.findings) == ["main.bicepparam", "network.bicep"]
    assert {one.not_done for one in others if isinstance(one, Made)} == {LATER}


def test_help_and_mistakes_are_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line each."""
    for arguments in (["--help"], ["check", "--help"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("--types", "  check ", "  costs "))
    with pytest.raises(SystemExit) as ended:
        main(["biuld"])
    assert (ended.value.code, capsys.readouterr().err.count("\n")) == (2, 1)
    with pytest.raises(LocalError, match="There is no folder"):
        main(["check", str(tmp_path / "none")])
    with pytest.raises(LocalError, match="There is no Bicep file"):
        main(["check", str(tmp_path)])


def test_a_configuration_that_is_no_json_is_said(tmp_path: Path) -> None:
    """With the file."""
    sample = Sample()
    sample.files["bicepconfig.json"] = "{ nothing"
    with pytest.raises(LocalError, match=r"bicepconfig\.json is no JSON"):
        said(sample, tmp_path)


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the infrastructure is not here")
def test_our_own_infrastructure_has_no_finding() -> None:
    """What could not be checked says so in `./dev infra check`."""
    project = read_project(FOLDER)
    assert project.by_path[(FOLDER / MAIN_FILE).resolve()].target_scope == "subscription"
    assert [finding for one in by_the_language(project, TYPES) for finding in one.findings] == []
