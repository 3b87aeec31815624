"""How is docs/performance.md written? People wrote it; what the last whole run told is between its marks."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.figures import Figure, Part
from bench.plot import Curve, svg
from bench.results import Measured, Promised, Results, written
from bench.telling import kept, notes, promise, spread, value
from local.children import ROOT
from local.errors import LocalError
from local.faults.telling import number

PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "images" / "growth.svg"
RESULTS = ROOT / "bench" / "results.json"
BEGIN = "<!-- The last whole run of ./dev bench --write -->"
END = "<!-- End of what it wrote -->"

GROWTH = "growth"
SIZES = (100, 1_000, 10_000, 100_000)
FLAT_FROM, FLAT = 1_000, 1.5
BYTES_IN_KB = 1_000


def renew(
    results: Results, parts: Sequence[Part], file: Path = PAGE, plot: Path = PLOT, kept_in: Path = RESULTS
) -> None:
    """Write what is told of a run: the page, the plot and the results themselves. Raises LocalError."""
    try:
        whole = with_results(file.read_text(encoding="utf-8"), results, parts)
        kept_in.write_bytes(written(results))
        file.write_text(whole, encoding="utf-8")
        plot.write_text(growth_plot(results), encoding="utf-8")
    except OSError as error:
        raise LocalError(f"{error.filename} cannot be written or read: {error.strerror}") from None


def with_results(page: str, results: Results, parts: Sequence[Part]) -> str:
    """The page with what a run told between its marks. Raises LocalError without them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise LocalError(f"docs/performance.md has no place for the results: it needs the lines {BEGIN} and {END}")
    told = "\n".join((*_machine(results), *_overview(results), *_details(results, parts)))
    return f"{before}{begin}\n{told}\n{end}{after}"


def growth_plot(results: Results) -> str:
    """CPU and memory per segment over the number of segments."""
    found = results.of(GROWTH)
    known = {one.name: one.value for one in found.figures} if found else {}
    curves = (
        _curve(known, "CPU per segment", "microseconds", 1),
        _curve(known, "memory per segment", "kB", BYTES_IN_KB),
    )
    return svg("CPU and memory per segment, by the number of segments", "segments", [one for one in curves if one])


def _curve(known: dict[str, float], what: str, unit: str, divisor: int) -> Curve | None:
    points = tuple((size, known[name] / divisor) for size in SIZES if (name := f"{size:,} segments: {what}") in known)
    if not points:
        return None
    start = dict(points).get(FLAT_FROM)
    bound = start * FLAT if start else None
    return Curve(what[0].upper() + what[1:], unit, points, bound, f"at most {FLAT:g} times that at {FLAT_FROM:,}")


def _machine(results: Results) -> Iterator[str]:
    yield "## Where and when\n"
    yield f"{results.day}, on {results.machine}. Commit {results.commit}."
    yield f"Each part ran {results.repeats} times; all of it took {results.seconds / 60:.0f} minutes.\n"
    versions = ", ".join(f"{name} {version}" for name, version in results.machine.versions.items())
    yield f"{versions}.\n"


def _overview(results: Results) -> Iterator[str]:
    yield "## Promised and reached\n"
    yield "| part | what | promised | came to | |\n| --- | --- | --- | ---: | --- |"
    for part in results.parts:
        units = {one.name: f" {one.unit}" for one in part.figures if one.unit}
        for one in part.promises:
            unit = units[one.name] if one in part.limits and one.name in units else ""
            verdict = kept(one) if one.is_reached else f"**{kept(one)}**"
            told = f"{promise(one.more, one.target)}{unit} | {value(one)}{unit} | {verdict}"
            yield f"| [{part.part}](#{_anchor(part.part)}) | {one.name} | {told} |"
    yield ""


def _details(results: Results, parts: Sequence[Part]) -> Iterator[str]:
    yield "## Part by part\n"
    for part in parts:
        yield f"### {part.name}\n\n**{part.question}**\n\n{part.method}\n"
        found = results.of(part.name)
        if found is None or found.left_out or found.broke:
            yield f"Not measured{f': {found.left_out or found.broke}' if found else ''}.\n"
        if found is not None:
            yield from _tables(found)
        if part.name == GROWTH:
            yield f"![CPU and memory per segment](images/{PLOT.name})\n"
        yield f"What limits it: {part.limited_by}\n"


def _tables(found: Measured) -> Iterator[str]:
    if found.ratios:
        yield "| ratio | came to | promised | |\n| --- | ---: | --- | --- |"
        yield from map(_ratio, found.ratios)
        yield ""
    if found.figures:
        limits = {one.name: one for one in found.limits}
        yield "| figure | unit | median | least to most | promised | |\n| --- | --- | ---: | ---: | --- | --- |"
        for one, note in zip(found.figures, notes(found.figures), strict=True):
            yield _figure(one, limits.get(one.name), note)
        yield ""


def _ratio(one: Promised) -> str:
    return f"| {one.name} | {value(one)} | {promise(one.more, one.target)} | {kept(one)} |"


def _figure(one: Figure, limit: Promised | None, note: str) -> str:
    promised = f"{promise(limit.more, limit.target)}, {kept(limit)}" if limit else ""
    return f"| {one.name} | {one.unit} | {number(one.value)} | {spread(one)} | {promised} | {note} |"


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")
