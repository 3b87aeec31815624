"""How does a check of the infrastructure say what is wrong? By file, line and rule, with what to do."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from local.infra.project import Project


class Finding(NamedTuple):
    """One thing that is wrong: `rule` is the compiler's name for it, `plans` are those that it is wrong in, if some."""

    path: Path
    line: int
    wrong: str
    advice: str
    rule: str = ""
    plans: tuple[str, ...] = ()


class Note(str):
    """What a check says about itself, such as how much it looked at."""

    __slots__ = ()


class NotDone(Exception):
    """A check cannot be made here: why, and what to do."""


@dataclass(frozen=True, slots=True)
class Check:
    """A question to the files, and who answers it. `run` may raise NotDone; `takes` says so when it takes long."""

    name: str
    question: str
    run: Callable[[Project], Iterable[Finding | Note]]
    takes: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A check that was made, with what it found; or why it was not made."""

    check: Check
    findings: tuple[Finding, ...] = ()
    not_done: str = ""
    notes: tuple[Note, ...] = ()


def make(check: Check, project: Project) -> Made:
    """Make a check; what a comment in the file asks not to hear of is left out."""
    try:
        found = tuple(dict.fromkeys(check.run(project)))
    except NotDone as reason:
        return Made(check, not_done=str(reason))
    listed = sorted(merged(one for one in found if isinstance(one, Finding)))
    heard = tuple(one for one in listed if not project.silenced(one.path, one.line, one.rule))
    return Made(check, heard, notes=tuple(one for one in found if isinstance(one, Note)))


def merged(found: Iterable[Finding]) -> Iterator[Finding]:
    """Findings that differ only by plan are one."""
    plans: dict[Finding, dict[str, None]] = {}
    for one in found:
        plans.setdefault(one._replace(plans=()), {}).update(dict.fromkeys(one.plans))
    yield from (one._replace(plans=tuple(names)) for one, names in plans.items())
