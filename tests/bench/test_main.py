"""Does `./dev bench` measure what it is asked for, and does it end with the code that it says?"""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.figures import Bench, Figure, Part
from bench.main import choose, keep, main, parse
from bench.page import GROWTH
from bench.register import PARTS
from bench.results import Results, read_results, written
from bench.telling import Telling
from local.children import ROOT
from local.errors import LocalError
from local.faults.alone import alone
from tests.bench.stand_ins import BROKEN, GOOD, LACKING, of_calls, run_of


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--write", "--quick"], "whole run"),
        (["--write", "--only", "good"], "whole run"),
        (["--write", "--skip", "good"], "whole run"),
        (["--write", "--repeats", "2"], "repeat 3 times"),
        (["--quick", "--compare"], "nothing to compare"),
        (["--compare", "x.json", "--write"], "measures nothing"),
        (["--compare", "x.json", "--only", "good"], "measures nothing"),
        (["--repeats", "0"], "1 to 9"),
        (["--json", "."], "cannot be a file"),
        (["--json", "no-such-folder/x.json"], "cannot be a file"),
        (["--fast"], "--fast"),
    ],
)
def test_options_that_make_no_sense_are_a_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    told = capsys.readouterr().err
    assert (ended.value.code, told.count("\n")) == (2, 1)
    assert said in told


def test_parts_can_be_named_together_or_one_by_one() -> None:
    assert parse(["--only", "a", "b", "--only", "c"]).only == ["a", "b", "c"]
    assert parse([]).repeats == 3


def test_parts_are_chosen_in_their_order() -> None:
    parts = (GOOD, BROKEN, LACKING)
    assert choose(parts, [], []) == parts
    assert choose(parts, ["lacking", "good"], []) == (GOOD, LACKING)
    assert choose(parts, ["lacking", "good"], ["good"]) == (LACKING,)
    for only, skip in ((["new"], []), ([], ["new"]), (["good"], ["good"])):
        with pytest.raises(LocalError, match=r"[Pp]arts"):
            choose(parts, only, skip)


def bench(folder: Path, parts: Sequence[Part], *arguments: str, known: Path = Path("none")) -> tuple[int, Results]:
    """Run it; the exit code, and what it kept."""
    code = main(list(arguments), parts, folder, known)
    return code, read_results(folder / "results.json")


def test_a_run_tells_each_part_and_keeps_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also that a target is missed, which is no error."""
    code, results = bench(tmp_path, [GOOD], "--json", str(tmp_path / "more.json"))
    assert code == 0
    assert read_results(tmp_path / "more.json") == results
    found = results.parts[0]
    assert [(one.value, one.is_reached) for one in found.ratios] == [(2.5, False)]
    assert [(one.value, one.is_reached) for one in found.limits] == [(3.0, True)]
    said = " ".join(capsys.readouterr().out.split())
    assert f"good: Is it good? half of it 3 figures, {found.seconds:.0f} s; 2 targets, 1 missed" in said
    assert "slow ms 5 4 to 6" in said
    assert "calls calls 3 exact" in said
    assert "slow by fast 2.5 at most 2 missed" in said
    assert f"1 part in {results.seconds:.0f} s; 1 of 2 targets reached." in said


def test_what_breaks_stops_no_other_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what broke, and keeps what was measured until then."""
    code, results = bench(tmp_path, [BROKEN, GOOD])
    assert (code, results.broken) == (1, ("broken",))
    broken, after = results.parts
    assert broken.broke == "ZeroDivisionError: of ours"
    assert [one.name for one in broken.figures] == ["fast"]
    assert broken.ratios[0].value is None
    assert len(after.figures) == 3
    assert "of ours" in (tmp_path / "parts" / "broken" / "broke.log").read_text(encoding="utf-8")
    assert "BROKE: ZeroDivisionError: of ours" in capsys.readouterr().out


def test_what_cannot_be_had_here_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, results = bench(tmp_path, [LACKING, GOOD])
    assert (code, results.broken, results.left_out) == (0, (), ("lacking",))
    assert "left out: there is no Redis: apt install redis-server" in capsys.readouterr().out


