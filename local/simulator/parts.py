"""What can a job work on, and what becomes of it over time: made, deleted, renamed, switched off and on. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a job can work on: a source, a stage of unification, a segment, a measure, another process.

    A part that is renamed is still the same part.
    """

    key: str
    operation: str
    identifier: str
    friendly_name: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Edit:
    """Something that a person does to a part; `to` is the new name of one that is renamed."""

    at: datetime
    part: Part
    what: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a part stands at one time. `made_at` is None for what has been there from the beginning."""

    friendly_name: str
    there: bool = True
    active: bool = True
    made_at: datetime | None = None
    edited_at: datetime | None = None

    def after(self, edit: Edit, first_name: str) -> "Standing":
        """How it stands once it has been edited; what is made anew has its first name again."""
        if edit.what == "create":
            return Standing(first_name, made_at=edit.at, edited_at=edit.at)
        changed = {
            "delete": {"there": False},
            "rename": {"friendly_name": edit.to},
            "deactivate": {"active": False},
            "activate": {"active": True},
        }[edit.what]
        return replace(self, **changed, edited_at=edit.at)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Life:
    """A stretch in which a part is there, from `made_at` (None: from the beginning) to `gone_at` (None: to the end)."""

    made_at: datetime | None = None
    gone_at: datetime | None = None

    def holds(self, began: datetime, ended: datetime) -> bool:
        """Whether work that began and ended at these times was done on the part while it was there."""
        return (self.made_at is None or began >= self.made_at) and (self.gone_at is None or ended < self.gone_at)


def standing(part: Part, edits: Iterable[Edit], now: datetime) -> Standing:
    """How the part stands at this time. What is made later is not there before."""
    own = edits_of(part, edits)
    found = Standing(part.friendly_name, there=not own or own[0].what != "create")
    for edit in own:
        if edit.at <= now:
            found = found.after(edit, part.friendly_name)
    return found


def just_before(edit: Edit, edits: Iterable[Edit]) -> Standing:
    """How the edit finds its part."""
    return standing(edit.part, edits, edit.at - timedelta(microseconds=1))


def lives(part: Part, edits: Iterable[Edit]) -> Iterator[Life]:
    """Every stretch in which the part is there, the earliest first."""
    own = edits_of(part, edits)
    life = None if own and own[0].what == "create" else Life()
    for edit in own:
        if edit.what == "create":
            life = Life(edit.at)
        elif edit.what == "delete" and life:
            yield replace(life, gone_at=edit.at)
            life = None
    if life:
        yield life


def edits_of(part: Part, edits: Iterable[Edit]) -> list[Edit]:
    """What is done to this part, in the order of time."""
    return sorted((edit for edit in edits if edit.part == part), key=lambda edit: edit.at)


def why_not(edit: Edit, before: Standing) -> str | None:
    """Why the edit makes no sense to a part that stands so, if it makes none."""
    if edit.what == "create":
        return "it is there already" if before.there else None
    if not before.there:
        return "it is not there"
    if edit.what in ("activate", "deactivate") and before.active is (edit.what == "activate"):
        return "it is so already"
    return None
