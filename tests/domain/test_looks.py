"""What a poll looks at beyond the jobs, and how far back."""

from datetime import timedelta

import pytest

from shared.domain.looks import EVERYTHING, MAX_HISTORY_DAYS, history_days, look_after
from shared.domain.snapshot import Job, Look
from tests.factories import at, follow, job, snapshot, task

NOTHING = Look()
BASELINE = follow(snapshot(0))[-1].checkpoint


def _after_task(operation: str, status: str = "successful") -> Look:
    return look_after(BASELINE, [job("j", "running", task("x", status, operation=operation), operation="export")])


def test_nothing_new_means_nothing_to_look_at() -> None:
    known = job("j", "successful", task())
    checkpoint = follow(snapshot(0, known))[-1].checkpoint
    assert look_after(checkpoint, [known]) == NOTHING
    assert look_after(BASELINE, []) == NOTHING
    assert not NOTHING.anything


def test_a_job_that_goes_on_means_nothing_to_look_at() -> None:
    assert _after_task("segmentation", "running") == NOTHING


@pytest.mark.parametrize(
    ("operation", "look"),
    [
        ("ingestion", Look(nodes=True)),
        ("Ingestion", Look(nodes=True)),
        ("segmentation", Look(segments=True)),
        ("segmentMembership", Look(segments=True)),
        ("measures", Look(measures=True)),
        ("attributeMeasures", Look(measures=True)),
        ("entityMeasures", Look(measures=True)),
        ("export", NOTHING),
        ("merge", NOTHING),
    ],
)
def test_a_task_that_ended_is_reason_to_look_at_what_it_can_have_changed(operation: str, look: Look) -> None:
    assert _after_task(operation) == look
    assert look.anything is (look != NOTHING)


@pytest.mark.parametrize("operation", ["somethingNew", ""])
def test_an_operation_that_nobody_knows_is_reason_to_look_at_everything(operation: str) -> None:
    assert _after_task(operation) == EVERYTHING


def test_a_full_refresh_that_ended_is_reason_to_look_at_everything() -> None:
    assert look_after(BASELINE, [job("j", "successful")]) == EVERYTHING


def test_at_the_end_of_a_job_its_parts_are_looked_at_once_more() -> None:
    running: Job = job("j", "running", task("VIP", operation="segmentation"), operation="export")
    checkpoint = follow(snapshot(0), snapshot(5, running))[-1].checkpoint
    ended = job("j", "successful", task("VIP", operation="segmentation"), operation="export")
    assert look_after(checkpoint, [ended]) == Look(segments=True)


def test_while_a_job_goes_on_only_the_part_that_has_just_ended_is_looked_at() -> None:
    running = job("j", "running", task("VIP", operation="segmentation"), operation="all")
    checkpoint = follow(snapshot(0), snapshot(5, running))[-1].checkpoint
    later = job("j", "running", task("VIP", operation="segmentation"), task("Orders"), operation="all")
    assert look_after(checkpoint, [later]) == Look(nodes=True)


@pytest.mark.parametrize(
    ("since", "days"),
    [
        (timedelta(0), 1),
        (timedelta(minutes=1), 2),
        (timedelta(days=1), 2),
        (timedelta(days=1, seconds=1), 3),
        (timedelta(days=10), 11),
        (timedelta(days=400), MAX_HISTORY_DAYS),
        (timedelta(days=-3), 1),
    ],
)
def test_the_history_reaches_back_beyond_the_last_look(since: timedelta, days: int) -> None:
    assert history_days(at(0), at(0) + since) == days


def test_without_a_last_look_there_is_no_history_to_fill() -> None:
    assert history_days(None, at(0)) == 1
