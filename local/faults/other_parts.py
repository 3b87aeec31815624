"""What do the parts come to that are no tests: fuzzing and mutants?"""

import re
import time
from collections.abc import Callable

from local.faults.outcomes import Outcome

Progress = Callable[[int, int], None]
FEWEST_INPUTS = 100  # fewer in all that time say that the target did not run


def run_fuzz(part: str, seconds: float, workers: int, progress: Progress) -> Outcome:
    """Fuzz every target for so many seconds each."""
    from local.faults.fuzz import can_fuzz, fuzz
    from local.faults.targets import TARGETS

    if not can_fuzz():
        return Outcome(part, not_done="atheris is made for Linux on x86-64 only (--skip fuzzing leaves it out)")
    began, said = time.monotonic(), [0]

    def say(_: str) -> None:
        said[0] += 1
        progress(said[0], len(TARGETS))

    results = fuzz(seconds, workers, say)
    broken = [f"{one.target}: {one.again}" for one in results if one.findings]
    idle = [f"{one.target}: only {one.runs} inputs" for one in results if one.runs < FEWEST_INPUTS]
    return Outcome(
        part,
        cases=sum(one.runs for one in results),
        failures=len(broken) + len(idle),
        seconds=round(time.monotonic() - began, 1),
        figures={"targets": len(results), "seconds for each": seconds},
        failed=(*broken, *idle),
    )


def run_mutation(part: str, workers: int, progress: Progress) -> Outcome:
    """Try every mutant. A failure is a share below the bar; survivors without a reason are named."""
    from local.faults.mutation import mutate
    from local.faults.mutation_results import BAR

    def say(text: str) -> None:
        if told := re.match(r"(\d+) of (\d+)", text):
            progress(int(told[1]), int(told[2]))

    result = mutate(workers, say)
    failed = [] if result.share >= BAR else [f"{result.share:.1%} of the mutants were killed, fewer than {BAR:.0%}"]
    failed += [f"{one.function}: {one.change}" for one in result.unexplained]
    return Outcome(
        part,
        cases=result.total,
        failures=len(failed),
        seconds=round(result.seconds, 1),
        figures={"killed (%)": round(100 * result.share, 1), "survivors with a reason": len(result.explained)},
        failed=tuple(failed),
    )
