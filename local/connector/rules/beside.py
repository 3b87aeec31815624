"""Are the icon and the readme beside the definition as they should be?"""

import io
import re
from collections.abc import Iterator

from PIL import Image, ImageChops, UnidentifiedImageError

from local.connector.findings import Finding, Rule
from local.connector.package import ICON, README, SETTINGS, Package
from local.connector.rules.operations import visible

LARGEST_ICON = 1_000_000
ICON_SIDES = range(100, 231)
LARGEST_LOGO = 0.7
SECTIONS = (
    "Publisher",
    "Prerequisites",
    "Supported Operations",
    "Obtaining Credentials",
    "Known Issues and Limitations",
    "Deployment Instructions",
)


def icon_is_a_small_square_png(package: Package) -> Iterator[Finding]:
    """The icon is a PNG below 1 MB, as wide as high, of 100 to 230 pixels."""
    if len(package.icon) >= LARGEST_ICON:
        yield Finding(ICON, f"it has {len(package.icon):,} bytes", "Keep it below 1 MB")
    image = picture(package)
    if image is None:
        yield Finding(ICON, "it is not there or no PNG", "Draw it with ./dev connector icon")
    elif image.width != image.height or image.width not in ICON_SIDES:
        yield Finding(ICON, f"it is {image.width} x {image.height} pixels", "Make it a square of 100 to 230")


def icon_lies_on_the_brand_colour(package: Package) -> Iterator[Finding]:
    """The icon's background is opaque and of the brand colour."""
    image, colour = picture(package), brand(package)
    if image is None or colour is None:
        return
    right, bottom = image.width - 1, image.height - 1
    edge = [(x, y) for x in range(right + 1) for y in (0, bottom)] + [
        (x, y) for y in range(bottom + 1) for x in (0, right)
    ]
    found = {image.getpixel(at) for at in edge} - {(*colour, 255)}
    if found:
        yield Finding(ICON, f"its edge has {min(map(str, found))}", "Lay it on the opaque brand colour")


def icon_leaves_room_around_the_logo(package: Package) -> Iterator[Finding]:
    """The logo is there and takes less than 70 % of the icon's width and height."""
    image = picture(package)
    if image is None:
        return
    ground = Image.new("RGBA", image.size, image.getpixel((0, 0)))
    box = ImageChops.difference(image, ground).getbbox(alpha_only=False)
    if box is None:
        yield Finding(ICON, "it has no logo", "Draw one")
    elif max((box[2] - box[0]) / image.width, (box[3] - box[1]) / image.height) >= LARGEST_LOGO:
        yield Finding(ICON, f"its logo takes {box[2] - box[0]} x {box[3] - box[1]}", "Keep it below 70 % of the side")


def readme_has_its_sections(package: Package) -> Iterator[Finding]:
    """The readme has the connector's title and the six sections that everyone looks for."""
    title = package.document["info"].get("title", "")
    if not re.search(rf"^# {re.escape(title)}\s*$", package.readme, re.MULTILINE):
        yield Finding(README, "it has no title", f"Begin it with '# {title}'")
    for name in SECTIONS:
        if not re.search(rf"^## {name}\b", package.readme, re.MULTILINE):
            yield Finding(README, f"it has no section '{name}'", f"Add '## {name}'")


def readme_names_every_operation(package: Package) -> Iterator[Finding]:
    """The readme names everything that a maker can choose, each by itself: in a line, a cell, bold or in quotes."""
    for one in visible(package):
        named = rf"""(?:^[#*\- ]*|[*`"|] ?){re.escape(one.summary)}(?= ?(?:[*`"|:]|$))"""
        if not re.search(named, package.readme, re.MULTILINE):
            yield Finding(README, f"it does not name '{one.summary}'", "Run ./dev connector docs")


def settings_are_there(package: Package) -> Iterator[Finding]:
    """The settings tell Microsoft's tool which files are which."""
    if not package.settings:
        yield Finding(SETTINGS, "it is not there or empty", "Name the definition, the properties and the icon in it")


def picture(package: Package) -> Image.Image | None:
    """The icon with its transparency, if it is a PNG."""
    try:
        return Image.open(io.BytesIO(package.icon), formats=("PNG",)).convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError):
        return None


def brand(package: Package) -> tuple[int, int, int] | None:
    """The brand colour in red, green and blue, if it is one."""
    text = str(package.properties.get("properties", {}).get("iconBrandColor", ""))
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        return None
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


RULES: tuple[Rule, ...] = (
    icon_is_a_small_square_png,
    icon_lies_on_the_brand_colour,
    icon_leaves_room_around_the_logo,
    readme_has_its_sections,
    readme_names_every_operation,
    settings_are_there,
)
