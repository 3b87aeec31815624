"""How do figures look as a drawing? Curves over a logarithmic axis, as an SVG for light and for dark pages. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 330
LEFT, RIGHT, TOP, BOTTOM = 64, 36, 62, 56
GAP = 84
TICKS = 4
STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 } .small { font-size: 12px; fill: #59636e } .bound { fill: #9a6700; stroke: #ffffff }
  .bound { stroke-width: 4; paint-order: stroke }
  .page { fill: #ffffff } .grid { stroke: #d1d9e0 } .axis { stroke: #59636e }
  .line { stroke: #0969da; stroke-width: 2.5; fill: none } .dot { fill: #0969da }
  .limit { stroke: #9a6700; stroke-width: 1.5; stroke-dasharray: 6 4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .small { fill: #9198a1 } .bound { fill: #d29922; stroke: #0d1117 }
    .page { fill: #0d1117 } .grid { stroke: #3d444d } .axis { stroke: #9198a1 }
    .line { stroke: #4493f8 } .dot { fill: #4493f8 } .limit { stroke: #d29922 }
  }"""


@dataclass(frozen=True, slots=True)
class Curve:
    """Values over sizes, and the bound that they are to stay below, where there is one."""

    title: str
    unit: str
    points: tuple[tuple[float, float], ...]
    bound: float | None = None
    bound_says: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """Where one curve is drawn, and how its values become places."""

    curve: Curve
    left: float
    width: float

    def x(self, size: float) -> float:
        """The place of a size, on a logarithmic axis."""
        least, most = (math.log10(one) for one in self._ends())
        return self.left + self.width * ((math.log10(size) - least) / (most - least) if most > least else 0.5)

    def y(self, value: float) -> float:
        """The place of a value, from zero up."""
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.top

    @property
    def step(self) -> float:
        """Between two lines of the grid: 1, 2, 2.5 or 5 times a power of ten."""
        rough = max(self.curve.bound or 0.0, *(value for _, value in self.curve.points), 1e-9) / TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        return next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough * 0.999)

    @property
    def top(self) -> float:
        """The highest line of the grid."""
        highest = max(self.curve.bound or 0.0, *(value for _, value in self.curve.points), 1e-9)
        return self.step * math.ceil(highest / self.step * 0.999)

    def _ends(self) -> tuple[float, float]:
        sizes = [size for size, _ in self.curve.points]
        return min(sizes), max(sizes)


def svg(title: str, across: str, curves: Sequence[Curve]) -> str:
    """The drawing: the curves side by side, over the same kind of size."""
    width = (WIDTH - LEFT - RIGHT - GAP * (len(curves) - 1)) / max(1, len(curves))
    panels = [Panel(curve, LEFT + at * (width + GAP), width) for at, curve in enumerate(curves)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img">'
    lines = [head, f"<title>{escape(title)}</title>", f"<style>{STYLE}\n</style>"]
    lines.append(f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>')
    for panel in panels:
        lines += [*_grid(panel, across), *_bound(panel), *_curve(panel)]
    return "\n".join([*lines, "</svg>", ""])


def _grid(panel: Panel, across: str) -> Iterator[str]:
    left, right, floor = panel.left, panel.left + panel.width, HEIGHT - BOTTOM
    yield _text(left - 44, 26, panel.curve.title, "title", "start")
    yield _text(left - 44, 44, panel.curve.unit, "small", "start")
    for at in range(round(panel.top / panel.step) + 1):
        y = panel.y(at * panel.step)
        yield f'<line class="{"grid" if at else "axis"}" x1="{left:.1f}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield _text(left - 8, y + 4, f"{at * panel.step:,g}", "small", "end")
    for size, _ in panel.curve.points:
        x = panel.x(size)
        yield f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{floor}" y2="{floor + 5}"/>'
        yield _text(x, floor + 21, f"{size:,.0f}", "small", "middle")
    yield _text((left + right) / 2, floor + 44, across, "small", "middle")


def _bound(panel: Panel) -> Iterator[str]:
    if panel.curve.bound is not None:
        y, right = panel.y(panel.curve.bound), panel.left + panel.width
        yield f'<line class="limit" x1="{panel.left:.1f}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield _text(right, y - 7, panel.curve.bound_says, "small bound", "end")


def _curve(panel: Panel) -> Iterator[str]:
    places = [(panel.x(size), panel.y(value)) for size, value in panel.curve.points]
    yield f'<polyline class="line" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>'
    for x, y in places:
        yield f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'


def _text(x: float, y: float, said: str, style: str, anchor: str) -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>'
