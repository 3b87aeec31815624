"""Is what mutmut tells read right, is the bar right, and are the reasons of survivors still about the code?"""

import ast
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from local.children import ROOT
from local.errors import BrokenRunError
from local.faults.mutation import LOG, SIGNALS, Subject, copied, mutate, reasons_of, tried
from local.faults.mutation_pytest import EXAMPLES, few
from local.faults.mutation_results import (
    Count,
    MutationResult,
    Survivor,
    UnfinishedError,
    Verdict,
    changed,
    function_of,
    judged,
    module_of,
    verdict_of,
)
from local.faults.other_parts import of_mutants
from tests.faults.profile import FULL
from tests.tally import Tally

MUTATED = """\
def x_twice__mutmut_orig(n):
    return n * 2
def x_twice__mutmut_1(n):
    return n / 2
def x_twice__mutmut_2(n):
    return n * 3
"""
SPANS = {"x_twice__mutmut_orig": [1, 2], "x_twice__mutmut_1": [3, 4], "x_twice__mutmut_2": [5, 6]}
with_mutmut = pytest.mark.skipif(
    not FULL or os.name == "nt", reason="mutmut is installed by ./dev faults only, and never on Windows"
)
TWICE = "shared.domain.sums.x_twice__mutmut_"
THREE = Survivor("shared.domain.sums.twice", "return n * 2 => return n * 3")


def told(folder: Path, codes: Mapping[str, int | None]) -> Path:
    """A folder as mutmut leaves it."""
    file = folder / "shared" / "domain" / "sums.py"
    file.parent.mkdir(parents=True)
    file.write_text(MUTATED, encoding="utf-8")
    file.with_name("sums.py.spans").write_text(json.dumps({"version": 1, "spans": SPANS}), encoding="utf-8")
    file.with_name("sums.py.meta").write_text(json.dumps({"exit_code_by_key": codes}), encoding="utf-8")
    file.with_name("empty.py.meta").write_text(json.dumps({"exit_code_by_key": {}}), encoding="utf-8")
    return folder


def result(killed: int, total: int, unexplained: Sequence[Survivor] = ()) -> MutationResult:
    """What a run of one module came to."""
    return MutationResult({"shared.domain.sums": Count(total, killed)}, 0, (), unexplained, 1.0)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (1, Verdict.KILLED),
        (3, Verdict.KILLED),
        (-24, Verdict.TIMED_OUT),
        (-9, Verdict.TIMED_OUT),
        (0, Verdict.SURVIVED),
        (33, Verdict.UNTESTED),
        (5, Verdict.UNTESTED),
        (None, Verdict.UNFINISHED),
        (2, Verdict.UNFINISHED),
        (4, Verdict.UNFINISHED),
        (-11, Verdict.UNFINISHED),
    ],
)
def test_an_exit_code_counts_as_a_kill_only_where_it_is_one(code: int | None, verdict: Verdict) -> None:
    assert verdict_of(code) is verdict


@pytest.mark.parametrize(
    ("name", "module", "function"),
    [
        ("shared.domain.sums.x_twice__mutmut_12", "shared.domain.sums", "shared.domain.sums.twice"),
        ("shared.domain.sums.x__own__mutmut_1", "shared.domain.sums", "shared.domain.sums._own"),
        ("shared.domain.sums.xǁSumǁ__add____mutmut_3", "shared.domain.sums", "shared.domain.sums.Sum.__add__"),
        ("shared.services.a.xǁ_Turnǁ_take__mutmut_3", "shared.services.a", "shared.services.a._Turn._take"),
    ],
)
def test_a_mutants_name_says_where_it_is(name: str, module: str, function: str) -> None:
    assert (module_of(name), function_of(name)) == (module, function)


def test_a_survivor_is_told_by_what_it_changes() -> None:
    before = ["def of(n):", "    first = n", "    return first < 2"]
    after = ["def of(n):", "    first = None", "    return first < 2"]
    assert changed(before, after) == "first = n => first = None"


