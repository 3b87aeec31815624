"""How does a person follow `./dev faults`? A line a part, a bar while it goes on, a table of promises at the end."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from local.faults.outcomes import Outcome, Results, added
from local.faults.promises import Promise, place
from local.show import Screen, counted

MOST_NAMED = 5
LONGEST_SECONDS = 60 * 60


class Telling:
    """Says what happens on a screen."""

    def __init__(self, screen: Screen | None = None) -> None:
        self._screen = screen or Screen()

    def all(self, promises: Sequence[Promise]) -> None:
        """The promises and their parts."""
        for promise in promises:
            self.begin(promise)
            for part in promise.parts:
                self._screen.note(f"  {part.name}: {part.tries}")

    def begin(self, promise: Promise) -> None:
        """The next promise."""
        self._screen.note(f"{promise.name}: {promise.says}", "bold")

    def progress(self, part: str, done: int, total: int) -> None:
        """How far a part is."""
        if total:
            self._screen.progress(f"{part} ({done} of {total})", min(1.0, done / total))

    def end(self, outcome: Outcome, *, taken_over: bool = False) -> None:
        """What a part came to, now or in the run before."""
        self._screen.close()
        again = ", taken over" if taken_over else ""
        self._screen.note(f"  {told(outcome)}{again}", "green" if outcome.is_good else "red")
        for name in outcome.failed[:MOST_NAMED]:
            self._screen.to_copy(textwrap.indent(name, "    "))
        if len(outcome.failed) > MOST_NAMED:
            self._screen.note(f"    and {len(outcome.failed) - MOST_NAMED} more")

    def table(self, promises: Sequence[Promise], results: Results, folder: Path, *, whole: bool) -> None:
        """What the run came to, and where it says more of what fell short."""
        self._screen.console.print()
        self._screen.console.print(closing_table(promises, results))
        self._screen.note(verdict(results), "bold green" if results.is_good else "bold red")
        if whole and results.seconds > LONGEST_SECONDS:
            self._screen.note(f"A whole run is to take at most {LONGEST_SECONDS // 60} minutes on two cores.", "yellow")
        for promise in promises:
            for part in promise.parts:
                found, log = results.of(promise.name, part.name), folder / place(promise, part)
                if found and not found.is_good and log.is_dir():
                    self._screen.to_copy(f"Logs of {part.name}: {log}")

    def say(self, text: str) -> None:
        """Something about the run itself."""
        self._screen.close()
        self._screen.note(text, "yellow")

    def close(self) -> None:
        """Give the terminal back."""
        self._screen.close()


def told(outcome: Outcome) -> str:
    """A part in a line."""
    if outcome.not_done:
        return f"{outcome.part}: NOT DONE: {outcome.not_done}"
    if outcome.why:
        return f"{outcome.part}: {outcome.why}"
    skipped = f", {outcome.skipped} skipped" if outcome.skipped else ""
    cases = f"{counted(outcome.cases, 'case')}, {counted(outcome.failures, 'failure')}{skipped}"
    figures = "".join(f"; {name}: {number(value)}" for name, value in outcome.figures.items())
    return f"{outcome.part}: {cases}, {outcome.seconds:.0f} s{figures}"


def number(value: float) -> str:
    """A figure: whole, or with as many digits as say something."""
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}"


def closing_table(promises: Sequence[Promise], results: Results) -> Table:
    """A line a promise."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("promise")
    for name in ("cases", "failures", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for promise in promises:
        outcomes = results.promises.get(promise.name, ())
        cases, failures = added(outcomes)
        seconds = sum(one.seconds for one in outcomes)
        style = "red" if failures or not outcomes else ""
        table.add_row(Text(promise.says, style), f"{cases:,}", str(failures), f"{seconds:.0f}", style=style)
    return table


def verdict(results: Results) -> str:
    """The run in one sentence."""
    outcomes = [outcome for found in results.promises.values() for outcome in found]
    cases, failures = added(outcomes)
    minutes = f"{results.seconds / 60:.0f} min" if results.seconds >= 120 else f"{results.seconds:.0f} s"
    if results.is_good:
        return f"Nothing fell short: {counted(cases, 'case')} in {minutes} ({results.profile} profile)."
    bad = ", ".join(f"{one.part} ({one.why})" if one.why else one.part for one in outcomes if not one.is_good)
    return f"{counted(failures, 'failure')} in {counted(cases, 'case')} ({minutes}, {results.profile} profile): {bad}."
