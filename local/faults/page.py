"""How is docs/reliability.md written? From the results of the last whole run, so that each number was counted."""

from collections.abc import Iterator, Sequence

from local.children import ROOT
from local.faults.outcomes import Outcome, Results, added
from local.faults.promises import Promise
from local.faults.telling import number

PAGE = ROOT / "docs" / "reliability.md"
README = ROOT / "README.md"
RESULTS = ROOT / "docs" / "reliability.json"
HEAD = """# Reliability

What you may rely on, how each promise is tried, and what the last whole run counted. `./dev faults --write` makes this
page from `docs/reliability.json`, which that run wrote; nobody writes numbers here by hand.
"""
BEGIN = "<!-- The last whole run of ./dev faults --write -->"
END = "<!-- End of what it wrote -->"
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


def page(results: Results, promises: Sequence[Promise]) -> str:
    """The whole page."""
    return "\n".join([HEAD, *_overview(results, promises), *_details(results, promises), TAIL])


def with_promises(readme: str, results: Results, promises: Sequence[Promise]) -> str:
    """The README with what is promised, and how often each promise was tried."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    rows = "".join(_promise(one, results, "docs/reliability.md") for one in promises)
    return f"{before}{begin}\n| promise | tried | fell short |\n| --- | ---: | ---: |\n{rows}{end}{after}"


def _promise(promise: Promise, results: Results, where: str = "") -> str:
    cases, failures = added(results.promises.get(promise.name, ()))
    return f"| [{promise.says}]({where}#{promise.name}) | {cases:,} | {failures} |\n"


def _overview(results: Results, promises: Sequence[Promise]) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    yield f"Last run: {results.day}, {results.seconds / 60:.0f} minutes on {results.machine}. {versions}."
    yield f"The digest of the app's code was `{results.code[:12]}`.\n"
    yield "| promise | tried | fell short |\n| --- | ---: | ---: |"
    yield "".join(_promise(one, results) for one in promises)


def _details(results: Results, promises: Sequence[Promise]) -> Iterator[str]:
    for promise in promises:
        yield f"## {promise.name}\n\n{promise.says}\n"
        yield "| part | what it tries | tried | fell short | measured |\n| --- | --- | ---: | ---: | --- |"
        told = {outcome.part: outcome for outcome in results.promises.get(promise.name, ())}
        for part in promise.parts:
            yield _row(part.name, part.tries, told.get(part.name, Outcome(part.name, not_done="not run yet")))
        yield ""


def _row(name: str, tries: str, outcome: Outcome) -> str:
    measured = "; ".join(f"{figure}: {number(value)}" for figure, value in outcome.figures.items())
    measured += f"{'; ' if measured else ''}{outcome.skipped} skipped" if outcome.skipped else ""
    failures = outcome.not_done or str(outcome.failures)
    return f"| {name} | {tries} | {outcome.cases:,} | {failures} | {measured} |"
