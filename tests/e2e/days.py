"""How is a day played by the one command that a newcomer knows, and what did it come to?"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.children import ROOT, is_listening
from local.places import run_folder
from local.stage import Addresses
from tests.ports import free_base

Report = dict[str, Any]


@contextmanager
def ports(hosts: int = 1) -> Iterator[int]:
    """The first of the free ports that a run needs; what it leaves on disk goes away when the block went well."""
    base = free_base(hosts)
    yield base
    used = {*range(base, base + 7), *Addresses(base, hosts).host_ports}
    assert not any(map(is_listening, used)), "something was left running"
    shutil.rmtree(run_folder("run", base))


def run_command(base: int, *options: str) -> list[str]:
    return [sys.executable, "-m", "local.cli", "run", "--port", str(base), *options]


def played(report_file: Path, *options: str, hosts: int = 1) -> Report:
    """The report of a played day, and under "hosts" what each functions host said."""
    with ports(hosts) as base:
        command = run_command(base, "--once", "--report", str(report_file), "--hosts", str(hosts), *options)
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        logs = sorted((run_folder("run", base) / "logs").glob("host*.log"))
        said = [log.read_text(encoding="utf-8", errors="replace") for log in logs]
    report: Report = json.loads(report_file.read_text(encoding="utf-8"))
    return {**report, "hosts": said}


def event_ids(report: Report) -> list[str]:
    return sorted(event["id"] for event in report["events"])
