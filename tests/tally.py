"""How much did a test try, and what did it measure? `./dev faults` adds it up (local/faults/plugin.py)."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Cases, one by one or many at once; a test that counts none is one. Figures are told in docs/reliability.md."""

    cases: int = 0
    figures: dict[str, float] = field(default_factory=dict)

    def add(self, cases: int = 1) -> None:
        """Count cases that were tried."""
        self.cases += cases

    def figure(self, name: str, value: float) -> None:
        """Keep a number with its unit in its name; of one name, the largest of a run counts."""
        self.figures[name] = max(value, self.figures.get(name, value))

    @property
    def properties(self) -> Sequence[tuple[str, object]]:
        """What travels with the report of the test."""
        return (("cases", self.cases or 1), ("figures", dict(self.figures)))
