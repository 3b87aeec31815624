"""How is docs/reliability.md written? From the results of a run that were kept, so that each number was counted."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from local.children import ROOT
from local.errors import LocalError
from local.faults.outcomes import Outcome, Results, added, written
from local.faults.promises import Part, Promise
from local.faults.telling import number

PAGE = ROOT / "docs" / "reliability.md"
README = ROOT / "README.md"
RESULTS = ROOT / "docs" / "reliability.json"
HEAD = """# Reliability

What you may rely on, how each promise is tried, and what was counted. `./dev faults --write` makes this page and
`docs/reliability.json` after a whole run in which nothing fell short; nobody writes numbers here by hand.
"""
BEGIN = "<!-- The last whole run of ./dev faults --write -->"
END = "<!-- End of what it wrote -->"
NOT_RUN = "not run"
TAIL = """## Run it

| command | what it does |
| --- | --- |
| `./dev faults` | tries everything; exit code 0 only if nothing fell short |
| `./dev faults --quick` | as little as `./dev test` tries |
| `./dev faults --list` | shows the promises and their parts |
| `./dev faults --only nothing-lost` | one promise; `--only SIGKILL` one part |

Everything runs on this machine: Azurite stands for Azure Storage, `local/simulator` for Customer Insights,
`local/entra` for Entra ID, and a TCP proxy (`local/faults/proxy.py`) for a bad network. A failing part leaves its log
below `.cache/faults`.

## What a user must still know

- **A flow can be called twice for one event** when a process stops between the call and the note that it was made.
  Both calls have the same `webhook-id` and the same event id. Power Automate does not drop the second:
  a flow that must not run twice checks the id.
- **Order** is kept within a queue message, not between two. An event that is tried again comes later than a newer one.
- **What the source no longer tells is not seen.** The app polls; a change that came and went between two polls and
  left no trace in a history is not known to it.
- **Dead deliveries are kept for 30 days**, then forgotten.

## Not tried

- Azure itself: the real storage, the real Functions host with its scale-out, Power Automate. Azurite keeps the same
  contract in the tests of `tests/contracts`, but it is one process on one disk.
- Windows, and Python 3.14. Killing by signal needs a POSIX system.
- A clock that runs backwards for longer than an hour, and a storage account that loses what it confirmed.
- Slow senders of HTTP requests: in Azure the platform's front end takes a request whole before the app sees it.
"""


def renew(
    results: Results, promises: Sequence[Promise], file: Path = PAGE, readme: Path = README, kept: Path = RESULTS
) -> None:
    """Write what docs and README tell of a run. Raises LocalError."""
    try:
        told = with_promises(readme.read_text(encoding="utf-8"), results, promises)
        kept.write_bytes(written(results))
        file.write_text(page(results, promises), encoding="utf-8")
        readme.write_text(told, encoding="utf-8")
    except OSError as error:
        raise LocalError(f"{error.filename} cannot be written or read: {error.strerror}") from None


def page(results: Results, promises: Sequence[Promise]) -> str:
    """The whole page."""
    return "\n".join([HEAD, *_overview(results, promises), *_details(results, promises), TAIL])


def with_promises(readme: str, results: Results, promises: Sequence[Promise]) -> str:
    """The README with what is promised, and how often each promise was tried. Raises LocalError without its marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise LocalError(f"The README has no place for the promises: it needs the lines {BEGIN} and {END}")
    rows = "".join(_promise(one, results, "docs/reliability.md") for one in promises)
    return f"{before}{begin}\n| promise | tried | fell short |\n| --- | ---: | ---: |\n{rows}{end}{after}"


def _promise(promise: Promise, results: Results, where: str = "") -> str:
    """What was not run is no 0."""
    found = [one for part in promise.parts if (one := results.of(promise.name, part.name))]
    cases, failures = added(found)
    partly = "" if len(found) == len(promise.parts) else f" in {len(found)} of {len(promise.parts)} parts"
    told = f"{cases:,} | {failures}{partly}" if found else f"| {NOT_RUN}"
    return f"| [{promise.says}]({where}#{promise.name}) | {told} |\n"


def _overview(results: Results, promises: Sequence[Promise]) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    parts = [(promise.name, part.name) for promise in promises for part in promise.parts]
    run = sum(results.of(*part) is not None for part in parts)
    of = "Last whole run" if run == len(parts) else f"Last run, of {run} of {len(parts)} parts"
    yield f"{of}: {results.day}, {results.seconds / 60:.0f} minutes on {results.machine}. {versions}."
    yield f"The digest of the app's code was `{results.code[:12]}`.\n"
    yield "| promise | tried | fell short |\n| --- | ---: | ---: |"
    yield "".join(_promise(one, results) for one in promises)


def _details(results: Results, promises: Sequence[Promise]) -> Iterator[str]:
    for promise in promises:
        yield f"## {promise.name}\n\n{promise.says}\n"
        yield "| part | what it tries | tried | fell short | measured |\n| --- | --- | ---: | ---: | --- |"
        yield from (_row(part, results.of(promise.name, part.name)) for part in promise.parts)
        yield ""


def _row(part: Part, outcome: Outcome | None) -> str:
    if outcome is None:
        return f"| {part.name} | {part.tries} | | {NOT_RUN} | |"
    measured = [f"{figure}: {number(value)}" for figure, value in outcome.figures.items()]
    measured += [f"{outcome.skipped} skipped"] if outcome.skipped else []
    short = f"{outcome.fell_short}{f' ({outcome.why})' if outcome.why else ''}"
    return f"| {part.name} | {part.tries} | {outcome.cases:,} | {short} | {'; '.join(measured)} |"
