"""How long does a fresh process take to import and index the app, beside the vendors' libraries that it uses?"""

import sys
from collections import Counter
from collections.abc import Iterator
from statistics import median

from bench.apart import run, told
from bench.figures import Bench, Figure, Part, Ratio

_APP, _SDKS = "import and index the app", "import the vendors' libraries alone"
_MODULES, _WALL = "modules loaded", "import and index the app, wall time"
_TARGET = 1.3
_TURNS, _SHOWN = 5, 15
_STANDARD = "Python's own library"
_OF_AZURE = 3  # azure.storage.blob is a library, azure.core.pipeline a part of one
_OWN = ("shared", "functions", "function_app")


def _run(bench: Bench) -> Iterator[Figure]:
    for what in ("app", "sdks"):
        told("bench.cold_run", what)  # so that everything is compiled
    runs = []
    for number in range(bench.repeats):
        bench.tell(f"run {number + 1} of {bench.repeats}")
        turns = [
            (told("bench.cold_run", "app"), told("bench.cold_run", "sdks")) for _ in range(1 if bench.quick else _TURNS)
        ]
        runs.append(turns)
    for name, place, kind in ((_APP, 0, "cpu"), (_SDKS, 1, "cpu"), (_WALL, 0, "wall")):
        times = tuple(median(turn[place][kind] for turn in turns) * 1000 for turns in runs)
        yield Figure(name, "ms", times, note="CPU" if kind == "cpu" else "")
    yield Figure(_MODULES, "modules", tuple(len(turns[0][0]["modules"]) for turns in runs))
    tables = [_table(run("bench.cold_run", "app", options=("-X", "importtime")).stderr) for _ in range(bench.repeats)]
    for name in [one for one, _ in tables[0].most_common(_SHOWN)]:
        yield Figure(
            f"import: {name}", "ms", tuple(table[name] / 1000 for table in tables), note="without what it imports"
        )


def _table(log: str) -> Counter[str]:
    """The microseconds of each library, from what `-X importtime` writes."""
    times: Counter[str] = Counter()
    for line in log.splitlines():
        if not line.startswith("import time:") or "self [us]" in line:
            continue
        own, _, module = line.removeprefix("import time:").split("|")
        times[_library(module.strip())] += int(own)
    return times


def _library(module: str) -> str:
    first, *rest = module.split(".")
    if first in _OWN:
        return "the app itself"
    if first in sys.stdlib_module_names or first in ("encodings", "bench"):
        return _STANDARD
    if first == "azure" and rest:
        depth = _OF_AZURE if rest[0] in ("storage", "data") else _OF_AZURE - 1
        return ".".join((first, *rest[: depth - 1]))
    return first


PART = Part(
    name="cold",
    question="How long does a fresh process take to import and index the app, beside the vendors' libraries it uses?",
    method=(
        "As the Functions worker does: import the script, list its functions. Beside it, in turns, a process that "
        "imports only what the app imports of others then. CPU time from the first import, everything compiled; the "
        "median of five turns. The table by library is one run with -X importtime, which itself takes time."
    ),
    limited_by=(
        "The vendors' libraries: aiohttp and the storage SDK, which brings requests, take most of it. Of the app's own "
        "time most goes into making dataclasses. What only some calls need (PyJWT, msal, azure.identity, telemetry) is "
        "imported with the first of them."
    ),
    run=_run,
    ratios=(Ratio("the app to the vendors' libraries", _APP, _SDKS, False, _TARGET),),
)
