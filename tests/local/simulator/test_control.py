"""Can the source be steered: its clock, its faults, and what it tells a person?"""

import json
from datetime import UTC, datetime, timedelta

import pytest

from local.simulator.clock import Clock
from local.simulator.faults import KINDS
from tests.local.simulator.conftest import Caller

START = datetime(2026, 3, 2, tzinfo=UTC)
END = START + timedelta(days=1)


class Ticks:
    """Real seconds that pass when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def clock_at_start(ticks: Ticks, speed: float = 1440) -> Clock:
    return Clock(anchor=START, end=END, speed=speed, paused=True, monotonic=ticks)


def test_the_clock_stands_runs_stops_and_jumps() -> None:
    ticks = Ticks()
    clock = clock_at_start(ticks)
    ticks.now += 5
    assert clock.now() == START
    clock = clock.started()
    ticks.now += 1
    assert clock.now() == START + timedelta(minutes=24)
    clock = clock.started(60)
    ticks.now += 1
    clock = clock.stopped()
    ticks.now += 50
    assert clock.now() == START + timedelta(minutes=25)
    assert clock.at(END).now() == END


def test_a_day_takes_a_minute_and_afterwards_time_goes_at_real_pace() -> None:
    ticks = Ticks()
    clock = clock_at_start(ticks).started()
    ticks.now += 60
    assert clock.ended()
    ticks.now += 10
    assert clock.now() == END + timedelta(seconds=10)


async def test_the_clock_is_steered_over_http(caller: Caller) -> None:
    state = await caller.control("start", {"speed": 1000})
    assert (state["speed"], state["paused"], state["ended"]) == (1000, False, False)
    assert (await caller.control("pause", {}))["paused"] is True
    assert (await caller.control("jump", {"to": END.isoformat()}))["ended"] is True


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("start", '{"speed": 0}'),
        ("start", '{"speed": "fast"}'),
        ("jump", "{}"),
        ("jump", '{"to": "2026-03-02T12:00:00"}'),
        ("faults", '{"kind": "explode"}'),
        ("faults", "{"),
    ],
)
async def test_a_wrong_command_is_told_in_one_line(caller: Caller, what: str, body: str) -> None:
    async with caller.client.post(f"/control/{what}", data=body) as answer:
        assert answer.status == 400
        assert len((await answer.text()).splitlines()) == 1


async def test_a_fault_of_no_kind_is_told_the_kinds(caller: Caller) -> None:
    async with caller.client.post("/control/faults", data='{"kind": "explode"}') as answer:
        assert f"kind is one of {', '.join(KINDS)}" in await answer.text()


async def test_calls_are_counted_by_name(caller: Caller) -> None:
    await caller.get("/workflows/main/jobs")
    await caller.get("/manage/workflows/main/jobs")
    await caller.get("/manage/segments")
    await caller.ask("/nowhere")
    state = await caller.control("state")
    assert state["calls"] == {"GET jobs": 2, "GET segments": 1, "GET unknown path": 1}
    assert state["total_calls"] == 4


async def test_changes_are_told_line_by_line_and_each_once(caller: Caller) -> None:
    await caller.jump("02:12")
    first = await caller.control("changes")
    assert [change["text"] for change in first] == [
        "'Nightly refresh' started by schedule",
        "Store tills was refreshed",
        "Web orders failed: The storage account refused the key.",
    ]
    await caller.jump("02:50")
    more = await caller.control(f"changes?since={first[-1]['number']}")
    assert [change["number"] for change in more] == list(range(4, 4 + len(more)))
    assert "High value customers: 940 -> 985 members" in [change["text"] for change in more]
    assert "Average basket: Value 47.90 -> Value 48.75" in [change["text"] for change in more]


async def test_throttling_says_when_to_come_again_and_ends(caller: Caller) -> None:
    await caller.control("faults", {"kind": "throttle", "times": 2, "retry_after": 3})
    answers = [await caller.ask("/workflows/main/jobs") for _ in range(3)]
    assert [status for status, _, _ in answers] == [429, 429, 200]
    assert answers[0][1]["Retry-After"] == "3"


async def test_a_fault_befalls_its_path_and_environment_only(caller: Caller) -> None:
    home = caller.simulation.scenario.environments[0].id
    await caller.control("faults", {"kind": "fail", "environment": home, "path": "segments"})
    status, _, body = await caller.ask("/manage/segments")
    assert (status, body["httpStatusCode"], body["exceptionCulprit"]) == (500, "500", "system")
    assert (await caller.ask("/workflows/main/jobs"))[0] == 200
    await caller.control("faults", {"kind": "none"})
    await caller.control("faults", {"kind": "fail", "environment": "another"})
    assert (await caller.ask("/manage/segments"))[0] == 200


async def test_a_slow_answer_is_the_right_answer(caller: Caller) -> None:
    await caller.control("faults", {"kind": "slow", "seconds": 0.01})
    assert (await caller.ask("/manage/segments"))[0] == 200


async def test_garbage_is_by_turns_no_json_and_json_of_wrong_types(caller: Caller) -> None:
    await caller.jump("03:00")
    await caller.control("faults", {"kind": "garbage", "times": 2})
    good = []
    for _ in range(2):
        async with caller.client.get(f"{caller.root}/workflows/main/jobs", headers=caller.headers) as answer:
            assert answer.status == 200
            good.append(await answer.text())
    with pytest.raises(json.JSONDecodeError):
        json.loads(good[0])
    assert json.loads(good[1])[0]["jobId"] == 17
