"""The main job, as a newcomer meets it: one command plays a day, and every event reaches its flow."""

import json
import subprocess
import sys
from pathlib import Path

from local.children import ROOT
from tests.ports import free_base


def test_a_played_day(tmp_path: Path) -> None:
    """Every event that the scenario names reaches its flow, once; all eight kinds occur; nothing is left running."""
    report_file = tmp_path / "report.json"
    command = [sys.executable, "-m", "local.cli", "run", "--once"]
    command += ["--port", str(free_base()), "--report", str(report_file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(report_file.read_text(encoding="utf-8"))
    assert report["missing"] == report["unexpected"] == []
    assert report["duplicates"] == 0
    assert report["delivered"] == report["expected"] == len(report["events"])
    assert len({event["type"] for event in report["events"]}) == 8
