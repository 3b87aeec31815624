"""Do docs/performance.md and its plot tell what bench/results.json holds, and all of it?"""

import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pytest

from bench.figures import Figure, Part
from bench.page import BEGIN, END, PAGE, PLOT, RESULTS, SIZES, growth_plot, renew, with_results
from bench.register import PARTS
from bench.results import Measured, Results, measured, read_results
from bench.telling import notes
from local.errors import LocalError
from tests.bench.stand_ins import GOOD, LACKING, of_calls, run_of

EMPTY = f"before\n{BEGIN}\nold\n{END}\nafter\n"
SVG = "{http://www.w3.org/2000/svg}"


def growing() -> Results:
    """The growth part with figures of its names."""
    part = Part("growth", "Is it flat?", "So.", "This.", lambda _: ())
    figures = [Figure(f"{size:,} segments: CPU per segment", "us", (60.0,)) for size in SIZES]
    figures += [Figure(f"{size:,} segments: memory per segment", "bytes", (9_000.0,)) for size in SIZES]
    return run_of(measured(part, figures, 1.0))


def test_the_page_tells_the_results_of_the_last_whole_run() -> None:
    """Whoever adds a part, a ratio or a limit runs `./dev bench --write`."""
    kept = read_results(RESULTS)
    assert (kept.broken, kept.left_out, kept.quick) == ((), (), False)
    assert [one.part for one in kept.parts] == [part.name for part in PARTS]
    for found, part in zip(kept.parts, PARTS, strict=True):
        for told, promised in ((found.ratios, part.ratios), (found.limits, part.limits)):
            expected = [(one.name, one.more, one.target) for one in promised]
            assert [(one.name, one.more, one.target) for one in told] == expected
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_results(page, kept, PARTS)
    assert PLOT.read_text(encoding="utf-8") == growth_plot(kept)


def test_the_growth_part_has_the_figures_that_are_drawn() -> None:
    kept = read_results(RESULTS)
    assert growth_plot(kept).count("<circle") == 2 * len(SIZES)


def test_a_page_tells_questions_figures_and_promises() -> None:
    told = with_results(EMPTY, run_of(of_calls(3)), [GOOD, LACKING])
    assert "old" not in told
    for said in (
        "2026-01-02, on 2 cores (a processor), 4 GiB of memory, a system. Commit c0de.\n",
        "| [good](#good) | slow by fast | at most 2 | 2 | reached |\n",
        "### good\n\n**Is it good?**\n\nBy looking.\n",
        "| slow by fast | 2 | at most 2 | reached |\n",
        "| slow | ms | 5 | 4 to 6 |  |  |\n",
        "| calls | calls | 3 | exact | at most 3, reached |  |\n",
        "What limits it: Nothing.\n",
        "### lacking\n\n**Is it here?**\n\nBy looking.\n\nNot measured.\n",
    ):
        assert said in told


def test_a_note_is_told_once_in_a_row() -> None:
    figures = [Figure(name, "ms", (1.0,), note=note) for name, note in zip("abcd", ("", "CPU", "CPU", ""), strict=True)]
    assert list(notes(figures)) == ["", "CPU", "as above", ""]


def test_what_was_missed_or_not_measured_stands_out() -> None:
    missed = with_results(EMPTY, run_of(of_calls(4, 2.1)), [GOOD])
    assert "| slow by fast | at most 2 | 2.1 | **missed** |\n" in missed
    assert "| calls | calls | 4 | exact | at most 3, missed |  |\n" in missed
    absent = with_results(EMPTY, run_of(Measured(GOOD.name, left_out="no Redis")), [GOOD])
    assert "Not measured: no Redis.\n" in absent


def test_the_page_is_renewed_with_its_results(tmp_path: Path) -> None:
    """What people wrote stays; nothing is written when the page has no place."""
    page, plot, kept = tmp_path / "page.md", tmp_path / "plot.svg", tmp_path / "results.json"
    results = growing()
    page.write_text("no place", encoding="utf-8")
    with pytest.raises(LocalError, match="no place"):
        renew(results, [GOOD], page, plot, kept)
    assert not kept.exists()
    page.write_text(EMPTY, encoding="utf-8")
    for _ in range(2):
        renew(results, [GOOD], page, plot, kept)
        told = page.read_text(encoding="utf-8")
        assert (told[:7], told[-7:]) == ("before\n", "\nafter\n")
        assert told == with_results(EMPTY, read_results(kept), [GOOD])
        assert plot.read_text(encoding="utf-8") == growth_plot(results)


def test_the_plot_shows_every_size_of_both_curves() -> None:
    """Its places lie inside the drawing, and a flat curve is drawn flat."""
    root = ET.fromstring(growth_plot(growing()))  # noqa: S314
    circles = [(float(one.attrib["cx"]), float(one.attrib["cy"])) for one in root.iter(f"{SVG}circle")]
    assert len(circles) == 2 * len(SIZES)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert all(0 < x < width and 0 < y < height for x, y in circles)
    assert len({y for _, y in circles[: len(SIZES)]}) == 1
    labels = [one.text for one in root.iter(f"{SVG}text")]
    for label in ("CPU per segment", "Memory per segment", "microseconds", "kB", "15", "100,000", "segments"):
        assert label in labels


def test_without_growth_there_is_a_plot_of_nothing() -> None:
    nothing = msgspec.structs.replace(growing(), parts=())
    assert "<circle" not in growth_plot(nothing)
