"""What did each test come to, and how many cases did it try? A pytest plugin that writes a line of JSON for each."""

import json
import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

VARIABLE = "FAULTS_LINES"


class Lines:
    """Writes how many tests there are, and then what each came to when it is over."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._told_total = False
        self._failed: set[str] = set()
        self._skipped: set[str] = set()

    def total(self, count: int) -> None:
        """The number of tests, once: with xdist every worker says it."""
        if not self._told_total:
            self._told_total = True
            self._write({"total": count})

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without xdist the tests are known here."""
        if session.items:
            self.total(len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: object, ids: Sequence[str]) -> None:
        """With xdist they are known to the workers."""
        self.total(len(ids))

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """What is not to run is told too: nobody who runs a part leaves tests of it out."""
        self._write({"deselected": len(items)})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test is over with its teardown; one that took its worker along, with that."""
        if report.failed:
            self._failed.add(report.nodeid)
        if report.skipped:
            self._skipped.add(report.nodeid)
        if report.when in ("teardown", "???"):
            self._write(self._line(report))

    def _line(self, report: pytest.TestReport) -> dict[str, object]:
        told = dict(report.user_properties)
        outcome = "failed" if report.nodeid in self._failed else "passed"
        if outcome == "passed" and report.nodeid in self._skipped:
            outcome = "skipped"
        cases, figures = told.get("cases", told.get("examples", 1)), told.get("figures", {})
        return {"test": report.nodeid, "outcome": outcome, "cases": cases, "figures": figures}

    def _write(self, line: dict[str, object]) -> None:
        with self._file.open("a", encoding="utf-8") as output:
            output.write(json.dumps(line) + "\n")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """How many examples hypothesis made of a test travels with its report; a repeated phase counts too."""
    passing = re.findall(r"- (\d+) passing", str(getattr(item, "hypothesis_statistics", "")))
    if passing:
        item.user_properties.append(("examples", sum(map(int, passing))))


class Deselected:
    """Writes, in a worker of xdist, what only workers know: how many tests are left out."""

    def __init__(self, lines: Lines) -> None:
        self.pytest_deselected = lines.pytest_deselected


def pytest_configure(config: pytest.Config) -> None:
    """Only who leads a run writes; with xdist one worker adds what nobody else knows."""
    if not (file := os.environ.get(VARIABLE)):
        return
    lines, worker = Lines(Path(file)), os.environ.get("PYTEST_XDIST_WORKER")
    if not hasattr(config, "workerinput"):
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` makes its programs deaf to it
        config.pluginmanager.register(lines, "faults-lines")
    elif worker == "gw0":
        config.pluginmanager.register(Deselected(lines), "faults-lines")
