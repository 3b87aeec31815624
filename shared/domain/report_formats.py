"""A status report ready to send: HTML for a mail, Markdown for a chat, an Adaptive Card for Teams.

Names come from Customer Insights, where anybody may have chosen them: they are escaped in each format.
"""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from html import escape

from shared.domain.reports import Report, Row, Section

_MARKS = {True: "✓", False: "✗", None: "-"}
_COLOURS = {True: "#107c10", False: "#a4262c", None: "#605e5c"}
_MARKDOWN = re.compile(r"([\\`*_\[\]#|<>~&]|:(?=//))")
_CARD_ROWS = 10
_CARD_TEXT = 200
_CARD_BYTES = 20_000  # Teams takes 28 KB


def as_html(report: Report) -> str:
    """A part of a mail's body; styles are inline, as mail programs want them."""
    colour = _COLOURS[report.healthy]
    head = f'<h2>{escape(report.title)}</h2><p style="color:{colour}"><strong>{escape(report.summary)}</strong></p>'
    return head + "".join(map(_html_section, report.sections)) + f"<p>{_when(report.generated_at)}</p>"


def as_markdown(report: Report) -> str:
    """Tables of Markdown as GitHub and Teams know it."""
    parts = [f"## {_plain(report.title)}", f"**{_plain(report.summary)}**"]
    for section in report.sections:
        rows = [f"| {' | '.join(map(_plain, _cells(row)))} |" for row in section.rows]
        parts += [f"### {_plain(section.title)}", "\n".join(["| | Name | Status | When | |", "|-|-|-|-|-|", *rows])]
        parts += [f"… and {section.left_out} more"] if section.left_out else []
    return "\n\n".join([*parts, _when(report.generated_at)])


def as_card(report: Report) -> dict[str, object]:
    """An Adaptive Card, version 1.4 as Teams shows it: the headline and what needs a look."""
    colour = "Good" if report.healthy else "Attention"
    body: list[dict[str, object]] = [
        {"type": "TextBlock", "size": "Large", "weight": "Bolder", "text": _short(report.title), "wrap": True},
        {"type": "TextBlock", "color": colour, "text": _short(report.summary), "wrap": True},
    ]
    facts = _fitting(
        {"title": _short(f"{_MARKS[row.well]} {row.name}"), "value": _short(f"{row.status} {row.detail}")}
        for section in report.sections
        for row in (section.unwell or section.rows)[:_CARD_ROWS]
    )
    if facts:
        body.append({"type": "FactSet", "facts": facts})
    body.append({"type": "TextBlock", "isSubtle": True, "text": _when(report.generated_at)})
    schema = "http://adaptivecards.io/schemas/adaptive-card.json"
    return {"type": "AdaptiveCard", "$schema": schema, "version": "1.4", "body": body}


def _fitting(facts: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """The first facts, as many as a card takes; a letter may have many bytes in JSON."""
    fitting, size = [], 0
    for fact in facts:
        size += len(json.dumps(fact))
        if size > _CARD_BYTES:
            break
        fitting.append(fact)
    return fitting


def _html_section(section: Section) -> str:
    rows = "".join(_html_row(row) for row in section.rows)
    more = f"<p>… and {section.left_out} more</p>" if section.left_out else ""
    return f'<h3>{escape(section.title)}</h3><table cellpadding="4">{rows}</table>{more}'


def _html_row(row: Row) -> str:
    """Colour says how it is, and so does the mark: not everybody sees colours."""
    mark, name, status, when, detail = map(escape, _cells(row))
    coloured = f'<td style="color:{_COLOURS[row.well]};white-space:nowrap">'
    return (
        f"<tr>{coloured}{mark} {status}</td><td>{name}</td>"
        f'<td style="white-space:nowrap">{when}</td><td>{detail}</td></tr>'
    )


def _cells(row: Row) -> tuple[str, ...]:
    return (_MARKS[row.well], row.name, row.status, _when(row.at), row.detail)


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _short(text: str) -> str:
    """Text for a card: cards know links of Markdown, and show a backslash as one."""
    words = " ".join(text.split()).replace("](", "] (")
    return words if len(words) <= _CARD_TEXT else f"{words[: _CARD_TEXT - 1]}…"
