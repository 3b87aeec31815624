"""What the status promises an operator: a poller that is dead or fails does not look healthy."""

import pytest

from shared.domain.polling import STALE_AFTER
from shared.errors import InsightsRefused, NotFound
from shared.services.environment_status import EnvironmentStatus, environment_status
from tests.factories import ENVIRONMENT, at, threshold
from tests.services.stage import ADMINISTRATOR, Stage, failed_refresh, standing_order


async def status(stage: Stage) -> EnvironmentStatus:
    """The status of the environment."""
    return await environment_status(stage.ports, ADMINISTRATOR, ENVIRONMENT)


async def test_an_environment_that_was_never_polled_has_no_status(stage: Stage) -> None:
    with pytest.raises(NotFound):
        await status(stage)


async def test_an_environment_that_is_polled_is_healthy(stage: Stage) -> None:
    await stage.subscriptions.save(standing_order("loyal", threshold=threshold(100)))
    await stage.baseline()
    stage.insights.listed = (failed_refresh(),)
    await stage.poll()
    now = await status(stage)
    assert (now.watching, now.healthy, now.watches, now.events, now.outbox) == (True, True, 1, 2, 0)
    assert (now.environment_id, now.heartbeat_at, now.heartbeat_age_seconds) == (ENVIRONMENT, at(1), 0)


async def test_an_idle_environment_stays_healthy(stage: Stage) -> None:
    await stage.poll()
    for _ in range(60):
        stage.wait(minutes=1)
        await stage.poll()
        assert (await status(stage)).healthy


async def test_a_poller_that_died_does_not_look_healthy(stage: Stage) -> None:
    await stage.poll()
    stage.wait(seconds=STALE_AFTER.total_seconds())
    now = await status(stage)
    assert (now.watching, now.healthy) == (True, False)
    assert now.heartbeat_age_seconds == STALE_AFTER.total_seconds()


async def test_an_environment_that_fails_says_since_when_and_why(stage: Stage) -> None:
    await stage.baseline()
    stage.insights.failure = InsightsRefused()
    await stage.poll()
    now = await status(stage)
    assert (now.healthy, now.failing_since, now.failing_reason) == (False, at(1), "insights_refused")


async def test_an_environment_that_never_answered_is_not_watched(stage: Stage) -> None:
    stage.insights.failure = InsightsRefused()
    await stage.poll()
    now = await status(stage)
    assert (now.watching, now.healthy, now.heartbeat_at, now.heartbeat_age_seconds) == (False, False, None, None)
