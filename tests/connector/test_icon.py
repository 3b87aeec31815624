"""The icon: what the script draws, within the rules of certification."""

import json
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from local.connector.icon import ICON, PROPERTIES, SIZE, brand_colour, draw_icon, main
from local.errors import LocalError


@pytest.fixture(scope="module")
def committed() -> Image.Image:
    with Image.open(ICON) as image:
        image.load()
        return image


def test_the_committed_icon_is_what_the_script_draws(committed: Image.Image, tmp_path: Path) -> None:
    """Another version of Pillow may round an edge in another way."""
    assert main(["--out", str(tmp_path / "icon.png")]) == 0
    with Image.open(tmp_path / "icon.png") as drawn:
        difference = ImageChops.difference(committed.convert("RGB"), drawn.convert("RGB")).convert("L")
    darkest, brightest = difference.getextrema()
    assert (darkest, brightest) <= (0, 8)


def test_it_is_a_small_square_png_without_transparency(committed: Image.Image) -> None:
    assert (committed.format, committed.mode, committed.size) == ("PNG", "RGB", (SIZE, SIZE))
    assert 100 <= SIZE <= 230
    assert ICON.stat().st_size < 1_000_000


def test_its_background_is_the_brand_colour(committed: Image.Image) -> None:
    colour = json.loads(PROPERTIES.read_text(encoding="utf-8"))["properties"]["iconBrandColor"]
    assert colour.lower() not in {"#ffffff", "#007ee5"}
    corners = {committed.getpixel((x, y)) for x in (0, SIZE - 1) for y in (0, SIZE - 1)}
    assert corners == {tuple(bytes.fromhex(colour.removeprefix("#")))}


def test_the_logo_takes_less_than_70_percent_of_width_and_height(committed: Image.Image) -> None:
    background = Image.new("RGB", committed.size, brand_colour())
    box = ImageChops.difference(committed, background).getbbox()
    assert box
    left, top, right, bottom = box
    assert 0.5 * SIZE < right - left < 0.7 * SIZE
    assert 0.5 * SIZE < bottom - top < 0.7 * SIZE
    assert abs(left - (SIZE - right)) <= 2
    assert abs(top - (SIZE - bottom)) <= 2


def test_white_stands_out_from_the_brand_colour() -> None:
    """4.5 is what WCAG asks of text."""
    channels = [part / 255 for part in bytes.fromhex(brand_colour().removeprefix("#"))]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert 1.05 / (luminance + 0.05) > 4.5


def test_it_can_be_drawn_in_any_size() -> None:
    assert draw_icon("#336699", 64).size == (64, 64)


@pytest.mark.parametrize(("name", "says"), [("none/icon.png", "cannot be written"), ("icon", "end it in .png")])
def test_a_place_that_no_icon_can_be_drawn_at_is_one_line(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(LocalError, match=says):
        main(["--out", str(tmp_path / name)])