def test_a_list_measures_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"], [GOOD], tmp_path) == 0
    said = capsys.readouterr().out
    assert "good: Is it good?\n  slow by fast: at most 2\n  calls: at most 3\n" in said
    assert list(tmp_path.iterdir()) == []


def test_quick_is_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And says that its figures say nothing."""
    given: list[tuple[int, bool]] = []

    def note(bench: Bench) -> Sequence[Figure]:
        given.append((bench.repeats, bench.quick))
        return [Figure("a", "ms", (1.0,))]

    part = Part("notes", "What is given?", "By looking.", "Nothing.", note)
    for arguments in (("--quick",), (), ("--repeats", "5")):
        bench(tmp_path, [part], *arguments)
    assert given == [(1, True), (3, False), (5, False)]
    assert capsys.readouterr().out.count("say nothing") == 1


def test_a_comparison_ends_with_1_where_something_is_worse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whether it measures, or compares what is there."""
    known, folder = tmp_path / "known.json", tmp_path / "run"
    for calls, code in ((3, 0), (2, 1)):
        known.write_bytes(written(run_of(of_calls(calls, 2.5))))
        assert bench(folder, [GOOD], "--compare", known=known)[0] == code
        assert main(["--compare", str(folder / "results.json")], [GOOD], folder, known) == code
    assert capsys.readouterr().out.count("calls: 3 calls, was 2") == 2


def test_without_results_to_compare_with_nothing_is_measured(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"missing\.json"):
        main(["--compare"], [GOOD], tmp_path / "run", tmp_path / "missing.json")
    assert list(tmp_path.iterdir()) == []


def test_results_of_a_quick_run_are_not_compared(tmp_path: Path) -> None:
    known, folder = tmp_path / "known.json", tmp_path / "run"
    known.write_bytes(written(run_of(of_calls(3))))
    bench(folder, [GOOD], "--quick")
    with pytest.raises(LocalError, match="--quick"):
        main(["--compare", str(folder / "results.json")], [GOOD], folder, known)


def test_only_a_run_of_every_part_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    renewed: list[Results] = []

    def renew(results: Results, parts: Sequence[Part]) -> None:
        assert parts == [GOOD, LACKING]
        renewed.append(results)

    _, whole = bench(tmp_path, [GOOD])
    assert keep(whole, parse(["--write"]), Telling(), [GOOD, LACKING], renew)
    assert keep(whole, parse([]), Telling(), [GOOD, LACKING], renew)
    for part in (BROKEN, LACKING):
        _, partly = bench(tmp_path, [GOOD, part])
        assert not keep(partly, parse(["--write"]), Telling(), [GOOD, LACKING], renew)
        assert f"not written: {part.name} did not run to the end" in capsys.readouterr().out
    assert renewed == [whole]


def test_two_runs_in_one_checkout_are_one_too_many(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(LocalError, match=r"Another \./dev bench goes on"):
        main([], [GOOD], tmp_path)


def test_a_real_part_is_measured_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The cheapest there is; its figures have the names that the plot looks for."""
    code, results = bench(tmp_path, PARTS, "--quick", "--only", GROWTH)
    assert (code, results.broken) == (0, ())
    for one in results.parts[0].figures:
        assert re.fullmatch(r"[\d,]+ segments: (CPU|memory) per segment", one.name)
    assert "1 part in" in capsys.readouterr().out


def test_what_is_measured_is_listed_by_the_command() -> None:
    command = [sys.executable, "-m", "local.cli", "bench", "--list"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
    assert all(f"{part.name}: {part.question}\n" in listed for part in PARTS)


def test_names_of_parts_are_their_own() -> None:
    """And so are those of their ratios; each says how it is answered and what limits it."""
    assert len({part.name for part in PARTS}) == len(PARTS)
    for part in PARTS:
        promised = [one.name for one in part.ratios]
        assert len(set(promised)) == len(promised)
        assert part.question.endswith("?")
        assert part.method
        assert part.limited_by
