"""How an environment is, for people: a headline, and sections whose rows say what is well and what is not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.catalog import DataSource, MeasureInfo, SegmentInfo
from shared.domain.snapshot import Job

MOST_ROWS = 200
_BRIEF = 100
STAGES = ("map", "match", "merge")
_GOOD = ("updated", "successful", "completedsuccess", "completed")
_BAD: Mapping[str, str] = {
    "updatefailed": "Failure",
    "failed": "Failure",
    "completedfailure": "Failure",
    "interrupted": "Failure",
    "timedout": "Timed out",
    "updatecancelled": "Canceled",
    "aborted": "Canceled",
    "cancelled": "Canceled",
}
# What the product's own pages call the API's words.
_WORDS: Mapping[str, str] = {
    **dict.fromkeys(_GOOD, "Successful"),
    **_BAD,
    **dict.fromkeys(("updating", "running"), "Refreshing"),
    **dict.fromkeys(("notupdated", "none"), "Not started"),
    "queued": "Queued",
    "skipped": "Skipped",
    "inactive": "Inactive",
}


class ReportType(StrEnum):
    """What a report is about."""

    ENVIRONMENT = "environment"
    REFRESH = "refresh"
    UNIFICATION = "unification"
    SEGMENTS = "segments"
    MEASURES = "measures"


_TITLES: Mapping[ReportType, str] = {
    ReportType.ENVIRONMENT: "status",
    ReportType.REFRESH: "data sources and refreshes",
    ReportType.UNIFICATION: "unification",
    ReportType.SEGMENTS: "segments",
    ReportType.MEASURES: "measures",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing: `well` is None where it is neither well nor not, such as a segment that is switched off."""

    name: str
    status: str
    well: bool | None
    at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Things of one kind, those that are not well first.

    `left_out` counts those beyond the first 200, `unwell_left_out` those of them that are not well.
    """

    title: str
    rows: tuple[Row, ...]
    left_out: int = 0
    unwell_left_out: int = 0

    @property
    def unwell(self) -> tuple[Row, ...]:
        """The rows that need a look."""
        return tuple(row for row in self.rows if row.well is False)


@dataclass(frozen=True, slots=True)
class Report:
    """A status report; `healthy` when nothing in it needs a look."""

    environment_id: str
    report_type: ReportType
    title: str
    summary: str
    healthy: bool
    generated_at: datetime
    sections: tuple[Section, ...]


def report_of(environment_id: str, name: str, kind: ReportType, sections: Sequence[Section], now: datetime) -> Report:
    """The report with its headline."""
    healthy = not any(section.unwell for section in sections)
    title = f"{name}: {_TITLES[kind]}"
    return Report(environment_id, kind, title, _summary(sections), healthy, now, tuple(sections))


def _summary(sections: Sequence[Section]) -> str:
    rows = [row for section in sections for row in section.rows]
    unwell = [row.name for row in rows if row.well is False]
    if unwell:
        others = len(unwell) - 3 + sum(section.unwell_left_out for section in sections)
        more = f" and {others} more" if others > 0 else ""
        return f"Needs a look: {', '.join(map(_brief, unwell[:3]))}{more}"
    if not any(row.well for row in rows):
        return "Nothing is known yet"
    counts = (f"{len(one.rows) + one.left_out} {one.title.lower()}" for one in sections if one.rows)
    return f"All well: {', '.join(counts)}"


def unread_section(title: str, problem: str) -> Section:
    """What Customer Insights did not tell: it needs a look, whatever is there."""
    return Section(title, (Row(title, "Could not be read", False, None, problem),))


def sources_section(sources: Iterable[DataSource]) -> Section:
    """Data sources by their last refresh."""
    return _section("Data sources", (_row(s.name, s.refresh_state, s.last_refresh_at) for s in sources))


def segments_section(segments: Iterable[SegmentInfo]) -> Section:
    """Segments by their last evaluation; one that is switched off is neither well nor not."""
    return _section("Segments", map(_segment, segments))


def measures_section(measures: Iterable[MeasureInfo]) -> Section:
    """Measures by their last evaluation."""
    return _section("Measures", (_row(one.display_name, one.state, one.evaluated_at, one.error) for one in measures))


def refreshes_section(jobs: Sequence[Job]) -> Section:
    """The newest full refresh that ended, and the one that is under way: it does not hide how the last one went."""
    full = [job for job in jobs if job.operation_type == "all"]
    ended = next((job for job in full if job.ended), None)
    running = next((job for job in full if not job.ended), None)
    rows = [_job(name, job) for name, job in (("Last full refresh", ended), ("Full refresh under way", running)) if job]
    return _section("Full refreshes", rows)


def unification_section(job: Job | None) -> Section:
    """The stages of the newest unification that ended."""
    tasks = [task for task in (job.tasks if job else ()) if task.operation_type in STAGES]
    rows = (_row(one.operation_type.title(), one.status, one.ended_at, "; ".join(one.errors)) for one in tasks)
    return _section("Unification stages", rows)


def _segment(one: SegmentInfo) -> Row:
    members = "" if one.members is None else f"{one.members:,} members"
    if one.state.lower() not in ("active", ""):
        return Row(one.display_name, _WORDS.get(one.state.lower(), one.state), None, one.evaluated_at, members)
    return _row(one.display_name, one.evaluation_status, one.evaluated_at, members)


def _job(name: str, job: Job) -> Row:
    how = {"onDemand": "by hand", "scheduled": "by schedule"}.get(job.submission, job.submission)
    return _row(name, job.status, job.ended_at or job.submitted_at, how)


def _row(name: str, status: str, at: datetime | None, detail: str = "") -> Row:
    word = status.lower()
    shown = _WORDS.get(word, status or "Unknown")
    return Row(name, shown, True if word in _GOOD else False if word in _BAD else None, at, detail)


def _section(title: str, rows: Iterable[Row]) -> Section:
    ordered = sorted(rows, key=lambda row: (row.well is not False, row.well is not None, row.name.lower()))
    beyond = ordered[MOST_ROWS:]
    return Section(title, tuple(ordered[:MOST_ROWS]), len(beyond), sum(row.well is False for row in beyond))


def _brief(name: str) -> str:
    return name if len(name) <= _BRIEF else f"{name[: _BRIEF - 1]}…"
