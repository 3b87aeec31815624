"""Would a defect be told? Endings that are wrong, and errors that no crash explains."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from azure.core.exceptions import ServiceRequestError

from shared.errors import Conflict, MessageInvalid
from shared.ports import Ports, Queue
from shared.services import put_off
from tests.factories import START
from tests.faults.crash_callers import STARTS
from tests.faults.crash_fuse import StoryFuse
from tests.faults.crash_history import Entry, History, What, flow_of
from tests.faults.crash_host import MemoryHost, in_silence
from tests.faults.crash_judge import Ending, faults_of
from tests.faults.test_crash_services import ending_of
from tests.services.stage import Stage


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ending]:
    """What is left of the story without a crash."""
    monkeypatch.setattr(put_off, "STEP_SECONDS", 7 * 24 * 3600)
    with in_silence():
        yield ending_of(StoryFuse())


def crashed(whole: Ending, *noted: Entry, jobs: int = 0) -> Ending:
    """An ending like that of the story, with more in its history, and so many jobs more."""
    return replace(whole, history=[*whole.history, *noted], jobs=whole.jobs + jobs)


def again(whole: Ending, *flows: str, event: str = "") -> list[Entry]:
    """The calls that flows took once more: all of theirs, or those about an event."""
    took = [one for one in whole.history if one.what is What.CALLED and one.took]
    return [one for one in took if not flows or flow_of(one.name) in flows if not event or event in one.events]


def beyond(whole: Ending, *noted: Entry) -> bool:
    """Whether something came again that was not in flight."""
    return any("times more" in fault for fault in faults_of(crashed(whole, *noted), whole))


def test_the_judge_lets_pass_only_what_was_in_flight(whole: Ending) -> None:
    """Of one crash once, of two twice where both hit it; not what somebody was replayed, nor another commit's."""
    hit, (one, *_) = Entry(What.HIT, "deliveries"), again(whole, "steady")
    for_steady, for_all = Entry(What.IN_FLIGHT, "steady", one.events), Entry(What.IN_FLIGHT, "", one.events)
    others = again(whole, event=one.events[0])
    assert not beyond(whole, hit, for_steady, one)
    assert not beyond(whole, hit, for_all, one)
    assert not beyond(whole, hit, for_steady, hit, for_all, one, one)
    each_once = {call.events: call for call in again(whole, "steady")}.values()
    assert not beyond(whole, hit, Entry(What.IN_FLIGHT, "steady"), *each_once)
    for wrong in (
        [one],
        [hit, one],
        [hit, for_steady, *again(whole, "steady")],
        [hit, for_steady, *others],
        [hit, for_steady, one, one],
        [hit, for_steady, for_all, one, one],
        [hit, for_all, *again(whole)],
        [hit, for_steady, hit, one, one],
        [hit, hit, *again(whole), *again(whole)],
    ):
        assert beyond(whole, *wrong), wrong


def test_the_judge_lets_pass_what_was_asked_for_of_somebody_elses_dead(whole: Ending) -> None:
    """Once for each that the story without a crash had not; what that had too is no excuse."""
    one = again(whole, "steady")[0]
    asked = Entry(What.ASKED, one.name, one.events)
    assert not beyond(whole, asked, one)
    assert beyond(whole, asked, one, one)
    known = next(entry for entry in whole.history if entry.what is What.ASKED)
    assert beyond(whole, *again(whole, flow_of(known.name), event=known.events[0]))


@pytest.mark.parametrize(("died", "after", "allowed"), [(1, 0, {0}), (1, 1, {0, 1}), (0, 0, {0, -1}), (0, 1, {0})])
def test_the_judge_counts_jobs(whole: Ending, died: int, after: int, allowed: set[int]) -> None:
    """Who got no answer starts one more; one that is not known to have been started is not repeated."""
    hit, elsewhere = Entry(What.HIT, STARTS), Entry(What.HIT, "call")
    for jobs in range(-2, 3):
        told = faults_of(crashed(whole, hit, jobs=jobs), whole, died=bool(died), after=bool(after))
        assert (not told) == (jobs in allowed)
        told = faults_of(crashed(whole, elsewhere, jobs=jobs), whole, died=bool(died), after=bool(after))
        assert (not told) == (jobs == 0)


@pytest.mark.parametrize("error", [TypeError("ours"), Conflict(), ServiceRequestError("of storage")])
async def test_an_error_without_a_crash_ends_the_story(error: Exception) -> None:
    async def fail(ports: Ports) -> None:
        raise error

    host = MemoryHost(Stage(), StoryFuse(), History())
    for step in (host.call, host.timer):
        with pytest.raises(type(error)):
            await step(fail)


async def test_a_message_that_cannot_be_handled_ends_the_story() -> None:
    host = MemoryHost(Stage(), StoryFuse(), History())
    host.stage.queues.messages[Queue.REFRESH_EVENTS].append((b"{}", 0))
    with pytest.raises(MessageInvalid):
        await host.settle()


@pytest.mark.parametrize("lasting", [False, True])
async def test_an_error_at_the_repeat_of_a_call_ends_the_story(*, lasting: bool) -> None:
    """The crash was the time before."""
    fuse = StoryFuse(frozenset({1}), lasting=lasting)
    host = MemoryHost(Stage(), fuse, History())

    async def fail(ports: Ports) -> None:
        if fuse.blown:
            raise Conflict
        await ports.log.forget(START)

    with pytest.raises(Conflict):
        await host.call(fail)
    assert fuse.blown == 1


async def test_an_error_of_ours_beside_a_crash_ends_the_story() -> None:
    """A TypeError is not what becomes of a crash."""
    host = MemoryHost(Stage(), StoryFuse(frozenset({1})), History())

    async def fail(ports: Ports) -> None:
        try:
            await ports.log.forget(START)
        except Exception:
            raise TypeError from None

    with pytest.raises(TypeError):
        await host.timer(fail)
