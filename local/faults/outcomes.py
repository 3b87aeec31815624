"""What came of a part of the suite, and of a whole run, as it is kept in a results file?"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from local.errors import LocalError


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one part came to. `failed` names what fell short; `not_done` says why nothing was tried."""

    part: str
    cases: int = 0
    failures: int = 0
    skipped: int = 0
    seconds: float = 0.0
    figures: dict[str, float] = {}
    failed: tuple[str, ...] = ()
    not_done: str = ""

    @property
    def is_good(self) -> bool:
        """Whether something was tried and nothing fell short."""
        return not self.failures and not self.not_done and self.cases > 0


class Results(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run: when, of which code (its digest) and where it was, and what each part of each promise came to."""

    day: str
    profile: str
    code: str
    machine: str
    versions: dict[str, str]
    seconds: float
    promises: dict[str, tuple[Outcome, ...]]

    @property
    def is_good(self) -> bool:
        """Whether nothing fell short."""
        return all(outcome.is_good for outcomes in self.promises.values() for outcome in outcomes)


def added(outcomes: tuple[Outcome, ...]) -> tuple[int, int]:
    """Cases and failures of a promise."""
    return sum(one.cases for one in outcomes), sum(one.failures for one in outcomes)


def written(results: Results) -> bytes:
    """A results file's content."""
    return msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n"


def read_results(file: Path) -> Results:
    """Read a results file. Raises LocalError."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Results)
    except (OSError, msgspec.MsgspecError) as error:
        raise LocalError(f"{file} is no results file: {error}") from None


def largest(figures: Mapping[str, float], more: Mapping[str, float]) -> dict[str, float]:
    """Figures of several tests as one: of one name the largest counts."""
    return {name: max(each.get(name, float("-inf")) for each in (figures, more)) for name in [*figures, *more]}
