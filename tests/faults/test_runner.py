"""Does `./dev faults` count and tell what its tests came to, and is a part never called good when it was not?"""

import os
import re
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from local.children import ended_by_signals
from local.errors import LocalError
from local.faults.outcomes import Outcome, Results, added, read_results, written
from local.faults.page import BEGIN, END, PAGE, README, RESULTS, page, renew, with_promises
from local.faults.promises import Part, Promise
from local.faults.pytest_part import Progress, run_tests
from local.faults.register import PROMISES
from local.faults.telling import Telling, told, verdict
from local.show import Screen
from tests.local.test_children import is_alive

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
LEAVES_OUT = """
def pytest_collection_modifyitems(config, items):
    config.hook.pytest_deselected(items=items[2:])
    del items[2:]
"""
HANGS = """
import sys, time
from pathlib import Path
from local.children import running
@pytest.fixture
def program(tmp_path):
    with running("program", [sys.executable, "-c", "import time; time.sleep(600)"], tmp_path / "log") as child:
        yield child
def test_it(program):
    draft = Path({note!r} + ".draft")
    draft.write_text(str(program.process.pid))
    draft.rename({note!r})
    time.sleep(600)
"""


def no_progress(done: int, total: int) -> None:
    """Nobody looks."""


def tried(
    folder: Path,
    content: str,
    workers: int = 1,
    profile: str = "quick",
    progress: Progress = no_progress,
    seconds: float = 300,
) -> Outcome:
    file = folder / "test_odd.py"
    file.write_text(HEAD + content, encoding="utf-8")
    return run_tests("odd", [str(file)], folder / "run", profile, workers, progress, seconds)


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


@pytest.mark.parametrize("workers", [1, 2])
def test_tests_that_are_left_out_are_a_failure(tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Options of whoever starts it leave none out."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k test_two")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    (tmp_path / "conftest.py").write_text(LEAVES_OUT, encoding="utf-8")
    outcome = tried(tmp_path, GOOD + "def test_three(): assert False\n", workers)
    assert (outcome.cases, outcome.failures) == (8, 1)
    assert "1 test left out" in outcome.failed[0]


def test_a_part_that_takes_too_long_is_a_failure(tmp_path: Path) -> None:
    outcome = tried(tmp_path, "import time\ndef test_it(): time.sleep(600)\n", seconds=0)
    assert outcome.failures == 1
    assert re.search(r"took too long after 0 of [01] tests \(see .*pytest\.log\)", outcome.failed[0])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups")
@pytest.mark.parametrize("workers", [1, 2])
def test_what_the_tests_started_ends_with_them(tmp_path: Path, workers: int) -> None:
    """A program in a session of its own too, as Azurite is: the tests are interrupted, so that they end it."""
    note = tmp_path / "pid"

    def progress(done: int, total: int) -> None:
        if note.exists():
            raise KeyboardInterrupt

    with ended_by_signals(), pytest.raises(KeyboardInterrupt):
        tried(tmp_path, HANGS.format(note=str(note)), workers, progress=progress)
    assert not is_alive(int(note.read_text(encoding="utf-8")))


def results(*outcomes: Outcome) -> Results:
    return Results("2026-01-02", "full", "c0de", "a machine", {"Python": "3.11"}, 120, {"one": outcomes})


def test_nothing_tried_is_not_good() -> None:
    """A part that was skipped whole, or not done, makes the run a failure, and is one; so does no part at all."""
    assert results(Outcome("a", cases=1)).is_good
    assert not results().is_good
    assert not msgspec.structs.replace(results(), promises={}).is_good
    for bad, said in (
        (Outcome("a"), "1 failure in 0 cases (120 s, full profile): a (nothing was tried)."),
        (Outcome("a", skipped=5), "1 failure in 0 cases (120 s, full profile): a (all 5 skipped)."),
        (Outcome("a", cases=2, failures=1), "1 failure in 2 cases (120 s, full profile): a."),
        (Outcome("a", not_done="no\nwheel"), "1 failure in 0 cases (120 s, full profile): a (not done: no)."),
    ):
        assert not results(Outcome("b", cases=1), bad).is_good
        assert verdict(results(bad)).replace("2 min", "120 s") == said
        assert added((Outcome("b", 1), bad)) == (1 + bad.cases, 1)


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
    assert told(Outcome("a", skipped=4)) == "a: all 4 skipped"


