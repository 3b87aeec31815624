"""Which jobs count as news: re-listed ones, lists that are too short, jobs that drop off."""

from collections.abc import Sequence

from shared.domain.checkpoint import Checkpoint
from shared.domain.detection.progress import is_gapless, something_runs, unlisted_open_jobs
from shared.domain.events import Event
from shared.domain.snapshot import Job
from tests.factories import at, follow, found_after, job, of_type, snapshot, task

EMPTY = snapshot(0)


def _gapless(checkpoint: Checkpoint, jobs: Sequence[Job], listed: int | None = None) -> bool:
    """When three jobs were asked for."""
    return is_gapless(checkpoint, jobs, listed=len(jobs) if listed is None else listed, asked_for=3)


def _run(number: int, status: str = "successful") -> Job:
    return job(f"j{number}", status, task(status=status, end=number + 0.5), start=number, end=number + 0.9)


def _runs(*numbers: int) -> list[Job]:
    return [_run(number) for number in sorted(numbers, reverse=True)]


def _jobs_told(events: Sequence[Event]) -> list[str]:
    return [str(event.data["jobId"]) for event in of_type(events, "refresh.completed")]


def test_a_job_that_drops_off_the_list_and_is_listed_again_is_no_news() -> None:
    looks = [_runs(1, 2), _runs(3, 4), _runs(1, 2, 3, 4)]
    events = found_after(EMPTY, *(snapshot(10 + n, *jobs) for n, jobs in enumerate(looks)))
    assert _jobs_told(events) == ["j1", "j2", "j3", "j4"]


def test_jobs_older_than_the_first_list_are_history_when_a_longer_list_shows_them() -> None:
    events = found_after(snapshot(10, *_runs(5, 6)), snapshot(20, *_runs(1, 2, 3, 4, 5, 6, 15)))
    assert _jobs_told(events) == ["j15"]


def test_a_list_that_is_empty_for_one_look_makes_no_old_job_news() -> None:
    full = _runs(1, 2, 3)
    events = found_after(EMPTY, snapshot(10, *full), snapshot(11), snapshot(12, *full))
    assert _jobs_told(events) == ["j1", "j2", "j3"]


def test_a_list_that_is_empty_right_after_the_first_sight_makes_no_old_job_news() -> None:
    full = _runs(1, 2, 3)
    assert found_after(snapshot(10, *full), snapshot(11), snapshot(12, *full)) == []


def test_an_undated_job_that_is_listed_again_is_no_news() -> None:
    undated = job("old", "failed", task(status="failed", start=None), start=None)
    looks = [snapshot(11, undated), snapshot(12, *_runs(11)), snapshot(13, undated, *_runs(11))]
    assert _jobs_told(found_after(EMPTY, *looks)).count("old") == 1


def test_a_list_without_tasks_is_no_reason_to_tell_a_closed_job_again() -> None:
    bare = job("j1", "successful", start=1, end=1.9)
    assert len(found_after(EMPTY, snapshot(10, _run(1)), snapshot(11, bare), snapshot(12, _run(1)))) == 3


def test_a_job_listed_twice_in_one_answer_is_told_once() -> None:
    assert _jobs_told(found_after(EMPTY, snapshot(10, _run(1), _run(1)))) == ["j1"]


def test_a_running_job_that_drops_off_the_list_has_to_be_asked_for() -> None:
    _, before = follow(EMPTY, snapshot(10, _run(1, "running")))
    assert unlisted_open_jobs(before.checkpoint, _runs(2, 3)) == ["j1"]


def test_a_running_job_that_dropped_off_the_list_is_told_when_it_is_asked_for() -> None:
    looks = [snapshot(10, _run(1, "running")), snapshot(11, *_runs(2, 3)), snapshot(12, *_runs(2, 3), _run(1))]
    assert sorted(_jobs_told(found_after(EMPTY, *looks))) == ["j1", "j2", "j3"]


def test_a_running_job_stays_wanted_until_it_has_ended() -> None:
    looks = [snapshot(10, _run(1, "running")), snapshot(11, *_runs(2)), snapshot(12, *_runs(3))]
    *_, last = follow(EMPTY, *looks)
    assert unlisted_open_jobs(last.checkpoint, _runs(3)) == ["j1"]
    (after,) = follow(snapshot(13, _run(1), *_runs(3)), after=last.checkpoint)
    assert unlisted_open_jobs(after.checkpoint, _runs(4)) == []


