"""What is promised, and by which parts of the suite is each promise held to account?"""

from dataclasses import dataclass
from enum import StrEnum


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
