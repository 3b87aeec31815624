"""Is a result told at once, where it belongs, and in a form that can be read in a narrow terminal and in a file?"""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from local.children import ROOT
from local.infra import costs
from local.infra.findings import Check, Finding, Made, Note, make
from local.infra.main import made, main
from local.infra.project import Project, read_project
from local.infra.telling import LATER, few, show
from tests.infra.sample import MAIN_FILE, Sample

QUESTION = "Is every name declared, once, and is it used where it may be used?"
NAMES = Check("names", QUESTION, lambda _: ())


def finding(folder: Path, *plans: str, wrong: str = "it is wrong") -> Finding:
    """One of some plans."""
    return Finding(folder / "infra" / MAIN_FILE, 3, wrong, "Mend it", plans=plans)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Nothing wrong."""
    return read_project(Sample().write(tmp_path / "infra"))


def told(project: Project, *results: Made | Note, width: int = 200, terminal: bool = False) -> list[str]:
    """The lines that are shown."""
    console = Console(file=io.StringIO(), width=width, highlight=False, force_terminal=terminal, color_system=None)
    show(results, project, console)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def test_a_result_is_told_before_the_next_check_begins(project: Project) -> None:
    screen = Console(file=io.StringIO(), width=200)
    seen: list[str] = []

    def results() -> Iterator[Made | Note]:
        for name in ("one", "two"):
            seen.append(screen.file.getvalue())  # type: ignore[attr-defined]
            yield Note(f"{name} takes a while")
            seen.append(screen.file.getvalue())  # type: ignore[attr-defined]
            yield Made(Check(name, "Is it?", lambda _: ()))

    assert show(results(), project, screen) == 0
    assert [text.count("\n") for text in seen] == [0, 1, 2, 3]


def test_the_last_line_names_what_failed_and_what_was_not_done(project: Project, tmp_path: Path) -> None:
    lines = told(
        project,
        Made(NAMES, (finding(tmp_path),)),
        Made(Check("compiler", "Does it?", lambda _: ()), not_done="there is none"),
        Made(Check("gate", "Is it?", lambda _: ()), not_done=LATER),
        Made(Check("wall", "Is it?", lambda _: ()), not_done=LATER),
    )
    assert lines[-1] == "5 files, 1 check done, 3 not done, 1 finding. Failed: names. Not done: compiler."
    assert lines[-2].split() == ["2", "further", "checks", "NOT", "DONE", *LATER.split()]
    assert few(["a", "b", "c"], 2) == "a, b and 1 more"


def test_a_terminal_breaks_a_question_below_itself(project: Project) -> None:
    first, second, *_ = told(project, Made(NAMES), width=80, terminal=True)
    assert first.index("Is every") == len(second) - len(second.lstrip())
    assert max(map(len, (first, second))) <= 80


def test_a_file_has_whole_lines(project: Project, tmp_path: Path) -> None:
    lines = told(project, Made(NAMES, (finding(tmp_path, wrong="so " * 100 + "wrong"),)), width=80)
    assert len(lines) == 3
    assert lines[0].endswith(QUESTION)


def test_findings_that_differ_by_plan_are_one(project: Project, tmp_path: Path) -> None:
    found = [finding(tmp_path, plan) for plan in ("dev", "test", "prod", "main")] + [finding(tmp_path, wrong="no")]
    one = make(Check("a", "b", lambda _: found), project)
    assert [(each.wrong, each.plans) for each in one.findings] == [
        ("it is wrong", ("dev", "test", "prod", "main")),
        ("no", ()),
    ]
    assert "it is wrong (deployed as dev, test, prod and 1 more). Mend it." in told(project, one)[1]


def test_a_name_that_is_not_there_leaves_the_plans_for_later(tmp_path: Path) -> None:
    """They would be of something else; what needs no plan is still checked."""
    sample = Sample()
    sample.change(MAIN_FILE, "named('rg', environmentName)", "named('rg', enviromentName)")
    results = [
        one for one in made(read_project(sample.write(tmp_path)), tmp_path, scanner=False) if isinstance(one, Made)
    ]
    later = {one.check.name for one in results if one.not_done == LATER}
    assert {"storage has no keys", "settings are accepted"} <= later
    assert {one.check.name for one in results if one.findings} - {"types of Azure"} == {"names"}  # no types of samples
    assert "secrets" not in later


@pytest.mark.parametrize("part", [("check", "--no-scanner"), ("costs",)], ids=["check", "costs"])
def test_there_is_no_escape_in_a_pipe(part: tuple[str, ...]) -> None:
    variables = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "TTY_COMPATIBLE")}
    done = subprocess.run(
        [sys.executable, "-m", "local.cli", "infra", *part],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_no_colour_is_no_escape_on_a_terminal_either(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["costs"]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_costs_are_those_of_the_page(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a file as they are pasted; on a terminal the same numbers, with the day of the prices."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    assert main(["costs"]) == 0
    assert capsys.readouterr().out == f"{costs.table()}\n"
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["costs"]) == 0
    said = capsys.readouterr().out
    for line in costs.table().splitlines()[2:]:
        *cells, last = (cell.strip().replace("**", "") for cell in line.strip("|").split("|"))
        assert any(row.split("│")[-2].strip() == last and cells[0] in row for row in said.splitlines() if "│" in row)
    assert costs.source().partition(".")[0] in said
