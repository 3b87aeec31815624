"""When does a timer fire next, and did it miss an occurrence? Pure: the time is always handed in."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Protocol

import msgspec
from croniter import CroniterError, croniter

from local.host.errors import HostError
from local.host.timespan import parse_timespan

NEVER = datetime.min.replace(tzinfo=UTC)
_NCRONTAB = re.compile(r"(?:[\d*,/\-]+|[A-Za-z]{3}(?![A-Za-z]))+")
_MONITORED_FROM = timedelta(minutes=1)


class Schedule(Protocol):
    """A rule for occurrences."""

    def after(self, moment: datetime) -> datetime:
        """Tell the first occurrence later than the moment."""
        ...


@dataclass(frozen=True, slots=True)
class CronSchedule:
    """Occurrences by NCRONTAB: second, minute, hour, day, month, day of week; UTC."""

    expression: str

    def after(self, moment: datetime) -> datetime:
        """Tell the first occurrence later than the moment."""
        # NCRONTAB wants day and weekday both to fit, where classic cron wants either.
        occurrences = croniter(self.expression, moment, day_or=False, second_at_beginning=True)
        found: datetime = occurrences.get_next(datetime)
        return found


@dataclass(frozen=True, slots=True)
class IntervalSchedule:
    """Occurrences at a constant distance."""

    interval: timedelta

    def after(self, moment: datetime) -> datetime:
        """Tell the first occurrence later than the moment."""
        return moment + self.interval


class TimerStatus(msgspec.Struct, frozen=True, rename="pascal"):
    """What a monitored timer remembers between two lives of the host."""

    last: datetime
    next_at: datetime = msgspec.field(name="Next")
    last_updated: datetime


def parse_schedule(text: str, where: str) -> Schedule:
    """Read an NCRONTAB expression of six fields (or five, without seconds) or a time span."""
    fields = text.split()
    if len(fields) == 1:
        interval = parse_timespan(text, where)
        if not interval:
            raise HostError(f'{where}: the interval "{text}" must be longer than zero')
        return IntervalSchedule(interval)
    expression = " ".join(fields if len(fields) != 5 else ["0", *fields])
    if len(fields) not in {5, 6} or not all(map(_NCRONTAB.fullmatch, fields)):
        raise HostError(f'{where}: "{text}" is not NCRONTAB; write: second minute hour day month weekday')
    try:
        CronSchedule(expression).after(datetime(2000, 1, 1, tzinfo=UTC))
    except CroniterError as error:
        raise HostError(f'{where}: "{text}" is not NCRONTAB: {error}') from error
    return CronSchedule(expression)


def is_monitored(schedule: Schedule, use_monitor: bool | None, now: datetime) -> bool:
    """Azure keeps the status of timers that are at least a minute apart."""
    moments = [now]
    for _ in range(10):
        moments.append(schedule.after(moments[-1]))
    gaps = (later - earlier for earlier, later in pairwise(moments[1:]))
    return use_monitor is not False and all(gap >= _MONITORED_FROM for gap in gaps)


def first_status(schedule: Schedule, now: datetime) -> TimerStatus:
    """What a timer remembers that never ran."""
    return TimerStatus(last=NEVER, next_at=schedule.after(now), last_updated=now)


def status_after(schedule: Schedule, started: datetime) -> TimerStatus:
    """What a timer remembers once the run of `started` is over."""
    return TimerStatus(last=started, next_at=schedule.after(started), last_updated=started)


def resumed(schedule: Schedule, remembered: TimerStatus | None, now: datetime) -> tuple[TimerStatus, bool]:
    """Where a timer stands when its host starts, and whether it missed an occurrence meanwhile.

    A status that another schedule wrote is no ground for a late run.
    """
    if remembered is None:
        return first_status(schedule, now), False
    if schedule.after(remembered.last_updated) != remembered.next_at:
        return TimerStatus(remembered.last, schedule.after(now), now), False
    return remembered, now > remembered.next_at


def next_occurrence(schedule: Schedule, status: TimerStatus, now: datetime) -> datetime:
    """When to fire next; occurrences that a long run covered are not made up for."""
    return status.next_at if status.next_at > now else schedule.after(now)
