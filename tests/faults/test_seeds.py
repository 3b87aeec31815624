"""Does the suite notice a defect? Each of them is planted in a copy of the code, whose tests must fail."""

import sys
from pathlib import Path

import pytest

from local.faults.seeding import Seed, noticed
from local.faults.seeds import SEEDS
from tests.faults.profile import pick
from tests.tally import Tally

QUICK = (
    "save before",
    "save after",
    "a missing dedupe",
    "a swallowed",
    "a skipped audience",
    "a redirect",
    "a logged URL",
)
TRIED = [one for one in SEEDS if pick(one.name.startswith(QUICK), full=True)]
WITHOUT_A_DEFECT = {
    "a day of kills": "it plays two days; it notices the defect of SIGKILL too",
    "two hosts": "a lease is the host's own; what one host keeps to itself the other one's turn makes good",
    "planted defects": "it is this one",
    "means": "they are no part of the app",
}

copying = pytest.mark.skipif(sys.platform == "win32", reason="on Windows a link to Azurite needs a privilege")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this process has its copy."""
    return tmp_path_factory.getbasetemp() / "seeds"


@copying
@pytest.mark.parametrize("seed", TRIED, ids=lambda seed: seed.name)
def test_a_planted_defect_is_noticed(seed: Seed, folder: Path, tally: Tally) -> None:
    verdict = noticed(seed, folder)
    assert verdict.failed, f"nobody noticed {seed.name}:\n{verdict.said[-3000:]}"
    tally.add()
