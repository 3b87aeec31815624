"""How fast is it found what changed, beside bare decoding of the same bytes?"""

from collections.abc import Iterator

from bench.apart import told
from bench.figures import Bench, Figure, Limit, Part, Ratio
from bench.made_up import MadeUp, environment_of

CASES = ("nothing changed", "everything changed")
WATCHES = ("1 watch", "1,000 watches", "100,000 watches", "100,000 watches on one segment")
LADDERS = (1, 1_000, 100_000)
_SEGMENTS, _ROUNDS = 10_000, 5
_FLOOR, _LOWER = "bare decoding", "decoding one by one"
_TARGET = 2.0
_MOST_COMPARISONS = 51  # three times log2 of 100,000


def _run(bench: Bench) -> Iterator[Figure]:
    segments, rounds = (200, 1) if bench.quick else (_SEGMENTS, _ROUNDS)
    made = MadeUp(environment_of(segments, changed=segments))
    for name, body in (
        (CASES[0], made.answer("segments")),
        (CASES[1], made.answer("segments", grown=True)),
        ("measures", made.answer("measures")),
    ):
        (bench.folder / name).write_bytes(body)
    runs = []
    for number in range(bench.repeats):
        bench.tell(f"process {number + 1} of {bench.repeats}")
        first = told("bench.detection_run", str(bench.folder), "0")
        runs.append(first | told("bench.detection_run", str(bench.folder), str(rounds)))
    for case in CASES:
        yield _figure(f"{_FLOOR}, {case}", "ms", runs, f"floor, {case}")
        yield _figure(f"{_LOWER}, {case}", "ms", runs, f"one by one, {case}")
        for name in WATCHES:
            yield _figure(f"{name}, {case}", "ms", runs, f"{name}, {case}")
    yield _figure("first sight of 30 days", "ms", runs, "first sight", "CPU; the app asks for one day then")
    yield _figure("index 201,001 watches", "ms", runs, "index", "CPU, those of all four")
    for count in LADDERS:
        yield _figure(_search(count), "us", runs, f"search among {count:,}", "CPU, one watch is crossed")
    for count in LADDERS:
        yield Figure(_comparisons(count), "comparisons", (runs[0][f"comparisons among {count:,}"],), exact=True)


def _figure(name: str, unit: str, runs: list[dict[str, float]], key: str, note: str = "CPU") -> Figure:
    return Figure(name, unit, tuple(run[key] for run in runs), note=note)


def _search(count: int) -> str:
    return f"crossings found among {count:,} on one segment"


def _comparisons(count: int) -> str:
    return f"comparisons among {count:,} on one segment"


def _ratio(watches: str, case: str, floor: str = _FLOOR, target: float | None = None) -> Ratio:
    return Ratio(f"{watches} to {floor}, {case}", f"{watches}, {case}", f"{floor}, {case}", False, target)


PART = Part(
    name="detection",
    question="How fast is it found what changed, beside bare decoding of the same bytes?",
    method=(
        "10,000 segments with 30 evaluations each and 1,000 measures, as bytes. The app's own client reads them, and "
        "detection compares them with its checkpoint; the watches are indexed before. The floor is msgspec decoding "
        "the same bytes into the same structs and nothing else; a lower one decodes the segments one by one and keeps "
        "none. All in turns in one fresh process, in CPU time until the last of it is let go of, the median of five "
        "turns. In the second case every segment has a new evaluation, and the first hundred thresholds are crossed. "
        "Comparisons of a value with thresholds are counted, not timed."
    ),
    limited_by=(
        "Decoding: each of 310,000 evaluations is decoded to know whether it is new, and compared with the time until "
        "when its segment was judged. The app lets go of what is not new at once, which is why it can be faster than "
        "the floor: that one keeps everything, and more than half of its time is memory that is taken and given back."
    ),
    run=_run,
    ratios=(
        _ratio("1 watch", CASES[0]),
        *(_ratio("1,000 watches", case, target=_TARGET) for case in CASES),
        *(_ratio("1,000 watches", case, floor=_LOWER) for case in CASES),
        *(_ratio(name, case) for name in WATCHES[2:] for case in CASES),
        Ratio("search among 100,000 to among 1,000", _search(100_000), _search(1_000), False),
    ),
    limits=(Limit(_comparisons(100_000), False, _MOST_COMPARISONS),),
)
