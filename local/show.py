"""How does a person follow a run? Lines as things happen, a line for the day, and a table at the end."""

from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from local.report import Delivery, Report, table_rows

WIDTH_OF_A_LOG = 120  # wide enough for the closing table where there is no terminal to ask


class Screen:
    """The terminal, or a log file, of one run."""

    def __init__(self, console: Console | None = None) -> None:
        terminal = Console(highlight=False)
        self.console = console or (terminal if terminal.is_terminal else Console(width=WIDTH_OF_A_LOG, highlight=False))
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._tenth_shown = -1

    def note(self, text: str) -> None:
        """Say something about the run itself."""
        self._line(Text(text, style="dim"))

    def change(self, at: datetime, text: str) -> None:
        """Something changed at the source."""
        self._line(Text.assemble((f"{at:%H:%M}  ", "bold"), ("source  ", "blue"), text))

    def delivery(self, delivery: Delivery, lag: float | None, now: datetime) -> None:
        """An event reached a flow; the lag is in real seconds."""
        after = "" if lag is None else f"  ({lag:.1f} s)"
        kind = (f"{delivery.type}  ", "green")
        what = f"{delivery.summary or delivery.subject}  ->  {delivery.flow}"
        self._line(Text.assemble((f"{now:%H:%M}  ", "bold"), ("event   ", "green"), kind, what, (after, "dim")))

    def day(self, now: datetime, start: datetime, end: datetime) -> None:
        """How far the simulated day is."""
        share = min(1.0, max(0.0, (now - start) / (end - start)))
        if self.console.is_terminal:
            self._bar(f"{now:%a %H:%M}", share)
        elif int(share * 10) > self._tenth_shown:
            self._tenth_shown = int(share * 10)
            self.note(f"-- {now:%a %H:%M}, {share:.0%} of the day --")

    def _bar(self, clock: str, share: float) -> None:
        if self._progress is None:
            columns = (TextColumn("[bold]{task.description}"), BarColumn(None), TextColumn("{task.percentage:>3.0f}%"))
            self._progress = Progress(*columns, console=self.console, transient=True)
            self._task = self._progress.add_task(clock, total=1.0)
            self._progress.start()
        self._progress.update(self._task, completed=share, description=clock)

    def close(self) -> None:
        """Give the terminal back."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def summary(self, report: Report, *, duplicates_allowed: bool) -> None:
        """What was expected, what came, and how soon."""
        self.close()
        columns = ("event type", "expected", "delivered", "missing", "unexpected", "duplicates", "lag p50", "lag max")
        table = Table(*columns, title="The day's events at their flows", title_justify="left")
        for column in table.columns[1:]:
            column.justify = "right"
        for row in table_rows(report):
            counts = (row.expected, row.delivered, row.missing, row.unexpected, row.duplicates)
            table.add_row(row.title, *map(str, counts), seconds(row.lag_p50), seconds(row.lag_max))
        self.console.print(table)
        for item in report.missing:
            self._line(
                Text(f"missing     {item.time:%d %b %H:%M}  {item.type}  {item.subject}  ->  {item.flow}", "red")
            )
        for event in report.unexpected:
            said = f"{event.type}  {event.subject}  ->  {event.flow}"
            self._line(Text(f"unexpected  {event.time:%d %b %H:%M}  {said}", "red"))
        good = report.is_good(duplicates_allowed=duplicates_allowed)
        self._line(Text(verdict(report, good=good), "bold green" if good else "bold red"))

    def _line(self, text: Text) -> None:
        self.console.print(text, soft_wrap=True)


def verdict(report: Report, *, good: bool) -> str:
    """The run in one sentence."""
    if good:
        again = f" ({len(report.duplicates)} of them came again)" if report.duplicates else ", once"
        return f"All {report.expected} expected events reached their flows{again}."
    parts = (f"{len(report.missing)} missing", f"{len(report.unexpected)} unexpected")
    return f"{report.delivered} of {report.expected} expected events reached their flows: {', '.join(parts)}, " + (
        f"{len(report.duplicates)} duplicates."
    )


def seconds(value: float | None) -> str:
    """A lag as the table writes it."""
    return "" if value is None else f"{value:.1f} s"
