"""The main job, as a newcomer meets it: one command plays a day, and every event reaches its flow."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.children import ROOT, Child, wait_until
from local.errors import BrokenRunError
from local.wire import ask
from tests.e2e.days import Report, event_ids, played, ports, run_command
from tests.faults.profile import pick
from tests.tally import Tally


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return played(tmp_path_factory.mktemp("day") / "report.json")


def test_a_played_day(day: Report) -> None:
    """Every event that the scenario names reaches its flow, once; all eight kinds occur."""
    assert day["missing"] == day["unexpected"] == []
    assert day["duplicates"] == 0
    assert day["delivered"] == day["expected"] == len(day["events"])
    assert len({event["type"] for event in day["events"]}) == 8


def test_a_day_with_crashes(day: Report, tmp_path: Path, tally: Tally) -> None:
    """The functions host is killed every five seconds: still nothing is missing, and every event has the same id. One
    comes again only when a kill was between, and once for each.
    """
    crashed = played(tmp_path / "report.json", "--kill-every", "5")
    assert crashed["missing"] == crashed["unexpected"] == []
    assert event_ids(crashed) == event_ids(day)
    assert crashed["kills"] >= pick(1, 5)
    assert crashed["unexplained"] == day["kills"] == 0
    tally.figure("kills in a day", crashed["kills"])
    tally.figure("repeats in a day of kills", crashed["duplicates"])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to send")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_ended_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C is a good end, SIGTERM is not; both end every program. Until then it shows what happens."""
    with ports() as base, running(tmp_path, base, "--no-play") as run:
        wait_until_said(run, "Ctrl-C ends everything", 120)
        assert ask("POST", f"http://127.0.0.1:{base + 1}/control/start", {"speed": 5000}).status == 200
        wait_until_said(run, "source  'Nightly refresh' started", 60)
        run.process.send_signal(number)
        run.process.wait(60)
    assert run.process.returncode == (0 if number == signal.SIGINT else 143), run.last_lines()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to send")
def test_a_day_that_is_ended_says_so(tmp_path: Path) -> None:
    """Ctrl-C in the middle is no good end: nothing was compared."""
    with ports() as base, running(tmp_path, base, "--once") as run:
        wait_until_said(run, "source  'Nightly refresh' started", 120)
        run.process.send_signal(signal.SIGINT)
        run.process.wait(60)
    assert run.process.returncode == 130, run.last_lines()
    assert run.log.read_text().endswith("Ctrl-C before the end: nothing is compared. Ending everything.\n")


@contextmanager
def running(folder: Path, base: int, *options: str) -> Iterator[Child]:
    """A run in the background, with the log of what it says; it is ended with the block."""
    said = folder / "said"
    with (
        said.open("w") as output,
        subprocess.Popen(run_command(base, *options), cwd=ROOT, stdout=output, stderr=output) as run,
    ):
        try:
            yield Child("run", said, run)
        finally:
            run.terminate()
            run.wait(60)


def wait_until_said(run: Child, text: str, seconds: float) -> None:
    """Return when the run has said it; a run that ended, or that says something else for that long, is shown."""
    try:
        wait_until(lambda: text in run.log.read_text(), f"The run has not said {text!r}", seconds, (run,))
    except BrokenRunError as error:
        raise AssertionError(f"{error}\n{run.last_lines()}") from error
