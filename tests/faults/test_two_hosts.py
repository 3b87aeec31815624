"""Do two functions hosts on one storage account come to what one comes to? `./dev run --hosts 2`, for a whole day."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.days import Report, event_ids, played
from tests.faults.profile import FULL
from tests.tally import Tally

HOUR = Path(__file__).with_name("two_hosts.toml")
_RAN = re.compile(r"Executed 'Functions\.(\w+)' \(Succeeded")


def ran(report: Report) -> list[list[str]]:
    """The functions that each host ran to their end, in order."""
    return [_RAN.findall(said) for said in report["hosts"]]


def require_whole(report: Report, expected: int) -> None:
    """Everything that a flow expects came, and nothing else."""
    assert report["missing"] == report["unexpected"] == []
    assert report["delivered"] == report["expected"] == len(report["events"]) == expected


def require_both_at_work(report: Report) -> None:
    """Both take messages. A busy machine may keep a host from its lease for so long that the other takes the timers."""
    assert any("tick" in functions for functions in ran(report))
    assert all(ran(report))


@pytest.mark.skipif(FULL, reason="the full profile plays the whole day")
def test_an_hour_with_two_hosts_is_told_once(tmp_path: Path, tally: Tally) -> None:
    """Each event reaches its flow, once."""
    report = played(tmp_path / "report.json", "--scenario", str(HOUR), "--speed", "600", hosts=2)
    require_whole(report, 8)
    assert report["duplicates"] == 0
    require_both_at_work(report)
    tally.figure("deliveries of an hour of two hosts", report["delivered"])


@pytest.mark.skipif(not FULL, reason="three whole days; an hour is played instead")
def test_a_day_with_two_hosts_is_a_day_with_one(tmp_path: Path, tally: Tally) -> None:
    """The same events with the same ids; repeats only where hosts were killed in turn, every four seconds, and no more
    than the kills explain.

    The three days are played side by side, for most of each is waiting.
    """

    def play(name: str, *options: str, hosts: int = 2) -> Report:
        return played(tmp_path / f"{name}.json", *options, hosts=hosts)

    with ThreadPoolExecutor() as days:
        first = days.submit(play, "one", "--speed", "2400", hosts=1)
        second = days.submit(play, "two")
        third = days.submit(play, "killed", "--kill-every", "4")
        one, two, killed = first.result(), second.result(), third.result()
    for report in (one, two, killed):
        require_whole(report, 35)
        assert event_ids(report) == event_ids(one)
        tally.add()
    assert one["duplicates"] == two["duplicates"] == 0
    require_both_at_work(two)
    assert all("tick" in functions for functions in ran(killed)), "no host took the timers over"
    assert killed["kills"] >= 5
    assert killed["unexplained"] == 0
    tally.figure("kills in a day of two hosts", killed["kills"])
    tally.figure("repeats in a day of kills of two hosts", killed["duplicates"])