def test_what_fell_short_says_where_its_log_is(tmp_path: Path) -> None:
    """A part without one names none; a whole run of more than an hour says so, and is as good."""
    console = Console(record=True, width=250, file=StringIO())
    promise = Promise("one", "Says.", (Part("the part", "Tries."), Part("another", "Tries.")))
    (tmp_path / "one" / "the-part").mkdir(parents=True)
    found = results(Outcome("the part", 1, 1), Outcome("another", not_done="no wheel"))
    telling = Telling(Screen(console))
    telling.table([promise], found, tmp_path, whole=False)
    said = console.export_text()
    assert f"Logs of the part: {tmp_path / 'one' / 'the-part'}\n" in said
    assert "Logs of another" not in said
    telling.table([promise], msgspec.structs.replace(found, seconds=3601), tmp_path, whole=True)
    assert "60 minutes" in console.export_text()
    assert "60 minutes" not in said


def test_a_failure_of_several_lines_is_indented() -> None:
    console = Console(record=True, width=250, file=StringIO())
    Telling(Screen(console)).end(Outcome("a", 1, 1, failed=("first\nsecond",)), taken_over=True)
    assert console.export_text() == "  a: 1 case, 1 failure, 0 s, taken over\n    first\n    second\n"


def test_cases_of_a_promise_are_those_of_its_parts() -> None:
    assert added((Outcome("a", 3, 1), Outcome("b", 4, 0))) == (7, 1)
    assert msgspec.json.decode(written(results(Outcome("a"))))["promises"]["one"][0]["part"] == "a"


def of_parts(**promises: tuple[Outcome, ...]) -> Results:
    return msgspec.structs.replace(results(), promises=promises)


def test_the_page_tells_the_results_of_the_last_whole_run() -> None:
    """Whoever adds a promise or a part runs `./dev faults --write`."""
    kept = read_results(RESULTS)
    assert kept.is_good
    assert kept.profile == "full"
    there_are = {(promise.name, part.name) for promise in PROMISES for part in promise.parts}
    assert {(name, one.part) for name, outcomes in kept.promises.items() for one in outcomes} == there_are
    assert PAGE.read_text(encoding="utf-8") == page(kept, PROMISES)
    assert "| not run |" not in page(kept, PROMISES)
    readme = README.read_text(encoding="utf-8")
    assert readme == with_promises(readme, kept, PROMISES)


PROMISE = Promise("one", "Says.", (Part("a", "Tries."), Part("b", "Tries.")))
ANOTHER = Promise("two", "Says so.", (Part("c", "Tries."),))


def test_what_was_not_run_is_no_zero() -> None:
    """In the page and in the README; only a run of every part is a whole one."""
    whole = of_parts(one=(Outcome("a", 1000), Outcome("b", 2)), two=(Outcome("c", 3),))
    partly = of_parts(one=(Outcome("a", 1000),))
    told = page(whole, [PROMISE, ANOTHER])
    assert "Last whole run: 2026-01-02" in told
    assert "| [Says.](#one) | 1,002 | 0 |\n| [Says so.](#two) | 3 | 0 |\n" in told
    assert "| not run |" not in told
    told = page(partly, [PROMISE, ANOTHER])
    assert "Last run, of 1 of 3 parts: 2026-01-02" in told
    assert "| [Says.](#one) | 1,000 | 0 in 1 of 2 parts |\n| [Says so.](#two) | | not run |\n" in told
    assert "| b | Tries. | | not run | |" in told


def test_the_readme_and_the_page_are_renewed_together(tmp_path: Path) -> None:
    """And neither when the README has no place for it."""
    file, readme, kept = tmp_path / "page.md", tmp_path / "README.md", tmp_path / "results.json"
    found = of_parts(one=(Outcome("a", 1), Outcome("b", 2)))
    readme.write_text("no place", encoding="utf-8")
    with pytest.raises(LocalError, match="no place"):
        renew(found, [PROMISE], file, readme, kept)
    assert not file.exists()
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    renew(found, [PROMISE], file, readme, kept)
    assert file.read_text(encoding="utf-8") == page(read_results(kept), [PROMISE])
    told = readme.read_text(encoding="utf-8")
    assert (told[:7], told[-6:]) == ("before\n", "after\n")
    assert "| 3 | 0 |" in told
    assert "old" not in told