def test_survivors_have_a_reason_or_are_named(tmp_path: Path) -> None:
    told(tmp_path, {f"{TWICE}1": 1, f"{TWICE}2": 0})
    unknown = judged(tmp_path, {}, 2.0)
    known = judged(tmp_path, {THREE.function: {THREE.change: "three is as good"}}, 2.0)
    elsewhere = judged(tmp_path, {"shared.domain.sums.thrice": {THREE.change: "not here"}}, 2.0)
    assert unknown == MutationResult({"shared.domain.sums": Count(2, 1)}, 0, (), (THREE,), 2.0)
    assert (known.explained, known.unexplained) == ((THREE,), ())
    assert elsewhere.unexplained == (THREE,)


def test_what_never_ends_is_killed_and_what_no_test_reaches_is_not(tmp_path: Path) -> None:
    found = judged(told(tmp_path, {f"{TWICE}1": -24, f"{TWICE}2": 33}), {}, 2.0)
    assert (found.killed, found.timed_out, found.survived, found.unexplained) == (1, 1, 1, (THREE,))


def test_a_run_that_ended_early_is_not_judged(tmp_path: Path) -> None:
    with pytest.raises(UnfinishedError, match="1 of 2 mutants"):
        judged(told(tmp_path, {f"{TWICE}1": 1, f"{TWICE}2": None}), {}, 2.0)


def test_nine_of_ten_are_enough_and_less_or_none_are_not() -> None:
    assert result(90, 100).is_enough
    assert not result(89, 100).is_enough
    assert not result(99, 100, [THREE]).is_enough
    assert not result(0, 0).is_enough
    assert (result(90, 100).survived, result(9, 10).share) == (10, 0.9)


def test_what_is_too_little_is_named() -> None:
    """The share and each survivor without a reason is a failure; what the time limit ended is a figure."""
    good = of_mutants("mutants", replace(result(95, 100), timed_out=4, explained=(THREE,) * 5))
    assert (good.cases, good.failures, good.is_good) == (100, 0, True)
    assert good.figures == {"killed (%)": 95.0, "ended by the time limit": 4, "survivors with a reason": 5}
    low, unexplained = of_mutants("mutants", result(8, 10)), of_mutants("mutants", result(99, 100, [THREE]))
    assert low.failed == ("80.0% of the mutants were killed, fewer than 90%",)
    assert unexplained.failed == ("shared.domain.sums.twice: return n * 2 => return n * 3",)
    assert (low.failures, unexplained.failures) == (1, 1)
    assert not of_mutants("mutants", result(0, 0)).is_good


def test_each_folder_that_is_to_be_mutated_has_mutants() -> None:
    assert result(9, 10).without_mutants(["shared/domain", "shared/services"]) == ["shared/services"]
    assert result(9, 10).without_mutants(["shared/dom"]) == ["shared/dom"]


def test_progress_is_what_mutmut_told_last() -> None:
    assert tried("    done in 15ms\n\r⠋ 1/20  🎉 1 🫥 0\r⠋ 15/20  🎉 9 🫥 1") == (15, 20)
    assert tried("Running stats") == (0, 0)


def test_many_random_examples_become_few_and_few_stay_few() -> None:
    many = few(settings(max_examples=1500, suppress_health_check=[HealthCheck.too_slow]))
    assert (many.max_examples, many.derandomize, many.database) == (EXAMPLES, True, None)
    assert list(many.suppress_health_check) == [HealthCheck.too_slow]
    assert few(settings(max_examples=3)).max_examples == 3


def test_what_is_left_out_is_there() -> None:
    """A test that was renamed would be run beside every mutant."""
    told = tomllib.loads(SIGNALS.settings.read_text(encoding="utf-8"))["tool"]["mutmut"]
    options = told["pytest_add_cli_args"]
    for option, value in pairwise(options):
        if option in ("--deselect", "--ignore"):
            file, _, name = value.partition("::")
            assert f"def {name}" in (ROOT / file).read_text(encoding="utf-8"), value
    assert all((ROOT / name).exists() for name in told["also_copy"])


