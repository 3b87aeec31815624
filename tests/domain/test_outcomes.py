"""How a job is told, also one of which Customer Insights tells little."""

from datetime import UTC, datetime

from shared.domain.outcomes import outcome_of
from shared.domain.shown import shown_fields
from shared.domain.snapshot import Job

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
