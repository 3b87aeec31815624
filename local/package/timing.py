"""How long does a fresh process take to import the app, and what of it goes to which library?"""

import re
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from local.errors import BrokenRunError
from local.package.trying import AS_IN_AZURE, OWN, ask, probe, why

PROCESSES = 5
_LINE = re.compile(r"import time:\s*(\d+) \|\s*\d+ \|\s*(\S+)")


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a library, or of one part of Azure's, in an import: its modules' own time."""

    name: str
    seconds: float
    modules: int


def import_seconds(python: Path, folder: Path, names: Sequence[str] = ()) -> float:
    """The median of a few fresh processes; of the app, or of what is named."""
    return _median(python, "duration", folder, names)


def first_call_seconds(python: Path, folder: Path, further: Mapping[str, str] = MappingProxyType({})) -> float:
    """The same of what the first call puts together, with further settings."""
    return _median(python, "first_call", folder, settings={**AS_IN_AZURE, **further})


def _median(
    python: Path, question: str, folder: Path, names: Sequence[str] = (), settings: Mapping[str, str] = AS_IN_AZURE
) -> float:
    answers = [ask(python, question, folder, names, settings) for _ in range(PROCESSES)]
    broken = [answer for answer in answers if "error" in answer]
    if broken:
        raise BrokenRunError(f"{folder.name} does not start: {why(broken[0])}")
    return statistics.median(float(answer["seconds"]) for answer in answers)


def shares(python: Path, folder: Path) -> list[Share]:
    """Who takes the time, the greatest first."""
    return shares_of(probe((python, "-X", "importtime"), "duration", folder).stderr)


def shares_of(report: str) -> list[Share]:
    """What `-X importtime` says, summed up; the probe's own start is left out as far as it is no library's."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for line in report.splitlines():
        if said := _LINE.match(line):
            found[group(said[2])].append(int(said[1]))
    made = [Share(name, sum(times) / 1e6, len(times)) for name, times in found.items()]
    return sorted(made, key=lambda share: (-share.seconds, share.name))


def group(module: str) -> str:
    """What a module is counted with: `azure` is a hundred libraries, and the app is one."""
    parts: Sequence[str] = module.split(".")
    if parts[0] in (*OWN, "function_app"):
        return "the app itself"
    return ".".join(parts[:2]) if parts[0] == "azure" else parts[0]
