"""How does a template become a page? Text in HTML is escaped, text in a Markdown table stays in its cell."""

from pathlib import Path
from typing import Any

import jinja2
import msgspec

TEMPLATES = Path(__file__).parent / "templates"


def in_cell(text: object) -> str:
    """A text in a table of Markdown, where it is only ever text."""
    found = " ".join(str(text).split())
    for sign, written in (("\\", "\\\\"), ("|", "\\|"), ("<", "&lt;"), ("`", "\\`"), ("[", "\\[")):
        found = found.replace(sign, written)
    return found


def as_json(value: object) -> str:
    """A value as JSON that is easy on the eye."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def rendered(template: str, **values: Any) -> str:
    """The page that a template makes of these values."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=jinja2.select_autoescape(("html.jinja",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"cell": in_cell, "pretty": as_json}
    return made.get_template(template).render(values)
