"""Nobody leads a call elsewhere: what stands in a path or a query is a plain name or text, or goes nowhere."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import azure.functions as func
import pytest

from local.entra.directory import MAKER
from tests.actions.site import Site
from tests.actions.table import NAMES, things
from tests.functions.support import trigger_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
TRICKS = {
    "slash": "..%2f",
    "slashes": "..%2F..%2Fother",
    "dots and slash": "%2e%2e%2f",
    "dots, encoded": "%2e%2e",
    "dots": "..",
    "dots twice encoded": "%252e%252e%252f",
    "a dot": ".",
    "a dot, encoded": "%2e",
    "dots behind": "a..",
    "a slash": "/",
    "two slashes": "//",
    "a whole address": "http:%2f%2fexample.com%2f",
    "of another host": "%2f%2fexample.com",
    "backslash": "%5c",
    "backslashes": "..%5c..%5c",
    "backslash as it is": "..\\",
    "nothing": "%00",
    "nothing behind": "a%00",
    "question mark": "a%3fx=1",
    "query": "a?x=1",
    "fragment": "a%23x",
    "semicolon": "a;x=1",
    "semicolon, encoded": "a%3bx",
    "line end": "a%0d%0aX:%20y",
    "line feed": "a%0a",
    "tab": "a%09",
    "blank": "a%20b",
    "only a blank": "%20",
    "quote": "a%27",
    "double quote": "a%22",
    "bracket": "IsMemberOfSegment%28%27a%27%29",
    "percent": "a%25",
    "not an encoding": "a%zz",
    "ampersand": "a%26x=1",
    "star": "*",
    "comma": "a,b",
    "full-width": "%EF%BC%8E%EF%BC%8E%EF%BC%8F",
    "division slash": "%E2%88%95",
    "accent behind": "a%CC%81",
    "letter": "%C3%A9",
    "digit of elsewhere": "a%D9%A1",
    "right to left": "%E2%80%AEa",
    "no width": "a%E2%80%8B",
    "overlong": "%C0%AE%C0%AE%C0%AF",
    "no UTF-8": "a%FF",
    "a surrogate": "%ED%A0%80",
    "long": "a" * 5_000,
    "too long": "a" * 10_240,
    "longer than names are": "a" * 201,
}


def routes(functions: Sequence[func.Function]) -> Iterator[tuple[str, str]]:
    """The method and route of every action."""
    for function in functions:
        if function.get_function_name() in NAMES:
            trigger = trigger_of(function).get_dict_repr()
            (method,) = trigger["methods"]
            yield getattr(method, "value", method), trigger["route"]


async def raw(site: Site, method: str, target: str) -> tuple[int, bytes]:
    """Send the target as it is, which no client library would; the status and the rest of the answer."""
    host, _, port = site.app.base.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 2\r\n"
    writer.write(f"{head}Authorization: Bearer {site.token(MAKER)}\r\n\r\n{{}}".encode())
    told = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(told.split(b" ", 2)[1]), told


def filled(site: Site, route: str, parameter: str, trick: str) -> str:
    """The route with a trick in one place and good names in the others."""
    good = {
        "environmentId": site.environment_id,
        "dataSourceId": things(site)["source"],
        "segmentName": "HighValue",
        "measureName": "Revenue",
        "jobId": things(site)["job"],
        "entityName": "Customer",
        "itemId": "c-1",
        "customerId": things(site)["customer"],
        "partitionName": "part-00000",
        "reportType": "segments",
    }
    return re.sub(r"\{(\w+)\}", lambda found: trick if found[1] == parameter else good[found[1]], route)


@pytest.mark.parametrize("trick", TRICKS)
async def test_a_trick_in_a_path_goes_nowhere(site: Site, functions: Sequence[func.Function], trick: str) -> None:
    """In every parameter of every action: 400, or 404 where the host has no such route."""
    tried = 0
    for method, route in routes(functions):
        for parameter in re.findall(r"\{(\w+)\}", route):
            target = f"/api/{filled(site, route, parameter, TRICKS[trick])}"
            status, told = await raw(site, method, target)
            assert status in (400, 404), (target[:200], told)
            assert not site.simulation.seen, (target[:200], site.simulation.seen)
            assert b"Traceback" not in told
            tried += 1
    assert tried >= 60


async def test_a_name_that_is_empty_is_no_name(site: Site, functions: Sequence[func.Function]) -> None:
    """The list that it would be in is told, or there is no such route."""
    for method, route in routes(functions):
        for parameter in re.findall(r"\{(\w+)\}", route):
            target = filled(site, route, parameter, "")
            status, told = await raw(site, method, f"/api/{target}")
            assert status in (400, 404) or (method == "GET" and target.endswith("/") and b'"value"' in told), target
    assert all(one.method == "GET" and "//" not in one.path for one in site.simulation.seen)


async def test_a_fragment_cuts_a_path_and_adds_nothing(site: Site, functions: Sequence[func.Function]) -> None:
    """What stands behind it is not seen; what stands before it is another call, of a plain name."""
    for method, route in routes(functions):
        for parameter in re.findall(r"\{(\w+)\}", route):
            await raw(site, method, f"/api/{filled(site, route, parameter, 'a#evil')}")
    assert not [one for one in site.simulation.seen if "evil" in one.path + one.query]


TEXTS = {
    "entities/Customer/items": ("$filter", "$select", "$orderby", "$search", "$expand"),
    "entities/Customer/items/c-1": ("keyColumn", "$select", "$expand"),
    "customers": ("text", "$filter", "$select", "$orderby"),
    "customers/c-1": ("$select",),
    "customers/c-1/activities": ("$select", "$orderby"),
    "segments/HighValue/members": ("$select", "$orderby"),
    "entities/Customer/schema": ("use",),
}


@pytest.mark.parametrize("path", TEXTS)
async def test_a_text_of_a_query_is_one_line_and_bounded(site: Site, path: str) -> None:
    for name in TEXTS[path]:
        for text in (
            "a\x00",
            "a\nb",
            "a\r\nX: y",
            "\x1b[31m",
            "a\u202eb",
            "a\u2028b",
            "a" * 4001,
            "a" * 7000,
        ):
            needed = "text=a&" if path == "customers" and name != "text" else ""
            answer = await site.ask("GET", f"{path}?{needed}{name}={quote(text, safe='')}")
            assert answer.status == 400, (name, text[:10], answer)
            assert answer.json["error"]["field"] == name
        assert (await site.ask("GET", f"{path}?{name}={'a' * 10_240}")).status == 400
    assert not site.simulation.seen


@pytest.mark.parametrize("path", TEXTS)
@pytest.mark.parametrize(
    "name", ["$apply", "$format", "$skiptoken", "forceSearch", "proxy", "code", "%24filter%00", "x"]
)
async def test_another_parameter_is_not_passed_on(site: Site, path: str, name: str) -> None:
    answer = await site.ask("GET", f"{path}?{name}=1")
    assert answer.status == 400
    assert not site.simulation.seen


async def test_a_column_is_a_name_and_no_expression(site: Site) -> None:
    for text in ("City eq 'Oslo' or City", "City'", "1", "a.b", "a b", "é", "a" * 129):
        answer = await site.ask("GET", f"entities/Customer/items/Oslo?keyColumn={quote(text)}")
        assert (answer.status, answer.json["error"]["field"]) == (400, "keyColumn")
    assert not site.simulation.seen


@pytest.mark.parametrize(
    "text", ["' or '1' eq '1", "x') or IsMemberOfSegment('y", "''", "a&$top=1", "a#b", "a%26b", "+", '"']
)
async def test_a_text_stays_the_parameter_that_it_is(site: Site, text: str) -> None:
    """Whatever it holds, the call has the same parameters."""
    answer = await site.ask("GET", f"customers?text={quote(text, safe='')}&$top=3")
    assert answer.status == 200
    (asked,) = site.asked()
    assert [part.partition("=")[0] for part in asked.query.split("&")] == ["$search", "$top"]
