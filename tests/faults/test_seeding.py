"""Is a defect that was noticed noticed for its own sake? Where a run is cut, broken or harmless, nobody noticed."""

from pathlib import Path

import pytest

from local.children import ROOT
from local.errors import LocalError
from local.faults.promises import Part
from local.faults.register import PROMISES
from local.faults.seeding import PASSED, Seed, copied, noticed, planted, unharmed
from local.faults.seeds import SEEDS
from tests.faults.profile import pick
from tests.faults.test_seeds import TRIED, WITHOUT_A_DEFECT, copying, folder
from tests.local.test_children import is_alive

__all__ = ["folder"]
CHUNKS = pick(1, 8)
START_POLLS = "shared/services/start_polls.py"
OF_START_POLLS = ("tests/services/test_start_polls.py",)
HANGS = """
import subprocess, sys, time
from pathlib import Path

import pytest

SLEEPER = [sys.executable, "-c", "import time; time.sleep(300)"]

@pytest.fixture
def program():
    with subprocess.Popen(SLEEPER, start_new_session=True) as process:  # as Azurite has a session of its own
        Path("pid").write_text(str(process.pid))
        yield
        process.kill()

def test_that_ends(program):
    time.sleep(0)
"""


@copying
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_without_a_defect_nothing_is_noticed(chunk: int, folder: Path) -> None:
    """Else what is missing in the copy would look like a suite that notices everything."""
    tests = sorted({test for seed in TRIED for test in seed.noticed_by})[chunk::CHUNKS]
    outcome = unharmed(tests, folder)
    assert (outcome.code, outcome.failures) == (PASSED, {}), outcome.said[-3000:]


@copying
def test_what_is_no_defect_is_not_noticed(folder: Path) -> None:
    harmless = Seed("harmless", START_POLLS, '"""On a tick,', '"""At a tick,', OF_START_POLLS)
    assert noticed(harmless, folder).failed == ()


@copying
@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        (START_POLLS, "async def", "async dif"),
        ("tests/services/conftest.py", "return Stage()", "raise AssertionError"),
        (START_POLLS, "step = ENV", "step = 0 * ENV"),
    ],
    ids=["an import that breaks", "a fixture that fails", "a failure that says something else"],
)
def test_what_fails_beside_a_test_is_no_notice(folder: Path, file: str, right: str, wrong: str) -> None:
    """Tests that cannot even begin say nothing about what they promise."""
    seed = Seed("beside", file, right, wrong, OF_START_POLLS, says="words that nobody says")
    verdict = noticed(seed, folder)
    assert verdict.failed == ()
    assert "rror" in verdict.said


@copying
def test_a_run_that_hangs_is_ended_with_what_its_fixtures_started_and_is_no_notice(folder: Path) -> None:
    copy = copied(folder)
    (copy / "test_hangs.py").write_text(HANGS, encoding="utf-8")
    verdict = noticed(Seed("hangs", "test_hangs.py", "sleep(0)", "sleep(300)", ("test_hangs.py",)), folder, seconds=10)
    assert verdict.failed == ()
    assert verdict.said.startswith("It took too long")
    assert not is_alive(int((copy / "pid").read_text(encoding="utf-8")))


def test_every_defect_still_has_its_place() -> None:
    """Also those that the quick profile leaves out."""
    for seed in SEEDS:
        assert (ROOT / seed.file).read_text(encoding="utf-8").count(seed.right) == 1, seed.name
        assert seed.right != seed.wrong
    assert len({seed.name for seed in SEEDS}) == len(SEEDS)


PARTS = [part for promise in PROMISES for part in promise.parts if part.tests]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_part_of_the_register_has_a_defect_to_notice_or_a_reason_why_not(part: Part) -> None:
    files = tuple(test.partition("::")[0] for test in part.tests)
    has = any(test.startswith(files) for seed in SEEDS for test in seed.noticed_by)
    assert has != (part.name in WITHOUT_A_DEFECT)


def test_a_defect_without_a_place_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text("nothing", encoding="utf-8")
    with (
        pytest.raises(LocalError, match=r"adapt local/faults/seeds\*\.py"),
        planted(Seed("gone", "it.py", "right", "wrong", ()), tmp_path),
    ):
        pass
