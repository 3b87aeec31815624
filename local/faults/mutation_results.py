"""What became of each mutant, as mutmut's files tell it, and is it enough?"""

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

BAR = 0.90
_NAME = re.compile(r"(?P<module>[\w.]+)\.x(?:_|ǁ(?P<owner>\w+)ǁ)(?P<function>\w+)__mutmut_(?P<number>\d+)")
_COPY = re.compile(r"x(?:_|ǁ\w+ǁ)(\w+)__mutmut_(?:orig|\d+)")


class Verdict(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"
    UNTESTED = "untested"
    UNFINISHED = "unfinished"


# mutmut's own codes, those of pytest, and of a process that was ended for using too much time.
_VERDICTS: Mapping[int | None, Verdict] = {
    0: Verdict.SURVIVED,
    **dict.fromkeys((1, 3), Verdict.KILLED),
    **dict.fromkeys((5, 33), Verdict.UNTESTED),
    **dict.fromkeys((-24, -9, 24, 36, 152, 255), Verdict.TIMED_OUT),
}
_DEAD = (Verdict.KILLED, Verdict.TIMED_OUT)


@dataclass(frozen=True, slots=True, order=True)
class Survivor:
    """A change that no test noticed: where, and the lines that it makes of which."""

    function: str
    change: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many mutants there were, and how many were killed."""

    total: int
    killed: int


@dataclass(frozen=True, slots=True)
class MutationResult:
    """What a run came to: by module, what took too long, and who survived, with and without a reason that is known."""

    by_module: Mapping[str, Count]
    timed_out: int
    explained: Sequence[Survivor]
    unexplained: Sequence[Survivor]
    seconds: float

    @property
    def total(self) -> int:
        """All mutants."""
        return sum(count.total for count in self.by_module.values())

    @property
    def killed(self) -> int:
        """Those that a test noticed; one that never ends is noticed too."""
        return sum(count.killed for count in self.by_module.values())

    @property
    def survived(self) -> int:
        """Those that no test noticed."""
        return self.total - self.killed

    @property
    def share(self) -> float:
        """How many of all were killed; none of none is nothing to be proud of."""
        return self.killed / self.total if self.total else 0.0

    @property
    def shortcomings(self) -> tuple[str, ...]:
        """What is too little: the share, or each survivor of which it is not known why."""
        share = [] if self.share >= BAR else [f"{self.share:.1%} of the mutants were killed, fewer than {BAR:.0%}"]
        return (*share, *(f"{one.function}: {one.change}" for one in self.unexplained))

    @property
    def is_enough(self) -> bool:
        """Whether enough were killed, and it is known of the others why not."""
        return not self.shortcomings

    def without_mutants(self, paths: Iterable[str]) -> list[str]:
        """Those of these folders of which there were none."""
        named = {path: f"{path.replace('/', '.')}." for path in paths}
        return [path for path, start in named.items() if not any(one.startswith(start) for one in self.by_module)]


class UnfinishedError(Exception):
    """Some mutants were not tried; the message says how many."""


def judged(folder: Path, reasons: Mapping[str, Mapping[str, str]], seconds: float) -> MutationResult:
    """What the files below a folder of mutmut come to. Raises UnfinishedError."""
    counts: dict[str, Count] = {}
    verdicts: Counter[Verdict] = Counter()
    survivors: list[Survivor] = []
    for file in sorted(folder.rglob("*.py.meta")):
        codes = json.loads(file.read_bytes())["exit_code_by_key"]
        found = {name: verdict_of(code) for name, code in codes.items()}
        if not found:
            continue
        counts[module_of(next(iter(found)))] = Count(len(found), sum(one in _DEAD for one in found.values()))
        verdicts.update(found.values())
        left = [name for name, one in found.items() if one in (Verdict.SURVIVED, Verdict.UNTESTED)]
        survivors += survivors_of(file.with_suffix(""), left)
    if verdicts[Verdict.UNFINISHED]:
        raise UnfinishedError(f"{verdicts[Verdict.UNFINISHED]} of {verdicts.total()} mutants were not tried")
    known, unknown = parted(survivors, reasons)
    return MutationResult(counts, verdicts[Verdict.TIMED_OUT], known, unknown, seconds)


def verdict_of(code: int | None) -> Verdict:
    """What an exit code means; of an unknown one nothing is concluded."""
    return _VERDICTS.get(code, Verdict.UNFINISHED)


def module_of(name: str) -> str:
    """The module of a mutant, by its name."""
    return _parts(name)["module"]


def function_of(name: str) -> str:
    """The function or method of a mutant, by its name."""
    parts = _parts(name)
    return ".".join(part for part in (parts["module"], parts["owner"], parts["function"]) if part)


def survivors_of(mutated: Path, names: Iterable[str]) -> list[Survivor]:
    """These mutants of a file, told by what they change: their numbers move with any other change."""
    spans = json.loads(mutated.with_name(f"{mutated.name}.spans").read_bytes())["spans"]
    lines = mutated.read_text(encoding="utf-8").splitlines()

    def source(copy: str) -> list[str]:
        first, last = spans[copy]
        return [_COPY.sub(r"\1", line) for line in lines[first - 1 : last]]

    found = []
    for name in names:
        copy = name.rpartition(".")[2]
        before = source(f"{copy.rpartition('_')[0]}_orig")
        found.append(Survivor(function_of(name), changed(before, source(copy))))
    return found


def changed(before: Sequence[str], after: Sequence[str]) -> str:
    """The lines that differ, in one: what there was, an arrow, what there is."""
    steps = [step for step in difflib.ndiff(before, after) if step[:2] in ("- ", "+ ")]
    old = " ".join(step[2:].strip() for step in steps if step.startswith("-"))
    new = " ".join(step[2:].strip() for step in steps if step.startswith("+"))
    return f"{old} => {new}"


def parted(
    survivors: Iterable[Survivor], reasons: Mapping[str, Mapping[str, str]]
) -> tuple[tuple[Survivor, ...], tuple[Survivor, ...]]:
    """Those whose reason is known, and the others."""
    known: list[Survivor] = []
    unknown: list[Survivor] = []
    for one in sorted(survivors):
        (known if one.change in reasons.get(one.function, {}) else unknown).append(one)
    return tuple(known), tuple(unknown)


def _parts(name: str) -> re.Match[str]:
    parts = _NAME.fullmatch(name)
    if not parts:
        raise ValueError(f"no mutant's name: {name}")
    return parts
