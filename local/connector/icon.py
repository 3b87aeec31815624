"""What does the connector look like in a list? A line rises through its threshold, and a signal marks where."""

from itertools import pairwise
from math import atan2, cos, sin
from pathlib import Path

from PIL import Image, ImageDraw

from local.children import ROOT
from local.connector.files import json_of
from local.errors import LocalError
from local.options import OneLineParser

ICON = ROOT / "connector" / "icon.png"
PROPERTIES = ROOT / "connector" / "apiProperties.json"
SIZE = 160
SHARPNESS = 8
Point = tuple[float, float]

# In pixels of the finished icon. The logo must stay below 70 % of width and height: from 25 to 135 at most.
LINE: tuple[Point, ...] = ((33, 126), (57, 102), (73, 116), (109, 51))
LINE_WIDTH = 12.0
THRESHOLD: tuple[Point, ...] = ((31, 84), (129, 84))
THRESHOLD_WIDTH = 9.0
GAP = 6.0
SIGNAL = LINE[-1]
RING_RADIUS = 24.0
HOLE_RADIUS = 16.0
DOT_RADIUS = 8.5


class Pen:
    """Draws with round ends, in pixels of the finished icon, on a picture that is larger."""

    def __init__(self, image: Image.Image, scale: float) -> None:
        self._draw = ImageDraw.Draw(image)
        self._scale = scale

    def dot(self, middle: Point, radius: float, colour: str) -> None:
        """A filled circle."""
        (x, y), s = middle, self._scale
        self._draw.ellipse(((x - radius) * s, (y - radius) * s, (x + radius) * s, (y + radius) * s), colour)

    def line(self, points: tuple[Point, ...], width: float, colour: str) -> None:
        """Straight lines from point to point."""
        for (x, y), (to_x, to_y) in pairwise(points):
            angle = atan2(to_y - y, to_x - x)
            dx, dy = sin(angle) * width / 2, -cos(angle) * width / 2
            sides = ((x + dx, y + dy), (to_x + dx, to_y + dy), (to_x - dx, to_y - dy), (x - dx, y - dy))
            self._draw.polygon([(a * self._scale, b * self._scale) for a, b in sides], colour)
        for point in points:
            self.dot(point, width / 2, colour)


def draw_icon(background: str, size: int = SIZE) -> Image.Image:
    """The icon on its brand colour. Drawn larger and made smaller, so that edges are smooth."""
    image = Image.new("RGB", (size * SHARPNESS, size * SHARPNESS), background)
    pen = Pen(image, size * SHARPNESS / SIZE)
    pen.line(THRESHOLD, THRESHOLD_WIDTH, "white")
    pen.line(LINE, LINE_WIDTH + 2 * GAP, background)
    pen.line(LINE, LINE_WIDTH, "white")
    for radius, colour in ((RING_RADIUS, "white"), (HOLE_RADIUS, background), (DOT_RADIUS, "white")):
        pen.dot(SIGNAL, radius, colour)
    return image.reduce(SHARPNESS)


def brand_colour() -> str:
    """What apiProperties.json says: the background has to be the same."""
    return str(json_of(PROPERTIES)["properties"]["iconBrandColor"])


def main(arguments: list[str]) -> int:
    """Draw it."""
    parser = OneLineParser(prog="./dev connector icon", description="Draw the connector's icon.")
    parser.add_argument("--out", type=Path, default=ICON, metavar="FILE", help="default connector/icon.png")
    options = parser.parse_args(arguments)
    if options.out.suffix.lower() != ".png":
        raise LocalError(f"--out: {options.out} is no name of a PNG: end it in .png")
    try:
        draw_icon(brand_colour()).save(options.out, optimize=True)
    except OSError as error:
        raise LocalError(f"{options.out} cannot be written: {error}") from None
    print(f"{options.out} was drawn.")
    return 0
