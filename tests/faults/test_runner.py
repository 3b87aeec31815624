"""Does `./dev faults` count what its tests came to, and never call a run good that was not?"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from local.errors import LocalError
from local.faults.main import choose, main
from local.faults.outcomes import Outcome, Results, added, read_results, written
from local.faults.page import PAGE, README, RESULTS, page, with_promises
from local.faults.promises import Part, Promise
from local.faults.pytest_part import run_tests
from local.faults.register import PROMISES
from local.faults.running import Run, kept
from local.faults.telling import Telling, told, verdict

HEAD = "import os, pytest\nfrom tests.faults.profile import FULL\nfrom tests.conftest import tally\n"
GOOD = """
def test_one(tally):
    tally.add(7)
    tally.figure("size", 3)
    tally.figure("size", 2)
def test_two(): ...
"""
ODD = {
    "a failure": ("def test_it(tally):\n    tally.add(4)\n    assert False\n", (1, "test_it")),
    "a failure in the setup": ("@pytest.fixture\ndef sick(): raise OSError\ndef test_it(sick): ...\n", (1, "test_it")),
    "a teardown that fails": (
        "@pytest.fixture\ndef sick():\n    yield\n    raise OSError\ndef test_it(sick): ...\n",
        (1, "test_it"),
    ),
    "a process that dies": ("def test_it(): os._exit(3)\n", (1, "0 of 1 tests")),
    "a file that cannot be read": ("def test_it(: ...\n", (1, "0 of 0 tests")),
    "no tests": ("", (1, "0 of 0 tests")),
}


def tried(folder: Path, content: str, workers: int = 1, profile: str = "quick") -> Outcome:
    file = folder / "test_odd.py"
    file.write_text(HEAD + content, encoding="utf-8")
    return run_tests("odd", [str(file)], folder / "run", profile, workers, lambda done, total: None)


@pytest.mark.parametrize("workers", [1, 2])
def test_cases_and_figures_are_added_up(tmp_path: Path, workers: int) -> None:
    """Whether one process runs them or several; of one figure the largest counts."""
    outcome = tried(tmp_path, GOOD + "def test_three(): pytest.skip('not here')\n", workers)
    assert (outcome.cases, outcome.failures, outcome.skipped, outcome.figures) == (8, 0, 1, {"size": 3.0})
    assert outcome.is_good


def test_examples_of_hypothesis_are_cases(tmp_path: Path) -> None:
    content = (
        "from hypothesis import given, settings, strategies as st\n"
        "@settings(max_examples=23, database=None)\n@given(st.integers())\ndef test_it(number): ...\n"
    )
    assert tried(tmp_path, content).cases == 23


@pytest.mark.parametrize(("content", "expected"), ODD.values(), ids=ODD)
def test_what_did_not_go_well_is_named(tmp_path: Path, content: str, expected: tuple[int, str]) -> None:
    failures, named = expected
    outcome = tried(tmp_path, content)
    assert outcome.failures == failures
    assert named in " ".join(outcome.failed)
    assert not outcome.is_good


def test_a_worker_that_dies_is_a_failure(tmp_path: Path) -> None:
    outcome = tried(tmp_path, ODD["a process that dies"][0] + GOOD, workers=2)
    assert outcome.failures >= 1
    assert not outcome.is_good


def test_the_profile_reaches_the_tests(tmp_path: Path) -> None:
    assert tried(tmp_path, "def test_it(): assert FULL\n", profile="full").is_good
    assert not tried(tmp_path, "def test_it(): assert FULL\n", profile="quick").is_good


def results(*outcomes: Outcome) -> Results:
    return Results("2026-01-02", "full", "c0de", "a machine", {"Python": "3.11"}, 120, {"one": outcomes})


def test_nothing_tried_is_not_good() -> None:
    """A part that was skipped whole, or not done, makes the run a failure."""
    assert results(Outcome("a", cases=1)).is_good
    for bad in (
        Outcome("a"),
        Outcome("a", skipped=5),
        Outcome("a", cases=2, failures=1),
        Outcome("a", 3, not_done="no"),
    ):
        assert not results(Outcome("b", cases=1), bad).is_good
        assert "a" in verdict(results(bad)).rpartition(":")[2]


def test_results_are_kept_as_they_were(tmp_path: Path) -> None:
    made = results(Outcome("a", 3, 1, 2, 1.5, {"MB": 2.5}, ("x::y",), ""))
    (tmp_path / "r.json").write_bytes(written(made))
    assert read_results(tmp_path / "r.json") == made
    (tmp_path / "r.json").write_bytes(b"{}")
    with pytest.raises(LocalError, match="no results file"):
        read_results(tmp_path / "r.json")


def test_a_part_in_a_line() -> None:
    assert told(Outcome("a", 1200, 1, 0, 61, {"peak memory (MB)": 85.25})) == (
        "a: 1200 cases, 1 failure, 61 s; peak memory (MB): 85.2"
    )
    assert told(Outcome("a", not_done="no wheel")) == "a: NOT DONE: no wheel"


def parts() -> Iterator[tuple[Promise, str]]:
    return ((promise, test) for promise in PROMISES for part in promise.parts for test in part.tests)


def test_every_part_names_tests_that_are_there() -> None:
    root = Path(__file__).parents[2]
    assert [test for _, test in parts() if not (root / test.partition("::")[0]).exists()] == []


def test_every_test_of_this_folder_belongs_to_a_promise() -> None:
    """Else `./dev faults` would leave it out; those that are about the suite itself belong to none."""
    here = {f"tests/faults/{file.name}" for file in Path(__file__).parent.glob("test_*.py")}
    assert here - {test for _, test in parts()} == {f"tests/faults/test_{name}.py" for name in ("runner", "mutation")}


def test_names_are_one_each() -> None:
    names = [promise.name for promise in PROMISES] + [part.name for promise in PROMISES for part in promise.parts]
    assert len(names) == len(set(names))


def test_the_page_tells_the_results_of_the_last_whole_run() -> None:
    """Whoever adds a promise or a part runs `./dev faults --write`; until then the page says that it was not run."""
    kept = read_results(RESULTS)
    assert kept.is_good
    assert kept.profile == "full"
    there_are = {(promise.name, part.name) for promise in PROMISES for part in promise.parts}
    assert {(name, one.part) for name, outcomes in kept.promises.items() for one in outcomes} <= there_are
    assert PAGE.read_text(encoding="utf-8") == page(kept, PROMISES)
    readme = README.read_text(encoding="utf-8")
    assert readme == with_promises(readme, kept, PROMISES)


def test_one_promise_or_one_part_can_be_chosen() -> None:
    assert [part.name for one in choose(PROMISES, ["scale", "SIGKILL"]) for part in one.parts] == ["SIGKILL", "sizes"]
    assert choose(PROMISES, []) == PROMISES
    skipped = choose(PROMISES, ["nothing-lost", "scale"], ["scale", "SIGKILL"])
    assert [one.name for one in skipped] == ["nothing-lost"]
    assert "SIGKILL" not in [part.name for part in skipped[0].parts]
    with pytest.raises(LocalError, match="--list"):
        choose(PROMISES, ["nonsense"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--workers", "0"], "from 1 to 4"),
        (["--write", "--quick"], "whole run"),
        (["--write", "--only", "scale"], "whole run"),
        (["--report", "/nowhere/at/all.json"], "no folder"),
    ],
)
def test_a_mistake_is_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_the_list_names_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    told_of = capsys.readouterr().out
    assert all(part.name in told_of and promise.says in told_of for promise in PROMISES for part in promise.parts)


def test_cases_of_a_promise_are_those_of_its_parts() -> None:
    assert added((Outcome("a", 3, 1), Outcome("b", 4, 0))) == (7, 1)
    assert msgspec.json.decode(written(results(Outcome("a"))))["promises"]["one"][0]["part"] == "a"


def test_a_run_that_is_resumed_repeats_what_was_not_good(tmp_path: Path) -> None:
    """And what was found of other code, or with another profile, is not taken over."""
    promise = Promise("one", "Says.", (Part("a", "Tries.", ("nowhere.py",)), Part("b", "Tries.", ("nowhere.py",))))
    earlier = Run(tmp_path, "full", 1, Telling())._told({"one": (Outcome("a", 5), Outcome("b", 5, 1))})
    (tmp_path / "results.json").write_bytes(written(earlier))
    assert kept(tmp_path / "results.json", "quick") is None
    found = Run(tmp_path, "full", 1, Telling(), kept(tmp_path / "results.json", "full")).results([promise])
    assert found.promises["one"][0] == Outcome("a", 5)
    assert found.promises["one"][1].cases == 0
    assert read_results(tmp_path / "results.json") == found
    Run(tmp_path, "full", 1, Telling(), earlier).results([replace(promise, parts=promise.parts[1:])])
    assert read_results(tmp_path / "results.json").promises["one"][1] == Outcome("a", 5)
    (tmp_path / "results.json").write_bytes(written(msgspec.structs.replace(earlier, code="other")))
    assert kept(tmp_path / "results.json", "full") is None
    assert kept(tmp_path / "none.json", "full") is None
