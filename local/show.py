"""How does a person follow a run? Lines as things happen, a bar for what takes long, and a table at the end."""

from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from local.report import Delivery, Report, TypeRow, table_rows

WIDTH_OF_A_LOG = 200
WIDTH_WITH_TYPES = 120  # a narrower terminal has no room for an event's type beside what it says
COLUMNS = ("event type", "want", "got", "missing", "extra", "again", "p50", "max")


class Screen:
    """The terminal, or a log file, of one run."""

    def __init__(self, console: Console | None = None) -> None:
        terminal = Console(highlight=False)
        self.console = console or (terminal if terminal.is_terminal else Console(width=WIDTH_OF_A_LOG, highlight=False))
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._tenth_shown = -1

    def note(self, text: str, style: str = "dim") -> None:
        """Say something about the run itself; a terminal breaks it between words, a log file never."""
        self.console.print(Text(text, style=style), soft_wrap=not self.console.is_terminal)

    def to_copy(self, text: str) -> None:
        """Show an address, a path or a command: whole, however long, so that it can be copied."""
        self.console.print(Text(text, style="dim"), soft_wrap=True)

    def change(self, at: datetime, text: str) -> None:
        """Something changed at the source."""
        self._fitted(Text.assemble((f"{at:%H:%M}  ", "bold"), ("source  ", "blue")), Text(one_line(text)), Text())

    def delivery(self, delivery: Delivery, lag: float | None) -> None:
        """An event reached a flow, or was refused by it; the lag is in real seconds."""
        flow = Text(delivery.flow)
        flow.truncate(self.console.width // 3, overflow="ellipsis")
        time = (f"{delivery.time:%H:%M}  ", "bold")
        if delivery.taken:
            kind = f"{delivery.type}  " if self.console.width >= WIDTH_WITH_TYPES else ""
            said = Text.assemble((kind, "green"), one_line(delivery.summary or delivery.subject))
            after = "" if lag is None else f"  ({lag:.1f} s)"
            tail = Text.assemble("  ->  ", flow, (after, "dim"))
            self._fitted(Text.assemble(time, ("event   ", "green")), said, tail)
        else:
            self._fitted(Text.assemble(time, ("call    ", "red")), flow, Text(f" answered {delivery.answer}", "red"))

    def day(self, now: datetime, start: datetime, end: datetime) -> None:
        """How far the simulated day is."""
        self.progress(f"{now:%a %H:%M}", min(1.0, max(0.0, (now - start) / (end - start))))

    def progress(self, what: str, share: float) -> None:
        """How far something long is: a bar on a terminal, a line for each tenth in a log file."""
        if self.console.is_terminal:
            self._bar(what, share)
        elif int(share * 10) != self._tenth_shown:
            self._tenth_shown = int(share * 10)
            self.note(f"-- {what}, {share:.0%} --")

    def _bar(self, what: str, share: float) -> None:
        if self._progress is None:
            # Not the whole width: the ^C that a terminal writes must stay on the bar's line, to go away with it.
            columns = (TextColumn("[bold]{task.description}"), BarColumn(40), TextColumn("{task.percentage:>3.0f}%"))
            self._progress = Progress(*columns, console=self.console, transient=True)
            self._task = self._progress.add_task(what, total=1.0)
            self._progress.start()
        self._progress.update(self._task, completed=share, description=what)

    def close(self) -> None:
        """Give the terminal back."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def summary(self, report: Report, *, duplicates_allowed: bool) -> None:
        """What was expected, what came, and how soon."""
        self.close()
        self.console.print()
        self.console.print(closing_table(table_rows(report)))
        for item in report.missing:
            said = f"{item.type}  {item.subject}  ->  {item.flow}"
            self.note(f"missing     {item.time:%d %b %H:%M}  {said}", "red")
        for event in report.unexpected:
            said = f"{event.type}  {event.subject}  ->  {event.flow}"
            self.note(f"unexpected  {event.time:%d %b %H:%M}  {said}", "red")
        good = report.is_good(duplicates_allowed=duplicates_allowed)
        self.note(verdict(report, good=good), "bold green" if good else "bold red")

    def _fitted(self, head: Text, middle: Text, tail: Text) -> None:
        """One line of the width that there is: what is in the middle gives way."""
        middle.truncate(max(1, self.console.width - head.cell_len - tail.cell_len), overflow="ellipsis")
        self.console.print(Text.assemble(head, middle, tail), soft_wrap=True)


def closing_table(rows: tuple[TypeRow, ...]) -> Table:
    """The table after the day; it fits 80 columns with the longest event type."""
    title = "The day's events at their flows (p50, max: seconds until they were there)"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == COLUMNS[0] else "right", no_wrap=True)
    for row in rows:
        counts = (row.expected, row.delivered, row.missing, row.unexpected, row.duplicates)
        table.add_row(row.title, *map(str, counts), seconds(row.lag_p50), seconds(row.lag_max))
    return table


def verdict(report: Report, *, good: bool) -> str:
    """The run in one sentence."""
    if good and not report.expected:
        return "Nothing was expected, and nothing came."
    if good:
        again = f" ({len(report.duplicates)} of them came again)" if report.duplicates else ", once"
        if report.expected == 1:
            return f"The one expected event reached its flow{' (and came again)' if report.duplicates else ''}."
        return f"All {report.expected} expected events reached their flows{again}."
    came = f"{report.delivered} of {report.expected} expected events reached their flows"
    parts = f"{len(report.missing)} missing, {len(report.unexpected)} unexpected"
    again = counted(len(report.duplicates), "duplicate")
    return f"{came if report.expected else 'Nothing was expected, but something came'}: {parts}, {again}."


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 subscription, 2 subscriptions."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def one_line(text: str) -> str:
    """The text without the line breaks that somebody's error message may have."""
    return " ".join(text.split())


def seconds(value: float | None) -> str:
    """A lag as the table writes it."""
    return "" if value is None else f"{value:.1f} s"
