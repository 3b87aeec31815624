"""What do the app's peers get to deliver? A file that says which events, and to which flows."""

from collections.abc import Sequence
from pathlib import Path

import msgspec


class Job(msgspec.Struct):
    """What to deliver: each item to each subscriber."""

    items: Sequence[msgspec.Raw]
    subscribers: Sequence[str]


def write_job(file: Path, bodies: Sequence[bytes], url: str, flows: int) -> Path:
    """Have them delivered to so many flows."""
    job = Job([msgspec.Raw(body) for body in bodies], [f"{url}{number}" for number in range(flows)])
    file.write_bytes(msgspec.json.encode(job))
    return file


def read_job(file: Path) -> Job:
    """What a file says."""
    return msgspec.json.decode(file.read_bytes(), type=Job)
