"""Does `./dev faults` try what it is asked for, take over only what still counts, and tell of nothing that was not?"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from local.errors import LocalError
from local.faults.alone import alone
from local.faults.earlier import Digests, digests, read_earlier
from local.faults.main import choose, keep, main, parse, tried
from local.faults.outcomes import Outcome, Results, read_results, written
from local.faults.promises import Part, Promise, Way, place
from local.faults.register import PROMISES
from local.faults.running import Run, file_of
from local.faults.telling import Telling

PROMISE = Promise("one", "Says.", (Part("a", "Tries.", ("nowhere.py",)), Part("b", "Tries.", ("nowhere.py",))))
NOW = Digests("c0de", "5u17e")
ANOTHER = Promise("two", "Says so.", (Part("c", "Tries.", ("nowhere.py",)),))


@pytest.fixture(autouse=True)
def falls_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """No part is run here: each takes a moment and falls short."""

    def run_tests(part: str, *rest: Any) -> Outcome:
        progress = rest[-1]
        progress(1, 2)
        return Outcome(part, 2, 1, failed=("a test",))

    monkeypatch.setattr("local.faults.running.run_tests", run_tests)


def results(**promises: tuple[Outcome, ...]) -> Results:
    return Results("2026-01-02", "full", "c0de", "a machine", {"Python": "3.11"}, 120, promises)


def parts() -> Iterator[tuple[Promise, str]]:
    return ((promise, test) for promise in PROMISES for part in promise.parts for test in part.tests)


def test_every_part_names_tests_that_are_there() -> None:
    """Files, folders, and in a file what stands behind `::`."""
    root = Path(__file__).parents[2]

    def is_there(test: str) -> bool:
        file, _, name = test.partition("::")
        if not name:
            return (root / file).exists()
        return f"def {name.partition('[')[0]}(" in (root / file).read_text(encoding="utf-8")

    assert [test for _, test in parts() if not is_there(test)] == []


def test_every_test_of_this_folder_belongs_to_a_promise() -> None:
    """Else `./dev faults` would leave it out; those that are about its runner belong to none."""
    here = {f"tests/faults/{file.name}" for file in Path(__file__).parent.glob("test_*.py")}
    own = {f"tests/faults/test_{name}.py" for name in ("runner", "main")}
    assert here - {test for _, test in parts()} == own


def test_names_are_one_each() -> None:
    """And so are the folders of what is said."""
    names = [promise.name for promise in PROMISES] + [part.name for promise in PROMISES for part in promise.parts]
    assert len(names) == len(set(names))
    places = [place(promise, part) for promise in PROMISES for part in promise.parts]
    assert len(places) == len(set(places))


def test_one_promise_or_one_part_can_be_chosen() -> None:
    assert [part.name for one in choose(PROMISES, ["scale", "SIGKILL"]) for part in one.parts] == ["SIGKILL", "sizes"]
    assert choose(PROMISES, []) == PROMISES
    skipped = choose(PROMISES, ["nothing-lost", "scale"], ["scale", "SIGKILL"])
    assert [one.name for one in skipped] == ["nothing-lost"]
    assert "SIGKILL" not in [part.name for part in skipped[0].parts]
    with pytest.raises(LocalError, match="--list"):
        choose(PROMISES, ["nonsense"])
    with pytest.raises(LocalError, match="nothing to try"):
        choose(PROMISES, ["scale"], ["scale"])


def test_a_quick_run_has_the_long_parts_only_where_they_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--quick", "--only", "tests-bite"]) == 0
    assert "  mutants" not in capsys.readouterr().out
    assert main(["--list", "--quick", "--only", "mutants"]) == 0
    assert "  mutants" in capsys.readouterr().out
    assert main(["--list", "--quick"]) == 0
    assert "  fuzzing" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--workers", "0"], "from 1 to 4"),
        (["--write", "--quick"], "whole run"),
        (["--write", "--only", "scale"], "whole run"),
        (["--report", "/nowhere/at/all.json"], "no folder"),
        (["--report", "/"], "is a folder"),
    ],
)
def test_a_mistake_is_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_the_list_names_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    told_of = capsys.readouterr().out
    assert all(part.name in told_of and promise.says in told_of for promise in PROMISES for part in promise.parts)


def run(folder: Path, earlier: Results | None = None, *, resume: bool = False) -> Run:
    return Run(folder, "full", 1, Telling(), NOW, earlier, resume, look=lambda: NOW)


def known(folder: Path) -> tuple[Results | None, str]:
    return read_earlier(file_of(folder, "full"), "full", NOW)


def test_a_run_that_is_resumed_repeats_what_was_not_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And says what it took over."""
    earlier = run(tmp_path)._told({"one": (Outcome("a", 5), Outcome("b", 5, 1))})
    found = run(tmp_path, earlier, resume=True).results([PROMISE])
    assert found.promises["one"][0] == Outcome("a", 5)
    assert found.promises["one"][1] == Outcome("b", 2, 1, failed=("a test",))
    assert known(tmp_path) == (found, "")
    said = capsys.readouterr().out
    assert "a: 5 cases, 0 failures, 0 s, taken over" in said
    assert said.count("taken over") == 1