def test_a_job_that_ended_with_a_task_that_never_ran_is_not_asked_for_for_ever() -> None:
    aborted = job("j1", "aborted", task("A", "aborted"), task("B", "queued"))
    *_, last = follow(EMPTY, snapshot(10, aborted), snapshot(11, *_runs(2)))
    assert unlisted_open_jobs(last.checkpoint, _runs(2)) == []
    assert "j1" not in last.checkpoint.jobs


def test_a_job_that_the_source_has_forgotten_keeps_its_place_in_time() -> None:
    """The service answers 404 for it once, so it is closed as deleted; a later list must not make it news again."""
    gone = Job("j1", "", "deleted")
    looks = [snapshot(10, _run(1, "running")), snapshot(11, gone), snapshot(12), snapshot(13, _run(1))]
    events = found_after(EMPTY, *looks)
    assert _jobs_told(events) == []
    assert of_type(events, "datasource.refresh.succeeded") == []


def test_the_checkpoint_remembers_only_what_is_listed_or_open() -> None:
    looks = [snapshot(10 + n, _run(n + 1), _run(n + 2)) for n in range(50)]
    *_, last = follow(EMPTY, *looks)
    assert len(last.checkpoint.jobs) == 2


def test_a_list_shorter_than_asked_for_shows_everything() -> None:
    (before,) = follow(EMPTY)
    assert _gapless(before.checkpoint, _runs(5, 6))


def test_a_short_list_without_any_known_job_may_hide_others() -> None:
    """The source may list fewer than it is asked for."""
    (before,) = follow(snapshot(10, *_runs(1)))
    assert not _gapless(before.checkpoint, _runs(5, 6))


def test_jobs_that_could_not_be_read_count_as_listed() -> None:
    (before,) = follow(EMPTY)
    assert not _gapless(before.checkpoint, _runs(5, 6), listed=3)


def test_a_job_that_nobody_tells_about_any_more_is_given_up_after_a_week() -> None:
    week = 7 * 24 * 60
    running = job("j", "running", start=1, end=None)
    looks = follow(snapshot(10, running), snapshot(week, _run(2)), snapshot(week + 2, _run(2)), snapshot(week + 9))
    asked_for = [unlisted_open_jobs(look.checkpoint, []) for look in looks]
    assert asked_for == [["j"], ["j"], [], []]
    assert "j" not in looks[-1].checkpoint.jobs


def test_a_full_list_that_reaches_a_known_job_is_gapless() -> None:
    (before,) = follow(snapshot(10, *_runs(1, 2, 3)))
    assert _gapless(before.checkpoint, _runs(3, 4, 5))


def test_a_full_list_of_unknown_jobs_may_hide_others() -> None:
    (before,) = follow(snapshot(10, *_runs(1, 2, 3)))
    assert not _gapless(before.checkpoint, _runs(5, 6, 7))


def test_a_full_list_after_an_empty_first_sight_may_hide_others() -> None:
    """An environment that had no job yet can have more than a list of them by the next poll."""
    (before,) = follow(EMPTY)
    assert not _gapless(before.checkpoint, _runs(5, 6, 7))


def test_a_full_list_that_reaches_a_forgotten_job_is_gapless() -> None:
    *_, last = follow(EMPTY, snapshot(10, *_runs(1, 2, 3)), snapshot(11))
    assert _gapless(last.checkpoint, _runs(3, 4, 5))


def test_an_empty_list_is_gapless() -> None:
    (before,) = follow(snapshot(10, *_runs(1)))
    assert _gapless(before.checkpoint, [])


def test_something_runs_while_any_listed_job_does() -> None:
    assert something_runs([_run(1), _run(2, "queued")])
    assert not something_runs(_runs(1, 2))
    assert not something_runs([])


def test_a_stretch_that_is_no_longer_listed_is_said_with_its_bounds() -> None:
    look = snapshot(30, *_runs(20, 21), gapless=False)
    (event,) = of_type(found_after(snapshot(10, *_runs(1)), look), "environment.gap")
    assert (event.data["from"], event.data["to"]) == ("2026-05-04T02:10:00Z", "2026-05-04T02:20:00Z")
    assert event.time == at(20)


def test_a_job_that_was_asked_for_by_id_does_not_shorten_the_gap() -> None:
    look = snapshot(30, *_runs(20, 21), _run(1), gapless=False)
    (event,) = of_type(found_after(snapshot(10, _run(1, "running")), look), "environment.gap")
    assert (event.data["from"], event.data["to"]) == ("2026-05-04T02:10:00Z", "2026-05-04T02:20:00Z")


def test_a_gap_is_said_once() -> None:
    looks = [snapshot(30, *_runs(20, 21), gapless=False), snapshot(31, *_runs(20, 21))]
    assert len(of_type(found_after(snapshot(10, *_runs(1)), *looks), "environment.gap")) == 1
