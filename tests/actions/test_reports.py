"""Status reports of each type, as both versions tell them."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from shared.domain.reports import ReportType
from tests.actions.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")
SECTIONS = {
    "environment": ["Data sources", "Full refreshes", "Unification stages", "Segments", "Measures"],
    "refresh": ["Data sources", "Full refreshes"],
    "unification": ["Unification stages"],
    "segments": ["Segments"],
    "measures": ["Measures"],
}


async def report(site: Site, kind: str) -> Any:
    return await site.get(f"/v2/environments/{site.environment_id}/reports/{kind}")


@pytest.mark.parametrize("kind", list(ReportType))
async def test_a_report_has_its_sections_in_every_format(site: Site, kind: str) -> None:
    first, second = await site.get(f"reports/{kind}"), await report(site, kind)
    assert first == {key: second[key] for key in ("title", "summary", "healthy", "generatedAt", "html")}
    assert (second["reportType"], second["environmentId"]) == (kind, site.environment_id)
    assert [one["title"] for one in second["sections"]] == SECTIONS[kind]
    for section in second["sections"]:
        assert section["rows"]
        for row in section["rows"]:
            assert row["name"] in first["html"]
            assert row["status"] in first["html"]
    card = second["adaptiveCard"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert second["summary"].split(":")[0] in card["body"][1]["text"]
    assert "##" in second["markdown"]


async def test_a_report_says_what_is_not_well(site: Site) -> None:
    """The night's full refresh failed: Web orders did, and was mended since."""
    found = await report(site, "refresh")
    rows = {row["name"]: row for section in found["sections"] for row in section["rows"]}
    assert found["healthy"] is False
    assert (rows["Last full refresh"]["well"], rows["Last full refresh"]["status"]) == (False, "Failure")
    assert rows["Web orders"]["well"] is True
    assert "Last full refresh" in found["summary"]


async def test_unification_and_segments_as_they_are(site: Site) -> None:
    stages = (await report(site, "unification"))["sections"][0]["rows"]
    assert [(row["name"], row["well"]) for row in stages] == [("Map", True), ("Match", True), ("Merge", True)]
    assert (await site.ask("POST", "segments/Newsletter/deactivate")).status == 200
    site.wait(minutes=1)
    rows = {row["name"]: row for row in (await report(site, "segments"))["sections"][0]["rows"]}
    assert rows["Newsletter readers"]["status"] == "Inactive"
    assert "well" not in rows["Newsletter readers"]
    assert rows["High value customers"]["detail"] == "1,040 members"


async def test_a_part_that_cannot_be_read_says_so_and_hides_no_other(site: Site) -> None:
    site.fault("fail", path="/manage/segments", status=501)
    found = await report(site, "environment")
    assert found["healthy"] is False
    sections = {one["title"]: one["rows"] for one in found["sections"]}
    assert [row["status"] for row in sections["Segments"]] == ["Could not be read"]
    assert len(sections["Measures"]) == 3
    alone = await site.ask("GET", "reports/segments")
    assert (alone.status, alone.json["error"]["code"]) == (502, "insights_unavailable")


async def test_html_is_well_formed(site: Site) -> None:
    opened: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    Reader().feed((await site.get("reports/environment"))["html"])
    assert opened == []


@pytest.mark.parametrize("kind", ["", "nothing", "Environment", "segments%20"])
async def test_another_type_is_400_and_nothing_is_asked(site: Site, kind: str) -> None:
    for path in (f"reports/{kind}", f"/v2/environments/{site.environment_id}/reports/{kind}"):
        answer = await site.ask("GET", path)
        assert answer.status == (400 if kind else 404)
        assert not kind or answer.json["error"]["field"] == "reportType"
    assert not site.simulation.seen


async def test_the_card_fits_where_it_is_shown(site: Site) -> None:
    assert len(json.dumps((await report(site, "environment"))["adaptiveCard"])) < 28_000
