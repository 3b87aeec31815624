"""What do the parts come to that are no tests: fuzzing and mutants?"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from local.faults.mutation_results import MutationResult
from local.faults.outcomes import Outcome

if TYPE_CHECKING:  # it imports the app: one that is broken must not stop the other parts
    from local.faults.fuzz import FuzzResult

Progress = Callable[[int, int], None]
NO_ATHERIS = "atheris is made for Linux on x86-64 only (--skip fuzzing leaves it out)"


def run_fuzz(part: str, seconds: float, workers: int, folder: Path, progress: Progress) -> Outcome:
    """Fuzz every target for so many seconds each; what was said and what broke one is below the folder."""
    from local.faults import fuzz

    if not fuzz.can_fuzz():
        return Outcome(part, not_done=NO_ATHERIS)
    fuzzer = fuzz.Fuzzer(seconds, folder / "findings", fuzz.program())
    began = time.monotonic()
    results = fuzz.fuzz(fuzzer, workers, progress)
    folder.mkdir(parents=True, exist_ok=True)
    said = "".join(f"== {one.target}\n{one.said}\n" for one in results)
    (folder / "fuzz.log").write_text(said, encoding="utf-8")
    return of_fuzzing(part, results, seconds, time.monotonic() - began)


def of_fuzzing(part: str, results: "Sequence[FuzzResult]", each: float, seconds: float) -> Outcome:
    """A failure is a target that breaks, does not run or does not end well."""
    failed = tuple(one.problem for one in results if one.problem)
    return Outcome(
        part,
        cases=sum(one.runs for one in results),
        failures=len(failed),
        seconds=round(seconds, 1),
        figures={"targets": len(results), "seconds for each": each},
        failed=failed,
    )


def run_mutation(part: str, workers: int, folder: Path, progress: Progress) -> Outcome:
    """Try every mutant; what mutmut says is in the folder."""
    from local.faults.mutation import mutate

    return of_mutants(part, mutate(workers, progress, folder))


def of_mutants(part: str, result: MutationResult) -> Outcome:
    """A failure is a share below the bar; survivors without a reason are named, a failure each."""
    return Outcome(
        part,
        cases=result.total,
        failures=len(result.shortcomings),
        seconds=round(result.seconds, 1),
        figures={
            "killed (%)": round(100 * result.share, 1),
            "ended by the time limit": result.timed_out,
            "survivors with a reason": len(result.explained),
        },
        failed=result.shortcomings,
    )
