"""How does a run go? Part by part; what breaks or cannot run here stops no other."""

import gc
import shutil
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Bench, Figure, NotHere, Part
from bench.machine import commit, machine
from bench.results import Measured, Results, measured
from bench.telling import Telling

LOG = "broke.log"


@dataclass(frozen=True, slots=True)
class Run:
    """One run: where its parts have their folders, how often each measures, how much, and whom it tells."""

    folder: Path
    repeats: int
    quick: bool
    telling: Telling

    def results(self, parts: Sequence[Part]) -> Results:
        """Measure all of them."""
        began, found = time.monotonic(), []
        for part in parts:
            self.telling.begin(part)
            found.append(self._measure(part))
            self.telling.end(found[-1])
        return Results(
            day=datetime.now(UTC).date().isoformat(),
            commit=commit(),
            repeats=self.repeats,
            quick=self.quick,
            seconds=round(time.monotonic() - began, 1),
            machine=machine(),
            parts=tuple(found),
        )

    def _measure(self, part: Part) -> Measured:
        folder = self.folder / part.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        gc.collect()  # what the part before left behind is not this one's time
        figures: list[Figure] = []
        left_out, broke, began = "", "", time.monotonic()
        try:
            figures.extend(part.run(Bench(folder, self.repeats, self.quick, self._telling_of(part))))
        except NotHere as missing:
            left_out = str(missing)
        except Exception as error:
            broke = f"{type(error).__name__}: {error}"
            (folder / LOG).write_text(traceback.format_exc(), encoding="utf-8")
        return measured(part, figures, time.monotonic() - began, left_out, broke)

    def _telling_of(self, part: Part) -> Callable[[str], None]:
        def tell(text: str) -> None:
            self.telling.progress(part, text)

        return tell
