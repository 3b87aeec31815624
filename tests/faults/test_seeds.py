"""Does the suite notice a defect? Each of them is planted in a copy of the code, whose tests must fail."""

from pathlib import Path

import pytest

from local.children import ROOT
from local.errors import LocalError
from local.faults.seeding import Seed, noticed, plant
from local.faults.seeds import SEEDS
from tests.faults.profile import pick

QUICK = (
    "save before",
    "save after",
    "a missing dedupe",
    "a swallowed",
    "a skipped audience",
    "a redirect",
    "a logged URL",
)


@pytest.mark.parametrize(
    "seed", [one for one in SEEDS if pick(one.name.startswith(QUICK), full=True)], ids=lambda seed: seed.name
)
def test_a_planted_defect_is_noticed(seed: Seed, tmp_path: Path) -> None:
    verdict = noticed(seed, tmp_path)
    assert verdict.failed, f"nobody noticed {seed.name}:\n{verdict.said[-3000:]}"


def test_what_is_no_defect_is_not_noticed(tmp_path: Path) -> None:
    """Else a copy in which nothing works would look like a suite that notices everything."""
    harmless = Seed(
        "harmless",
        "shared/services/start_polls.py",
        '"""On a tick,',
        '"""At a tick,',
        ("tests/services/test_start_polls.py",),
    )
    assert noticed(harmless, tmp_path).failed == ()


def test_a_defect_that_breaks_the_import_is_not_noticed(tmp_path: Path) -> None:
    """Tests that cannot even be read say nothing about what they promise."""
    broken = Seed(
        "broken", "shared/services/start_polls.py", "async def", "async dif", ("tests/services/test_start_polls.py",)
    )
    assert noticed(broken, tmp_path).failed == ()


def test_every_defect_still_has_its_place() -> None:
    """Also those that the quick profile leaves out."""
    for seed in SEEDS:
        assert (ROOT / seed.file).read_text(encoding="utf-8").count(seed.right) == 1, seed.name
        assert seed.right != seed.wrong


def test_a_defect_without_a_place_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text("nothing", encoding="utf-8")
    with pytest.raises(LocalError, match=r"adapt local/faults/seeds\.py"):
        plant(Seed("gone", "it.py", "right", "wrong", ()), tmp_path)
