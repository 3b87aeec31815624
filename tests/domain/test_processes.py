"""How is told what ended, also where the source tells little?"""

import pytest

from shared.domain.events import Event, JsonValue
from shared.domain.snapshot import Job, Task
from shared.domain.subscribing import text
from shared.errors import RequestInvalid
from tests.factories import at, found_after, job, of_type, snapshot, task

FULL, PROCESS = "refresh.completed", "process.ended"


def told(one: Job, kind: str = PROCESS) -> Event:
    """The only event of a kind that comes of a job."""
    (event,) = of_type(found_after(snapshot(0), snapshot(20, one)), kind)
    return event


def data_of(one: Job, kind: str = PROCESS) -> dict[str, JsonValue]:
    return dict(told(one, kind).data)


def test_a_job_without_tasks_is_one_process() -> None:
    event = told(job("j", "successful", operation="export", start=1, end=3))
    assert (event.id, event.time) == ("59002c49-524d-5b67-b6b7-776214ff5d5c", at(3))
    assert event.data == {
        "environmentId": event.data["environmentId"],
        "processName": "export",
        "operationType": "export",
        "outcome": "successful",
        "status": "successful",
        "jobId": "j",
        "submission": "scheduled",
        "startedAt": "2026-05-04T02:01:00Z",
        "endedAt": "2026-05-04T02:03:00Z",
        "durationSeconds": 120.0,
        "summary": "export succeeded.",
    }


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("successful", "succeeded"),
        ("failed", "failed"),
        ("timedOut", "timed out"),
        ("aborted", "was canceled"),
        ("skipped", "was skipped"),
        ("deleted", "deleted"),
    ],
)
def test_how_it_ended_is_told_in_words(status: str, words: str) -> None:
    whole = job("j", status, task("", status, operation=""), operation="all")
    assert (data_of(whole)["processName"], data_of(whole)["summary"]) == ("process", f"process {words}.")
    tally = words.removeprefix("was ")
    assert data_of(whole, FULL)["summary"] == f"The full refresh {words} (1 {tally})."


def test_a_full_refresh_without_tasks_has_no_tally() -> None:
    told_of = data_of(job("j", "successful"), FULL)
    assert (told_of["summary"], told_of["totalTasks"]) == ("The full refresh succeeded.", 0)
    assert "failedProcesses" not in told_of


def test_what_failed_or_took_too_long_is_named() -> None:
    parts = [task(name, name, task_id=name) for name in ("failed", "timedOut", "aborted")]
    whole = job("j", "failed", *parts, task("", "failed", operation="map"))
    told_of = data_of(whole, FULL)
    assert told_of["failedProcesses"] == ["failed", "timedOut"]
    assert told_of["summary"] == "The full refresh failed (2 failed, 1 timed out, 1 canceled)."


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ((), "."),
        (("",), "."),
        ((" \n ",), "."),
        ((" Too wide. \nLine 7", "Too long."), ": Too wide. "),
        (("x" * 200,), f": {'x' * 200}"),
        (("x" * 201,), f": {'x' * 200}"),
    ],
)
def test_the_first_line_of_the_first_error_is_told(errors: tuple[str, ...], said: str) -> None:
    part = Task("t", "map", "failed", "Mapping", at(1), at(2), errors)
    assert data_of(job("j", "failed", part))["summary"] == f"Mapping failed{said}"


def test_a_callback_url_may_have_2048_letters() -> None:
    assert text({"callbackUrl": "x" * 2048}, "callbackUrl") == "x" * 2048
    with pytest.raises(RequestInvalid, match="2048"):
        text({"callbackUrl": "x" * 2049}, "callbackUrl")