def test_what_a_run_was_not_asked_for_is_still_known_after_it(tmp_path: Path) -> None:
    """Whether it was resumed or not: so that the next can take it over. What it was asked for is known anew."""
    earlier = run(tmp_path)._told({"one": (Outcome("a", 5), Outcome("b", 5)), "two": (Outcome("c", 7),)})
    run(tmp_path, earlier).results([replace(PROMISE, parts=PROMISE.parts[1:])])
    found, _ = known(tmp_path)
    assert found is not None
    assert found.of("one", "a") == Outcome("a", 5)
    assert found.of("two", "c") == Outcome("c", 7)
    assert found.of("one", "b") == Outcome("b", 2, 1, failed=("a test",))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"code": "other"}, "app's code"),
        ({"suite": "other"}, "tests, tools or Python"),
        ({"profile": "quick"}, "quick profile"),
    ],
)
def test_what_was_found_of_anything_else_is_not_taken_over(tmp_path: Path, change: dict[str, str], why: str) -> None:
    earlier = run(tmp_path)._told({"one": (Outcome("a", 5),)})
    file_of(tmp_path, "full").write_bytes(written(earlier))
    assert known(tmp_path) == (earlier, "")
    file_of(tmp_path, "full").write_bytes(written(msgspec.structs.replace(earlier, **change)))
    assert known(tmp_path)[0] is None
    assert why in known(tmp_path)[1]


def test_without_results_there_is_nothing_to_take_over(tmp_path: Path) -> None:
    assert known(tmp_path) == (None, "there was no run before")
    file_of(tmp_path, "full").write_bytes(b"{}")
    assert "older suite" in known(tmp_path)[1]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("shared/domain/new.py", "app"),
        ("host.json", "app"),
        ("tests/faults/test_new.py", "suite"),
        ("local/faults/survivors.toml", "suite"),
        ("connector/apiDefinition.swagger.json", "suite"),
        ("requirements-dev.txt", "suite"),
        ("tests/__pycache__/test_new.pyc", ""),
        ("docs/local.md", ""),
    ],
)
def test_what_is_tried_and_what_tries_it_each_have_a_digest(tmp_path: Path, name: str, counts: str) -> None:
    before, file = digests(tmp_path), tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("new", encoding="utf-8")
    after = digests(tmp_path)
    assert [each for each in ("app", "suite") if getattr(before, each) != getattr(after, each)] == counts.split()


def test_what_was_found_while_the_code_changed_is_not_kept(tmp_path: Path) -> None:
    assert replace(run(tmp_path), look=lambda: Digests("c0de", "other")).results([ANOTHER]).code == "c0de"
    assert not file_of(tmp_path, "full").exists()


class Interrupted(Telling):
    """Somebody presses Ctrl-C at the second promise."""

    def begin(self, promise: Promise) -> None:
        if promise == ANOTHER:
            raise KeyboardInterrupt


def test_whoever_breaks_off_is_told_how_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And what was found until then is there."""
    begun = replace(run(tmp_path), telling=Interrupted())
    with pytest.raises(KeyboardInterrupt):
        tried(begun, [PROMISE, ANOTHER])
    assert "--resume" in capsys.readouterr().out
    found, _ = known(tmp_path)
    assert found is not None
    assert list(found.promises) == ["one"]


class Broken(Telling):
    """Breaks in the midst of one part."""

    def progress(self, part: str, done: int, total: int) -> None:
        if part == "a":
            raise ZeroDivisionError("of ours")


def test_what_breaks_stops_no_other_part(tmp_path: Path) -> None:
    found = replace(run(tmp_path), telling=Broken()).results([PROMISE])
    broken, after = found.promises["one"]
    assert (broken.not_done, broken.is_good) == ("broke: ZeroDivisionError: of ours", False)
    assert after.failed == ("a test",)
    log = tmp_path / place(PROMISE, PROMISE.parts[0]) / "broke.log"
    assert "of ours" in log.read_text(encoding="utf-8")


def test_a_part_without_tests_makes_no_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.faults.fuzz.can_fuzz", lambda: False)
    found = run(tmp_path).results([Promise("one", "Says.", (Part("fuzzing", "Tries.", way=Way.FUZZ),))])
    assert "Linux on x86-64" in found.promises["one"][0].not_done
    assert [file.name for file in tmp_path.iterdir()] == ["results-full.json"]


def test_two_runs_in_one_checkout_are_one_too_many(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(LocalError, match="goes on"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


GOOD = {name: (Outcome("a", 3),) for name in ("one", "two")}


@pytest.mark.parametrize(
    ("found", "is_unchanged", "said"),
    [
        (results(**GOOD), True, ""),
        (results(one=(Outcome("a", 3), Outcome("b", 3, 1))), True, "not written: something fell short"),
        (results(**GOOD), False, "not written: code or tests changed"),
    ],
)
def test_only_a_run_in_which_nothing_fell_short_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], found: Results, is_unchanged: bool, said: str
) -> None:
    """The report is written in any case."""
    renewed: list[Results] = []

    def renew(results: Results, promises: Sequence[Promise]) -> None:
        renewed.append(results)

    report = tmp_path / "report.json"
    options = parse(["--write", "--report", str(report)])
    is_kept = keep(found, options, Telling(), is_unchanged=is_unchanged, renew=renew)
    assert (is_kept, renewed) == ((True, [found]) if not said else (False, []))
    assert said in capsys.readouterr().out
    assert read_results(report) == found


def test_a_report_that_cannot_be_written_is_a_line(tmp_path: Path) -> None:
    options = parse(["--report", str(tmp_path / "report.json")])
    (tmp_path / "report.json").mkdir()
    with pytest.raises(LocalError, match="--report"):
        keep(results(**GOOD), options, Telling(), is_unchanged=True)
