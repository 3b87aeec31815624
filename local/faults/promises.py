"""What is promised, and by which parts of the suite is each promise held to account?"""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Way(StrEnum):
    """How a part is run."""

    TESTS = "tests"
    FUZZ = "fuzz"
    MUTATION = "mutation"


@dataclass(frozen=True, slots=True)
class Part:
    """One part: what it tries, in a sentence for docs/reliability.md, and the tests that do."""

    name: str
    tries: str
    tests: tuple[str, ...] = ()
    way: Way = Way.TESTS


@dataclass(frozen=True, slots=True)
class Promise:
    """What users may rely on, under a short name."""

    name: str
    says: str
    parts: tuple[Part, ...]


def place(promise: Promise, part: Part) -> Path:
    """The folder of what a part says, below that of the suite."""
    return Path(promise.name, slug(part.name))


def slug(name: str) -> str:
    """A name as a folder's."""
    return re.sub(r"\W+", "-", name.lower()).strip("-")
