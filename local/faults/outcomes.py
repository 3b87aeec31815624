"""What came of a part of the suite, and of a whole run, as it is kept in a results file?"""

from collections.abc import Iterable, Mapping
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

    @property
    def fell_short(self) -> int:
        """How often it did: a part that is not done, or that tried nothing, did so once."""
        return self.failures or int(not self.is_good)

    @property
    def why(self) -> str:
        """In a line, why there is nothing to count; empty where there is."""
        if self.not_done:
            return f"not done: {self.not_done.splitlines()[0]}"
        if self.cases or self.failures:
            return ""
        return f"all {self.skipped} skipped" if self.skipped else "nothing was tried"


class Results(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run: when and where it was, of which code and suite (their digests), and what each part came to."""

    day: str
    profile: str
    code: str
    machine: str
    versions: dict[str, str]
    seconds: float
    promises: dict[str, tuple[Outcome, ...]]
    suite: str = ""

    @property
    def is_good(self) -> bool:
        """Whether something was tried of every promise, and nothing fell short."""
        found = self.promises.values()
        return bool(found) and all(outcomes and all(one.is_good for one in outcomes) for outcomes in found)

    def of(self, promise: str, part: str) -> Outcome | None:
        """What a part came to, if it was run."""
        return next((one for one in self.promises.get(promise, ()) if one.part == part), None)


def added(outcomes: Iterable[Outcome]) -> tuple[int, int]:
    """Cases of some parts, and how often they fell short."""
    found = tuple(outcomes)
    return sum(one.cases for one in found), sum(one.fell_short for one in found)


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