@cache
def functions_of(module: str) -> Mapping[str, Sequence[str]]:
    """The lines of each function and method of a module."""
    text = (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    found: dict[str, Sequence[str]] = {}

    def take(nodes: Sequence[ast.stmt], owner: str) -> None:
        for node in nodes:
            if isinstance(node, ast.ClassDef):
                take(node.body, f"{owner}.{node.name}")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[f"{owner}.{node.name}"] = text.splitlines()[node.lineno - 1 : node.end_lineno]

    take(ast.parse(text).body, module)
    return found


def lines_of(function: str) -> Sequence[str]:
    """The lines of a function or method, by its full name."""
    module = function.rpartition(".")[0]
    if module.rpartition(".")[2].lstrip("_")[:1].isupper():
        module = module.rpartition(".")[0]
    return functions_of(module)[function]


def test_every_reason_is_about_lines_that_are_there(tally: Tally) -> None:
    """Otherwise the survivors' list would go on about code that has changed."""
    for function, changes in reasons_of(SIGNALS.survivors).items():
        lines = [line.strip() for line in lines_of(function)]
        for change, reason in changes.items():
            tally.add()
            left = change.partition(" => ")[0]
            for line in lines:
                left = left.removeprefix(line).lstrip() if left.startswith(line) else left
            assert not left, f"{function}: no longer has {left}"
            assert reason, f"{function}: {change} has no reason"


RULES = """\
def is_many(n: int) -> bool:
    return n > 2


def twice(n: int) -> int:
    return n * 2
"""
RULES_TESTS = """\
from rules.sums import is_many, twice


def test_is_many() -> None:
    assert is_many(4) and not is_many(1) and twice(3) == 6
"""
SETTINGS = """\
[tool.mutmut]
source_paths = ["rules"]
also_copy = ["rules", "tests", "pyproject.toml"]
pytest_add_cli_args_test_selection = ["tests"]
pytest_add_cli_args = ["-p", "no:schemathesis", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:faulthandler"]
use_git_change_detection = false
"""
REASONS = """\
["rules.sums.is_many"]
"return n > 2 => return n >= 2" = "nobody asks about two"
"""


@pytest.fixture
def sample(tmp_path: Path) -> Subject:
    """A tree of two functions, whose tests are content with little."""
    for name, text in {
        "rules/__init__.py": "",
        "rules/sums.py": RULES,
        "tests/test_sums.py": RULES_TESTS,
        "pyproject.toml": "[project]\nname = 'rules'\n",
        "mutation.toml": SETTINGS,
        "survivors.toml": REASONS,
    }.items():
        file = tmp_path / "sample" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    root = tmp_path / "sample"
    return Subject(root, root / "mutation.toml", root / "survivors.toml")


def test_the_copy_has_what_the_settings_name_and_the_settings(sample: Subject, tmp_path: Path) -> None:
    (sample.root / "rules" / "__pycache__").mkdir()
    leftover = tmp_path / "tree" / "mutants"
    leftover.mkdir(parents=True)
    tree = copied(sample, tmp_path / "tree")
    assert sorted(path.name for path in tree.iterdir()) == ["pyproject.toml", "rules", "tests"]
    assert sorted(path.name for path in (tree / "rules").iterdir()) == ["__init__.py", "sums.py"]
    project = tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["name"] == "rules"
    assert project["tool"]["mutmut"]["source_paths"] == ["rules"]


@with_mutmut
def test_a_sample_from_end_to_end(sample: Subject, tmp_path: Path) -> None:
    """Twice, since a second run must not live on the first one's results."""
    said: list[tuple[int, int]] = []
    for _ in range(2):
        found = mutate(2, lambda *so_far: said.append(so_far), tmp_path / "work", sample, seconds=300)
        assert found.by_module == {"rules.sums": Count(4, 2)}
        assert found.explained == (Survivor("rules.sums.is_many", "return n > 2 => return n >= 2"),)
        assert found.unexplained == (Survivor("rules.sums.is_many", "return n > 2 => return n > 3"),)
        assert said[-1] == (4, 4)
        assert [file.name for file in (tmp_path / "work").iterdir()] == [LOG]


@with_mutmut
def test_a_folder_without_mutants_is_no_success(sample: Subject, tmp_path: Path) -> None:
    (sample.root / "more").mkdir()
    (sample.root / "more" / "__init__.py").touch()
    told = SETTINGS.replace('= ["rules"', '= ["more", "rules"')
    sample.settings.write_text(told, encoding="utf-8")
    with pytest.raises(BrokenRunError, match="no mutants of more"):
        mutate(2, lambda done, total: None, tmp_path / "work", sample, seconds=300)


@with_mutmut
def test_what_takes_too_long_is_ended(sample: Subject, tmp_path: Path) -> None:
    with pytest.raises(BrokenRunError, match=r"took too long after \d of \d mutants"):
        mutate(2, lambda done, total: None, tmp_path / "work", sample, seconds=0)
