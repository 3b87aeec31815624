"""Work is started once: what got no answer is looked for among the newest jobs, and never asked for again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.adapters.memory_actions import MemoryActions
from shared.domain.snapshot import Job, JobList
from shared.errors import InsightsDeclined, InsightsError, InsightsOutcomeUnknown, InsightsUnavailable
from shared.services.start_refresh import Work, start_refresh
from tests.factories import ENVIRONMENT, START
from tests.services.named import named

SECOND = timedelta(seconds=1)
MINE = Job("mine", "segmentation", "queued", "onDemand", START, None, ("'Loyal'",))
SAID = "No answer."


class Silent(MemoryActions):
    """Starts nothing that it would tell of, and lists what a test sets."""

    listed: tuple[Job, ...] = ()
    asked: tuple[int, ...] = ()
    refusal: InsightsError = InsightsOutcomeUnknown(SAID)
    unlisted: InsightsError | None = None

    async def start_job(self, environment_id: str, operation_type: str, identifier: str = "") -> Job:
        self.calls.append("start_job")
        raise self.refusal

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        self.asked += (top,)
        if self.unlisted:
            raise self.unlisted
        return JobList(self.listed, START + 3 * SECOND, len(self.listed))


def clock(*seconds: float) -> Callable[[], datetime]:
    """Our clock, which is an hour off the source's: what it says from call to call."""
    left = list(seconds)
    return lambda: START + timedelta(hours=1, seconds=left.pop(0))


async def started(actions: Silent, work: Work = Work.SEGMENT, identifier: str = "loyal") -> Job:
    """Three seconds pass between the start and the list, so the start was at START by the source's clock."""
    return await start_refresh(named(actions), clock(0, 3), ENVIRONMENT, work, identifier)


def showing(*jobs: Job) -> Silent:
    """An environment whose newest jobs are these."""
    actions = Silent()
    actions.listed = jobs
    return actions


async def test_what_is_started_is_told() -> None:
    actions = MemoryActions()
    job = await start_refresh(named(actions), clock(0), ENVIRONMENT, Work.SEGMENT, "Loyal")
    assert (job.operation_type, job.identifiers) == ("segmentation", ("Loyal",))
    everything = await start_refresh(named(actions), clock(0), ENVIRONMENT, Work.EVERYTHING)
    assert (everything.operation_type, everything.identifiers) == ("all", ())


async def test_a_start_without_an_answer_is_found_and_not_repeated() -> None:
    """The first that fits, however the API writes its name."""
    actions = showing(replace(MINE, job_id="newest", operation_type="measures"), MINE, replace(MINE, job_id="older"))
    assert await started(actions) == MINE
    assert (actions.calls, actions.asked) == (["start_job"], (25,))
    assert await started(showing(replace(MINE, identifiers=()), MINE), identifier="") == replace(MINE, identifiers=())
    crossed = replace(MINE, identifiers=("Lapsed", "'XL'"))
    assert await started(showing(crossed), identifier="xl") == crossed


@pytest.mark.parametrize(
    "other",
    [
        replace(MINE, operation_type="measures"),
        replace(MINE, submission="scheduled"),
        replace(MINE, submitted_at=None),
        replace(MINE, submitted_at=START - 5 * SECOND - timedelta(microseconds=1)),
        replace(MINE, identifiers=("Lapsed",)),
        replace(MINE, identifiers=()),
    ],
    ids=["other work", "by schedule", "no time", "before", "of another", "of none"],
)
async def test_another_job_is_not_taken_for_it(other: Job) -> None:
    with pytest.raises(InsightsOutcomeUnknown) as raised:
        await started(showing(other))
    assert str(raised.value) == (
        f"{SAID} It is not known whether the job was started: list the jobs before you try again."
    )


async def test_clocks_may_differ_by_five_seconds() -> None:
    early = replace(MINE, submitted_at=START - 5 * SECOND)
    assert await started(showing(early)) == early


async def test_jobs_that_cannot_be_listed_leave_it_unknown() -> None:
    actions = showing(MINE)
    actions.unlisted = InsightsUnavailable()
    with pytest.raises(InsightsOutcomeUnknown):
        await started(actions)


async def test_a_start_that_is_declined_is_declined() -> None:
    actions = showing(MINE)
    actions.refusal = InsightsDeclined()
    with pytest.raises(InsightsDeclined):
        await started(actions)
    assert actions.asked == ()
