"""How is a solution's XML written and read? Elements by the standard library, in one layout, the same each time."""

import re
from collections.abc import Mapping
from xml.etree import ElementTree as Xml

from local.errors import LocalError

XSI = "http://www.w3.org/2001/XMLSchema-instance"
ENGLISH = "1033"
_ENCODING = re.compile(r"""<\?xml[^>]*?\bencoding\s*=\s*["']([^"']*)""")

Xml.register_namespace("xsi", XSI)


def add(parent: Xml.Element, tag: str, text: object = "", **attributes: str) -> Xml.Element:
    """A child with a text and attributes."""
    child = Xml.SubElement(parent, tag, attributes)
    child.text = str(text) or None
    return child


def add_all(parent: Xml.Element, texts: Mapping[str, object]) -> None:
    """A child for each text."""
    for tag, text in texts.items():
        add(parent, tag, text)


def add_names(parent: Xml.Element, plural: str, singular: str, text: str) -> None:
    """A text in the one language that there is."""
    add(add(parent, plural), singular, description=text, languagecode=ENGLISH)


def written(root: Xml.Element) -> bytes:
    """The document."""
    Xml.indent(root)
    text: str = Xml.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def read(content: bytes) -> Xml.Element:
    """The document's root. Raises LocalError."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LocalError("is not UTF-8") from None
    declared = _ENCODING.match(text)
    if "\0" in text or (declared and declared[1].lower() != "utf-8"):
        raise LocalError("is not UTF-8")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise LocalError("declares a document type, which no solution does")
    try:
        return Xml.fromstring(text)  # noqa: S314 - entities are what is unsafe in it, and they were refused
    except Xml.ParseError as error:
        raise LocalError(f"is not well-formed: {error}") from None
