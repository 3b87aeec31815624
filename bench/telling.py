"""How does a person follow `./dev bench`? A line a part while it goes on, and a table of each at the end."""

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.status import Status
from rich.table import Table
from rich.text import Text

from bench.compare import Difference
from bench.figures import Figure, Part
from bench.results import Measured, Promised, Results
from local.faults.telling import number
from local.show import Screen, counted, one_line

LONGEST_SECONDS = 15 * 60
WIDTH_WITH_NOTES = 120  # a narrower terminal shows them below the table


class Telling:
    """Says what happens on a screen."""

    def __init__(self, screen: Screen | None = None) -> None:
        self._screen = screen or Screen()
        self._status: Status | None = None

    def all(self, parts: Sequence[Part]) -> None:
        """The parts and their promises."""
        for part in parts:
            self._screen.note(f"{part.name}: {part.question}", "bold")
            promised = [(one.name, one.more, one.target) for one in part.ratios]
            promised += [(one.name, one.more, one.target) for one in part.limits]
            for name, more, target in promised:
                self._screen.note(f"  {name}: {promise(more, target) or 'only told'}")

    def begin(self, part: Part) -> None:
        """The next part: a line that changes on a terminal."""
        self._screen.note(f"{part.name}: {part.question}", "bold")

    def progress(self, part: Part, text: str) -> None:
        """How it goes on: on a terminal in place, in a log file a line each."""
        if not self._screen.console.is_terminal:
            self._screen.note(f"  {one_line(text)}")
        elif self._status is None:
            self._status = self._screen.console.status(f"{part.name}: {one_line(text)}")
            self._status.start()
        else:
            self._status.update(f"{part.name}: {one_line(text)}")

    def end(self, found: Measured) -> None:
        """What a part came to."""
        self.close()
        self._screen.note(f"  {told(found)}", "red" if found.broke else "yellow" if found.left_out else "green")

    def tables(self, results: Results, folder: Path) -> None:
        """What the run came to."""
        for one in results.parts:
            self._screen.console.print()
            self._screen.note(one.part, "bold")
            self._tables_of(one)
            if one.broke:
                self._screen.to_copy(textwrap.indent(f"It broke: {one.broke}", "  "))
                self._screen.to_copy(f"  See {folder / one.part}")
        self._screen.console.print()
        self._screen.note(verdict(results), "bold red" if results.broken else "bold green")
        if results.seconds > LONGEST_SECONDS:
            self._screen.note(f"A whole run is to take at most {LONGEST_SECONDS // 60} minutes on two cores.", "yellow")

    def _tables_of(self, found: Measured) -> None:
        if found.left_out:
            self._screen.note(f"  left out: {found.left_out}", "yellow")
        if found.figures:
            is_wide = self._screen.console.width >= WIDTH_WITH_NOTES
            self._screen.console.print(figures_table(found.figures, with_notes=is_wide))
            for one, note in zip(found.figures, notes(found.figures), strict=True):
                if note and not is_wide:
                    self._screen.note(f"  {one.name}: {note}")
        if found.ratios or found.limits:
            self._screen.console.print()
            self._screen.console.print(promises_table(found))

    def differences(self, found: Sequence[Difference], with_what: str) -> None:
        """What is not as it was."""
        for one in found:
            self._screen.note(f"{one.part}: {one.says}", "red" if one.is_worse else "yellow")
        worse = sum(one.is_worse for one in found)
        said = counted(worse, "thing is worse", "things are worse") if worse else "Nothing is worse"
        self._screen.note(f"{said} than in {with_what}.", "bold red" if worse else "bold green")

    def say(self, text: str) -> None:
        """Something about the run itself."""
        self.close()
        self._screen.note(text, "yellow")

    def close(self) -> None:
        """Give the terminal back."""
        if self._status is not None:
            self._status.stop()
            self._status = None


def told(found: Measured) -> str:
    """A part in a line."""
    took = f"{counted(len(found.figures), 'figure')}, {found.seconds:.0f} s"
    if found.broke:
        return f"BROKE: {one_line(found.broke)} ({took})"
    if found.left_out:
        return f"left out: {one_line(found.left_out)}"
    judged = [one for one in found.promises if one.is_reached is not None]
    missed = sum(not one.is_reached for one in judged)
    targets = f"; {counted(len(judged), 'target')}, {missed} missed" if judged else ""
    return f"{took}{targets}"


def spread(figure: Figure) -> str:
    """From the least run to the most, where they differ."""
    if figure.exact:
        return "exact"
    least, most = number(min(figure.runs)), number(max(figure.runs))
    return "" if len(figure.runs) == 1 else f"{least} to {most}"


def notes(figures: Sequence[Figure]) -> Iterator[str]:
    """The note of each; one that says the same as the one above it says no more than that."""
    for above, one in zip([None, *figures], figures, strict=False):
        yield "as above" if above and one.note and one.note == above.note else one.note


def promise(more: bool, target: float | None) -> str:
    """What was promised, in words."""
    return "" if target is None else f"at {'least' if more else 'most'} {number(target)}"


def kept(one: Promised) -> str:
    """Whether it was reached, in a word."""
    if one.value is None:
        return "not measured"
    return {None: "", True: "reached", False: "missed"}[one.is_reached]


def value(one: Promised) -> str:
    """What it came to."""
    return "" if one.value is None else number(one.value)


def figures_table(figures: Sequence[Figure], *, with_notes: bool) -> Table:
    """A line a figure."""
    table = _table("figure", "unit", "median", "spread", right=("median", "spread"))
    if with_notes:
        table.add_column("note")
    for one, note in zip(figures, notes(figures), strict=True):
        told = (number(one.value), spread(one)) if one.runs else ("", "")
        table.add_row(one.name, one.unit, *told, *([note] if with_notes else []))
    return table


def promises_table(found: Measured) -> Table:
    """A line a ratio, and a line a figure with a limit."""
    table = _table("ratio or limit", "came to", "promised", "", right=("came to",))
    for one in (*found.ratios, *found.limits):
        style = "red" if one.is_reached is False else ""
        table.add_row(one.name, value(one), promise(one.more, one.target), Text(kept(one), style))
    return table


def _table(*columns: str, right: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=True, padding=(0, 1, 0, 2))
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left")
    return table


def verdict(results: Results) -> str:
    """The run in one sentence."""
    minutes = f"{results.seconds / 60:.0f} min" if results.seconds >= 120 else f"{results.seconds:.0f} s"
    return f"{counted(len(results.parts), 'part')} in {minutes}{''.join(f'; {one}' for one in _short(results))}."


def _short(results: Results) -> Iterator[str]:
    judged = [one for part in results.parts for one in part.promises if one.is_reached is not None]
    if judged:
        yield f"{sum(bool(one.is_reached) for one in judged)} of {counted(len(judged), 'target')} reached"
    if results.left_out:
        yield f"left out: {', '.join(results.left_out)}"
    if results.quick:
        yield "tiny sizes: the figures and targets say nothing"
    if results.broken:
        yield f"broke: {', '.join(results.broken)}"
