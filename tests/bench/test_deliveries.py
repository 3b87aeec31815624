"""Does the bench of deliveries measure what it says: everything arrives, each delivery once, beside the same calls?"""

from pathlib import Path

import pytest

from bench.apart import told
from bench.app import running_sink
from bench.bodies import bodies
from bench.delivered import UNITS, Delivered
from bench.deliveries import BY_TWO, CELERY, LARGEST, LEFT_OUT, PART, PEERS, SHAPES, named
from bench.figures import Bench
from bench.jobs import read_job, write_job
from bench.processes import can_tell
from bench.sink import Told, header
from bench.source import Source

needs_proc = pytest.mark.skipif(not can_tell(), reason="the CPU time of other processes is read from /proc")


@needs_proc
def test_all_that_changed_reaches_all_flows_once_and_the_peers_are_left_out_when_it_must_be_quick(
    tmp_path: Path,
) -> None:
    figures = {one.name: one for one in PART.run(Bench(tmp_path, 1, quick=True, tell=lambda _: None))}
    assert figures["20 x 3: called twice"].value == 0, "and fewer than 60, or more, would have raised"
    assert set(figures) == {
        *(f"20 x 3: {what}" for what in (*UNITS, "bare aiohttp", "bare aiohttp, CPU")),
        *(f"slow flow: {what}" for what in ("deliveries", "the flow's own limit", "most calls at once")),
        *(f"Azurite: send, receive, delete, {size} KiB" for size in (1, 40)),
    }
    assert figures["slow flow: most calls at once"].value == 1, "five events are one message"


def test_what_is_promised_is_measured() -> None:
    """The names of ratios and limits are those of the figures of a whole run."""
    beside = {(shape, name) for shape in SHAPES for name in ("bare aiohttp", *PEERS) if (name, shape) not in LEFT_OUT}
    runs = [(shape, 1) for shape in SHAPES] + [(shape, 2) for shape in BY_TWO]
    names = {f"{named(shape, hosts)}: {what}" for shape, hosts in runs for what in UNITS}
    names |= {f"{shape.name}: {name}" for shape, name in beside}
    names |= {"slow flow: deliveries", "slow flow: the flow's own limit"}
    assert {name for ratio in PART.ratios for name in (ratio.upper, ratio.lower)} <= names
    assert {limit.name for limit in PART.limits} <= names
    both = ("", ", two hosts")
    assert {ratio.name for ratio in PART.ratios if ratio.target is not None} == {
        *(f"10,000 x 1{hosts}: end to end to {name}" for hosts in both for name in ("bare aiohttp", "Celery")),
        *(f"10,000 x 10{hosts}: end to end to {name}" for hosts in both for name in ("bare aiohttp", "BullMQ")),
        "slow flow: share of the flow's own limit",
    }
    assert (CELERY, LARGEST) in LEFT_OUT


def test_the_clock_begins_with_the_first_look_at_what_changed() -> None:
    found = Delivered(1000, 100.0, 101.0, 102.0, 1003, 16, app_cpu=0.5, storage_cpu=0.25)
    assert dict(found.values()) == {
        "end to end": 500,
        "first call after": 1,
        "from first to last call": 1000,
        "CPU of the app": 0.5,
        "CPU of the storage emulator": 0.25,
        "called twice": 3,
    }


async def test_the_peers_deliver_the_bytes_that_the_app_delivers(tmp_path: Path) -> None:
    found = await bodies(3)
    job = read_job(write_job(tmp_path / "job.json", found, "http://127.0.0.1:1/flow/", 2))
    assert [bytes(item) for item in job.items] == found
    assert job.subscribers == ["http://127.0.0.1:1/flow/0", "http://127.0.0.1:1/flow/1"]
    assert all(b'"Export 0000%d' % number in body for number, body in enumerate(found))


async def test_the_bare_client_calls_each_flow_for_each_event(tmp_path: Path) -> None:
    """And a delivery that comes again is a call more, but no delivery more."""
    with running_sink(tmp_path) as sink:
        job = write_job(tmp_path / "job.json", await bodies(100), sink.url, 3)
        for calls in (300, 600):
            told("bench.bare", str(job))
            came = sink.wait(300, 10)
            assert (came["calls"], came["distinct"]) == (calls, 300)
        assert len(sink.take(each=True)["came_at"]) == 300
        assert sink.take()["calls"] == 0


def test_the_inbox_knows_a_delivery_by_its_path_and_its_id() -> None:
    head = b"POST /flow/1 HTTP/1.1\r\nHost: a\r\nWebhook-Id:  one \r\nContent-Length: 7"
    assert header(head, b"\r\nwebhook-id:") == b"one"
    assert header(head, b"\r\ncontent-length:") == b"7"
    assert header(head, b"\r\nretry-after:") == b""


def test_the_inbox_keeps_when_a_delivery_came_first() -> None:
    told = Told()
    for delivery, now in ((b"a", 1.0), (b"b", 2.0), (b"a", 3.0)):
        told.note(delivery, now)
    assert (told.calls, told.first_at, told.last_at, told.most_at_once) == (3, 1.0, 2.0, 3)
    told.forget()
    assert (told.calls, told.first_at, told.waiting) == (0, 0.0, 3), "three wait for their answers"


def test_the_source_notes_who_looks_first_after_each_change() -> None:
    source = Source(sources=0, segments=0, processes=2)
    source.answer("jobs")
    looked_at = source.asked_at
    assert looked_at
    source.grow()
    assert source.asked_at == 0
    source.answer("status")
    assert source.asked_at == 0, "only the jobs show that it changed"
    body = source.answer("jobs")
    assert source.asked_at >= looked_at
    assert body.count(b"taskId") == 2
    source.end(1)
    assert source.answer("jobs").count(b"taskId") == 3, "a job more"
