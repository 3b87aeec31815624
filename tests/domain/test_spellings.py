"""A word of the API gets its documented spelling, however it is written; one that nobody knows stays as it is."""

import pytest

from shared.domain.snapshot import ENDED_STATUSES, OPERATION_TYPES, RUNNING_STATUSES, SUBMISSIONS, Job, Node, Task

STATUSES = (*RUNNING_STATUSES, *ENDED_STATUSES)


@pytest.mark.parametrize("write", [str, str.upper, str.lower, str.title])
def test_known_words_are_written_as_documented(write: object) -> None:
    assert callable(write)
    for status in STATUSES:
        for thing in (Node("", "n", status=write(status)), Task("t", "", write(status)), Job("j", "", write(status))):
            assert thing.status == status
    for operation in OPERATION_TYPES:
        for one in (Node(write(operation), "n"), Task("t", write(operation), ""), Job("j", write(operation), "")):
            assert one.operation_type == operation
    assert [Job("j", "", "", write(submission)).submission for submission in SUBMISSIONS] == list(SUBMISSIONS)


def test_an_unknown_word_stays_as_it_is() -> None:
    new = "SomethingNew"
    assert (Node(new, "n", status=new).status, Node(new, "n").operation_type) == (new, new)
    assert (Task("t", new, new).status, Task("t", new, new).operation_type) == (new, new)
    job = Job("j", new, new, new)
    assert (job.status, job.operation_type, job.submission) == (new, new, new)
