"""Are figures that cannot be right refused, and does a results file hold what it was given?"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.figures import Figure, Limit, Part, Ratio
from bench.machine import commit, locked, machine
from bench.results import Promised, measured, read_results, written
from local.errors import LocalError
from local.machine import AZURITE
from tests.bench.stand_ins import GOOD, of_calls, run_of

ONE = Figure("one", "ms", (1.0,))


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ([], "it measured nothing"),
        ([ONE, ONE], "2 figures are named 'one'"),
        ([Figure("one", "ms", ())], "'one' is no number: []"),
        ([Figure("one", "ms", (1.0, float("nan")))], "'one' is no number"),
        ([Figure("one", "calls", (1, 2), exact=True)], "'one' is to be exact and is 1 to 2"),
    ],
)
def test_figures_that_cannot_be_right_are_a_part_that_broke(figures: Sequence[Figure], said: str) -> None:
    assert said in measured(GOOD, figures, 1.0).broke


def test_a_count_keeps_every_digit() -> None:
    """A measured value only those that say something."""
    found = measured(GOOD, [Figure("a", "bytes", (123456789.0,), exact=True), Figure("b", "ms", (1234.56789,))], 1.0)
    assert [one.value for one in found.figures] == [123456789.0, 1234.57]


def test_ratios_and_limits_are_judged_by_medians() -> None:
    figures = [Figure("up", "ms", (9.0, 3.0, 4.0)), Figure("low", "ms", (2.0, 2.0, 90.0)), Figure("none", "ms", (0.0,))]
    ratios = tuple(Ratio(name, "up", name, more=True, target=2.0) for name in ("low", "none", "missing"))
    part = Part("a", "Is it?", "So.", "This.", lambda _: figures, ratios, (Limit("up", more=False, target=3.9),))
    found = measured(part, figures, 1.0)
    assert [(one.value, one.is_reached) for one in found.ratios] == [(2.0, True), (None, None), (None, None)]
    assert [(one.value, one.is_reached) for one in found.limits] == [(4.0, False)]


@pytest.mark.parametrize(("more", "reached"), [(True, [False, True, True]), (False, [True, True, False])])
def test_a_target_itself_is_reached(more: bool, reached: list[bool]) -> None:
    assert [Promised("a", value, more, 2.0).is_reached for value in (1.9, 2.0, 2.1)] == reached


def test_a_file_holds_what_it_was_given(tmp_path: Path) -> None:
    results, file = run_of(of_calls(3)), tmp_path / "results.json"
    file.write_bytes(written(results))
    assert read_results(file) == results
    assert written(read_results(file)) == file.read_bytes()
    for content in (b"", b"{}", b'{"day": 1}'):
        file.write_bytes(content)
        with pytest.raises(LocalError, match="no results file"):
            read_results(file)


def test_the_machine_is_told_without_its_name() -> None:
    found = machine()
    assert found.cores >= 1
    assert set(found.versions) >= {"Python", "Node", "Azurite", "azure-storage-queue", "aiohttp", "msgspec"}
    assert all(found.versions.values())


def test_a_version_that_is_not_known_is_told_so(tmp_path: Path) -> None:
    assert locked(AZURITE.lock / "package-lock.json", "azurite")[0].isdigit()
    assert locked(tmp_path / "none.json", "azurite") == "not here"
    assert commit(tmp_path) == "unknown"
