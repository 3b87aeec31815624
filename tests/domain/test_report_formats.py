"""A report as it is sent, letter by letter, in each format."""

from shared.domain.report_formats import as_card, as_html, as_markdown
from shared.domain.reports import Report, ReportType, Row, Section
from tests.factories import START

ROWS = (Row("Orders", "Failure", False, START, "a | b"), Row("Shop", "Successful", True), Row("Off", "Inactive", None))
SECTIONS = (Section("Data sources", ROWS, left_out=3), Section("Segments", ROWS[1:2]))
REPORT = Report("e", ReportType.ENVIRONMENT, "Shop: status", "Needs a look: Orders", False, START, SECTIONS)
WELL = Report("e", ReportType.SEGMENTS, "Shop", "All well", True, START, SECTIONS[1:])

HTML = (
    '<h2>Shop: status</h2><p style="color:#a4262c"><strong>Needs a look: Orders</strong></p>'
    '<h3>Data sources</h3><table cellpadding="4">'
    '<tr><td style="color:#a4262c;white-space:nowrap">✗ Failure</td><td>Orders</td>'
    '<td style="white-space:nowrap">2026-05-04 02:00 UTC</td><td>a | b</td></tr>'
    '<tr><td style="color:#107c10;white-space:nowrap">✓ Successful</td><td>Shop</td>'
    '<td style="white-space:nowrap"></td><td></td></tr>'
    '<tr><td style="color:#605e5c;white-space:nowrap">- Inactive</td><td>Off</td>'
    '<td style="white-space:nowrap"></td><td></td></tr></table><p>… and 3 more</p>'
    '<h3>Segments</h3><table cellpadding="4">'
    '<tr><td style="color:#107c10;white-space:nowrap">✓ Successful</td><td>Shop</td>'
    '<td style="white-space:nowrap"></td><td></td></tr></table>'
    "<p>2026-05-04 02:00 UTC</p>"
)
MARKDOWN = """\
## Shop: status

**Needs a look: Orders**

### Data sources

| | Name | Status | When | |
|-|-|-|-|-|
| ✗ | Orders | Failure | 2026-05-04 02:00 UTC | a \\| b |
| ✓ | Shop | Successful |  |  |
| - | Off | Inactive |  |  |

… and 3 more

### Segments

| | Name | Status | When | |
|-|-|-|-|-|
| ✓ | Shop | Successful |  |  |

2026-05-04 02:00 UTC"""


def test_html_is_coloured_and_says_the_same_without_colours() -> None:
    assert as_html(REPORT) == HTML
    assert as_html(WELL).startswith('<h2>Shop</h2><p style="color:#107c10"><strong>All well</strong></p>')


def test_markdown_is_a_table_for_each_section() -> None:
    assert as_markdown(REPORT) == MARKDOWN


def test_a_card_has_the_headline_and_what_needs_a_look() -> None:
    """Of a section where nothing does, its rows."""
    assert as_card(REPORT) == {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "body": [
            {"type": "TextBlock", "size": "Large", "weight": "Bolder", "text": "Shop: status", "wrap": True},
            {"type": "TextBlock", "color": "Attention", "text": "Needs a look: Orders", "wrap": True},
            {
                "type": "FactSet",
                "facts": [
                    {"title": "✗ Orders", "value": "Failure a | b"},
                    {"title": "✓ Shop", "value": "Successful"},
                ],
            },
            {"type": "TextBlock", "isSubtle": True, "text": "2026-05-04 02:00 UTC"},
        ],
    }
    empty = Report("e", ReportType.SEGMENTS, "a" * 201, "All well", True, START, ())
    body = as_card(empty)["body"]
    assert body == [
        {"type": "TextBlock", "size": "Large", "weight": "Bolder", "text": "a" * 199 + "…", "wrap": True},
        {"type": "TextBlock", "color": "Good", "text": "All well", "wrap": True},
        {"type": "TextBlock", "isSubtle": True, "text": "2026-05-04 02:00 UTC"},
    ]


def test_a_text_of_a_card_is_short_and_no_link() -> None:
    for length, text in ((200, "a" * 200), (201, "a" * 199 + "…")):
        report = Report("e", ReportType.SEGMENTS, "a" * length, "[Sign in](https://x)", True, START, ())
        body = as_card(report)["body"]
        assert isinstance(body, list)
        assert [part["text"] for part in body[:2]] == [text, "[Sign in] (https://x)"]


def test_a_card_has_as_many_facts_as_it_takes() -> None:
    """Ten of a section, and no more letters than Teams takes."""
    sections = [Section("S", (Row("漢" * 190, "Failure", False),) * 11)] * 3
    for shown, expected in ((sections[:1], 10), (sections, 16)):
        report = Report("e", ReportType.SEGMENTS, "t", "s", False, START, tuple(shown))
        body = as_card(report)["body"]
        assert isinstance(body, list)
        assert len(body[2]["facts"]) == expected
