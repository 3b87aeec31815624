"""What a tick promises: a poll of every environment that is listed or has a subscription, packed."""

from shared.ports import PollRequest, Queue
from shared.services.start_polls import start_polls
from tests.services.stage import Stage, standing_order


async def _asked(stage: Stage) -> list[PollRequest]:
    """What was asked for since the last time."""
    found = []
    while body := stage.queues.take(Queue.POLLS):
        found.append(await stage.queues.read_polls(body))
    return found


async def test_listed_environments_and_those_with_a_subscription_are_polled_once_each(stage: Stage) -> None:
    for name, environment_id in (("one", "b"), ("two", "c"), ("three", "c")):
        await stage.subscriptions.save(standing_order(name, environment_id=environment_id))
    assert await start_polls(stage.ports, ["b", "a", "a"]) == 3
    assert await _asked(stage) == [PollRequest(("a", "b", "c"))]


async def test_sixteen_environments_share_a_message(stage: Stage) -> None:
    listed = [f"env-{number:02}" for number in range(33)]
    assert await start_polls(stage.ports, listed) == 33
    asked = await _asked(stage)
    assert [len(one.environment_ids) for one in asked] == [16, 16, 1]
    assert [environment_id for one in asked for environment_id in one.environment_ids] == listed


async def test_without_an_environment_nothing_is_asked_for(stage: Stage) -> None:
    assert await start_polls(stage.ports, []) == 0
    assert await _asked(stage) == []


async def test_a_tick_asks_for_ordinary_polls_without_delay(stage: Stage) -> None:
    await start_polls(stage.ports, ["a"])
    assert stage.delays(Queue.POLLS) == [0]
    assert await _asked(stage) == [PollRequest(("a",))]
