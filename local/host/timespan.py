"""How long does .NET's `[d.]hh:mm:ss` last?"""

import re
from datetime import timedelta

from local.host.errors import HostError

_TIMESPAN = re.compile(
    r"(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2})(?::(?P<seconds>\d{1,2}(?:\.\d{1,7})?))?"
)


def parse_timespan(text: str, where: str) -> timedelta:
    """Read a .NET TimeSpan; `where` names the setting that holds it."""
    found = _TIMESPAN.fullmatch(text.strip())
    if found is None:
        raise HostError(f'{where}: "{text}" is not a time span; write hh:mm:ss')
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    if hours > 23 or minutes > 59 or seconds >= 60:
        # .NET reads "24:00:00" as 24 days, which nobody means.
        raise HostError(f'{where}: "{text}" is out of range; write d.hh:mm:ss with hours below 24')
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
