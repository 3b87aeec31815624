"""How does a check say what is wrong? As findings: where it is, what is wrong there and what to do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from local.connector.package import Package


class Finding(NamedTuple):
    """One thing that is wrong."""

    where: str
    wrong: str
    advice: str

    def __str__(self) -> str:
        return f"{self.where}: {self.wrong}. {self.advice}."


@dataclass(frozen=True, slots=True)
class Check:
    """A check that was made, with what it found; or why it was not made."""

    group: str
    name: str
    findings: tuple[Finding, ...] = ()
    skipped: str = ""


Rule = Callable[[Package], Iterator[Finding]]


def name_of(rule: Rule) -> str:
    """A rule's name as a person reads it."""
    return rule.__name__.replace("_", " ")
