"""How a job is told, also one of which Customer Insights tells little."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.outcomes import JobOutcome, TaskOutcome, outcome_of
from shared.domain.shown import shown_fields
from shared.domain.snapshot import Job, Task

AT = datetime(2026, 3, 2, tzinfo=UTC)


def test_what_a_job_does_not_tell_is_absent() -> None:
    """Its id, whether it has ended and how, and a summary are always there."""
    told = shown_fields(outcome_of(Job("j-1", "", "", submitted_at=AT)))
    assert told == {
        "jobId": "j-1",
        "ended": False,
        "succeeded": False,
        "submittedAt": AT,
        "summary": "Job is under way: unknown",
        "tasks": [],
        "errors": [],
    }


def test_a_job_without_a_status_has_ended_when_it_has_an_end() -> None:
    ended = outcome_of(Job("j-1", "all", "", submitted_at=AT, ended_at=AT))
    assert (ended.ended, ended.succeeded, ended.summary) == (True, False, "Full refresh ended: unknown")


LATER = AT + timedelta(seconds=90)
FAILED = Task("t-1", "ingestion", "failed", "Orders", AT, LATER, ("too wide", "too long"))
LATE = Task("t-2", "map", "timedOut", "", AT, LATER)
FINE = Task("t-3", "merge", "successful", "", AT, LATER)
JOB = Job("j-1", "all", "failed", "scheduled", AT, LATER, (), (FAILED, LATE, FINE))


def test_a_job_is_told_with_its_tasks_and_their_errors() -> None:
    """A task by what it worked on; one that says nothing of it by its kind."""
    assert outcome_of(JOB) == JobOutcome(
        "j-1",
        "all",
        "failed",
        ended=True,
        succeeded=False,
        submission="scheduled",
        submitted_at=AT,
        ended_at=LATER,
        duration_seconds=90.0,
        summary="Full refresh ended: failed, 2 of 3 tasks failed",
        tasks=(
            TaskOutcome("Orders", "ingestion", "failed", LATER, ("too wide", "too long")),
            TaskOutcome("map", "map", "timedOut", LATER, ()),
            TaskOutcome("merge", "merge", "successful", LATER, ()),
        ),
        errors=("Orders: too wide", "Orders: too long"),
    )


def test_a_job_in_a_list_is_told_without_its_tasks() -> None:
    told = outcome_of(JOB, with_tasks=False)
    assert (told.tasks, told.errors) == (None, None)


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("all", "Full refresh"),
        ("merge", "Unification"),
        ("ingestion", "Data source refresh"),
        ("segmentation", "Segment refresh"),
        ("measures", "Measure refresh"),
        ("export", "Job export"),
    ],
)
def test_a_job_is_named_as_people_name_it(operation: str, name: str) -> None:
    told = outcome_of(Job("j", operation, "successful", "", AT, LATER, (), (FINE,)))
    assert (told.summary, told.succeeded) == (f"{name} ended: successful", True)


def test_a_job_that_has_not_ended_or_begun_took_no_time_that_is_known() -> None:
    assert outcome_of(Job("j", "all", "running", "", AT)).duration_seconds is None
    assert outcome_of(Job("j", "all", "failed", "", None, AT)).duration_seconds is None
