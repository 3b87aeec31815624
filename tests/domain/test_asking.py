"""What may be asked: plain names, printable texts, numbers; and nothing that passes leads elsewhere."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from yarl import URL

from local.simulator.odata_filter import parse_filter
from shared.adapters.insights_actions import CustomerInsightsActions
from shared.adapters.insights_http import InsightsHttp, Reply
from shared.domain import asking
from shared.domain.asking import ItemQuery, item_query, write_options
from shared.errors import InsightsError, RequestInvalid
from tests.factories import START

SOME_DAY = START.replace(tzinfo=None)
TRICKY = st.text(
    alphabet="aZ09_-.~/\\%?#&;=@:+|,!$'\"()*<>[]{}^` \t\r\n\x00\x7fé\uff0e\uff0f\u202e\u0301\ud7ff", max_size=12
)
NAMES = st.one_of(
    st.from_regex(asking._NAME, fullmatch=True),
    st.from_regex(asking._ITEM, fullmatch=True),
    TRICKY,
    st.text(max_size=12),
)
CHECKS: Mapping[str, Callable[[Mapping[str, str], str], str]] = {
    "name": asking.name,
    "file_name": asking.file_name,
    "item_id": asking.item_id,
}


def refused(call: Callable[[], object]) -> str | None:
    """The field that is wrong, if any is."""
    try:
        call()
    except RequestInvalid as error:
        return error.field
    return None


ENVIRONMENT = "5b1c7f0e-52a4-4c8a-9a37-1f0d2a6c9e01"


class Recorded(InsightsHttp):
    """Notes where calls would go, and answers an empty list."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1/v1")
        self.urls: list[URL] = []

    async def send(self, request: Any, **_: Any) -> Reply:
        self.urls.append(URL(request.url))  # what aiohttp makes of it
        return Reply(200, {}, b"[]")


def calls(actions: CustomerInsightsActions, place: str, name: str, item: str) -> list[Any]:
    """Everything that takes a name, and the number of segments of its path behind the environment."""
    return [
        (actions.data_source(place, name), 3),
        (actions.set_segment_active(place, name, active=True), 4),
        (actions.measure(place, name), 3),
        (actions.job(place, name), 4),
        (actions.cancel_job(place, name), 5),
        (actions.start_job(place, "segmentation", name), 3),
        (actions.entity(place, name), 3),
        (actions.entity_size(place, name), 4),
        (actions.items(place, name, {"$filter": asking.equals("CustomerId", item)}), 2),
        (actions.create_item(place, name, b"{}", {"caller": item}), 2),
        (actions.update_item(place, name, item, b"{}", {}), 3),
    ]


async def sent(place: str, name: str, item: str) -> list[tuple[URL, int]]:
    http, found = Recorded(), []
    for call, segments in calls(CustomerInsightsActions(http, "key"), place, name, item):
        try:
            await call
        except InsightsError:
            assert http.urls
        found.append((http.urls[-1], segments))
    await http.close()
    return found


@given(NAMES, NAMES)
@example("a..b", "a|b")
@example("..", ".")
def test_what_passes_leads_to_one_path_below_the_environment(name: str, item: str) -> None:
    """Each call has the path of its kind, with the name as one whole segment of it, and the query it was given."""
    try:
        passed, passed_item = asking.name({"n": name}, "n"), asking.item_id({"i": item}, "i")
    except RequestInvalid:
        return
    for url, segments in asyncio.run(sent(ENVIRONMENT, passed, passed_item)):
        assert (url.host, url.fragment, url.user) == ("127.0.0.1", "", None)
        parts = url.raw_path.split("/")
        assert parts[:4] == ["", "v1", "instances", ENVIRONMENT]
        assert len(parts) == 4 + segments
        assert "" not in parts[1:]
        assert not {".", ".."} & set(parts)
        assert name in url.parts or f"'{name}'" in url.query.get("identifiers", "")
        assert set(url.query) <= {
            "includeModel",
            "includeTasks",
            "operationType",
            "forceRunRequested",
            "identifiers",
            "$filter",
            "caller",
        }


@given(TRICKY, st.sampled_from(sorted(CHECKS)))
def test_a_name_is_taken_as_it_is_or_refused(text: str, check: str) -> None:
    if field := refused(lambda: CHECKS[check]({"n": text}, "n")):
        assert field == "n"
        return
    assert CHECKS[check]({"n": text}, "n") == text
    assert text.isascii()
    assert text.isprintable()
    assert ".." not in text
    assert not set(text) & set("/\\%?#&;'\"<> ,*$!()")
    assert text[0] not in ".-~|@:+="


@pytest.mark.parametrize("check", CHECKS)
def test_a_name_that_is_missing_or_long_is_refused(check: str) -> None:
    for text in ("", "a" * 202, "a" * 10_000):
        with pytest.raises(RequestInvalid, match="missing" if not text else "must be"):
            CHECKS[check]({"n": text}, "n")
    assert CHECKS[check]({"n": "a" * 200}, "n")
    with pytest.raises(RequestInvalid, match="missing"):
        CHECKS[check]({}, "n")


def test_an_environment_is_an_id_in_small_letters() -> None:
    assert asking.environment({"environmentId": ENVIRONMENT.upper()}) == ENVIRONMENT
    for text in ("", "..", "a/b", f"{ENVIRONMENT}\n", f" {ENVIRONMENT}", "é"):
        with pytest.raises(RequestInvalid):
            asking.environment({"environmentId": text})


@given(st.text(max_size=40), st.text(max_size=40))
@example("' or City ne '", "x")
@example("''", "'")
def test_a_value_stays_within_its_quotes(text: str, other: str) -> None:
    """The filter finds the rows with this text and no others, whatever the text is."""
    assume(text.isprintable())
    condition = parse_filter(asking.equals("City", text), {"City": "text"}, None)
    assert condition({"City": text})
    assert condition({"City": other}) is (other == text)


@given(st.text(max_size=40))
def test_a_phrase_has_no_end_but_its_own(text: str) -> None:
    quoted = asking.phrase(text)
    assert quoted[0] == quoted[-1] == '"'
    inner, at, plain = quoted[1:-1], 0, ""
    while at < len(inner):
        assert inner[at] != '"'
        at += inner[at] == "\\"
        plain += inner[at]
        at += 1
    assert plain == text


@given(st.text(max_size=30))
def test_an_option_is_a_line_that_can_be_shown(text: str) -> None:
    assert refused(lambda: item_query({"$filter": text})) == (None if text.isprintable() else "$filter")
    if text.isprintable():
        assert item_query({"$filter": text}).options == {"$filter": text}


@given(st.one_of(st.integers(-5, 10**10).map(str), st.text(max_size=5)))
def test_a_number_of_rows_is_a_whole_number(text: str) -> None:
    good = text.isascii() and text.isdecimal() and len(text) <= 9
    for option, fits in (("$skip", good), ("$top", good and int(text) > 0)):
        assert refused(lambda: item_query({option: text})) == (None if fits else option)  # noqa: B023
        if fits:
            found = item_query({option: text})
            assert (found.skip, found.top) == ((int(text), None) if option == "$skip" else (0, int(text)))


def test_numbers_and_texts_are_taken_up_to_their_limits() -> None:
    """Numbers from one on, unless it is said from where."""
    assert [asking.whole_number({"n": text}, "n", default=1, most=7) for text in ("1", "7", "0" * 14 + "7")] == [
        1,
        7,
        7,
    ]
    assert asking.whole_number({}, "n", default=3, most=7) == 3
    assert asking.whole_number({"n": "1" * 15}, "n", default=1, most=10**16) == int("1" * 15)
    for text in ("0", "8", "0" * 15 + "7"):
        assert refused(lambda: asking.whole_number({"n": text}, "n", default=1, most=7)) == "n"  # noqa: B023
    assert item_query({"$filter": "a" * 4000}).options == {"$filter": "a" * 4000}
    assert refused(lambda: item_query({"$filter": "a" * 4001})) == "$filter"
    assert write_options({"caller": "a" * 200}) == {"caller": "a" * 200}
    assert item_query({}) == ItemQuery({}, 0, None)
    assert item_query({"$top": "999999999", "$skip": "999999999"}) == ItemQuery({}, 999_999_999, 999_999_999)
    assert refused(lambda: item_query({"$top": "1000000000"})) == "$top"


def test_a_version_is_any_or_as_it_was_given() -> None:
    assert asking.version({}) == asking.version({"version": ""}) == ""
    assert asking.version({"version": "0x8D+/=_-"}) == "0x8D+/=_-"
    for text in ("a" * 101, "a b", "ü"):
        assert refused(lambda: asking.version({"version": text})) == "version"  # noqa: B023


def test_a_column_is_the_usual_one_unless_another_is_named() -> None:
    assert asking.column({}, "by", "CustomerId") == "CustomerId"
    assert asking.column({"by": "Email"}, "by", "CustomerId") == "Email"
    assert refused(lambda: asking.column({"by": "a b"}, "by", "CustomerId")) == "by"


def test_a_moment_is_in_utc_and_of_these_centuries() -> None:
    assert asking.moment({}, "since") is None
    assert asking.moment({"since": "2026-03-02T12:00:00+02:00"}, "since") == datetime(2026, 3, 2, 10, tzinfo=UTC)
    for year, fine in ((1999, False), (2000, True), (9000, True), (9001, False)):
        said = refused(lambda: asking.moment({"since": f"{year}-06-01T00:00:00Z"}, "since"))  # noqa: B023
        assert said == (None if fine else "since")
    found = asking.moment({"since": "2026-03-02T12:00:00+02:00"}, "since")
    assert found is not None
    assert found.tzinfo is UTC


def test_a_phrase_is_quoted_as_odata_quotes() -> None:
    assert asking.phrase('a "b" \\c') == '"a \\"b\\" \\\\c"'


def test_an_empty_number_is_refused_too() -> None:
    for option in ("$skip", "$top"):
        with pytest.raises(RequestInvalid):
            item_query({option: ""})


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 10**6))
def test_what_is_left_behind_some_rows(skip: int, top: int, told: int) -> None:
    assert ItemQuery({"$filter": "x"}, skip, None).behind(told) == ItemQuery({"$filter": "x"}, skip + told, None)
    assert ItemQuery({}, skip, top + told).behind(told) == ItemQuery({}, skip + told, top)


@given(st.datetimes(SOME_DAY, SOME_DAY + timedelta(days=30_000)), st.integers(-14, 14))
def test_a_time_has_an_offset(until: datetime, hours: int) -> None:
    """Whichever it is, also where its plus became a blank."""
    aware = until.replace(tzinfo=timezone(timedelta(hours=hours)))
    for text in (aware.isoformat(), aware.isoformat().replace("+", " ")):
        assert datetime.fromisoformat(write_options({"validUntil": text})["validUntil"]) == aware
    assert refused(lambda: write_options({"validUntil": until.isoformat()})) == "validUntil"


def test_who_writes_is_told_in_a_line() -> None:
    assert write_options({}) == {}
    assert write_options({"caller": "Flow & Søn"}) == {"caller": "Flow & Søn"}
    for text in ("a\nb", "a\x00", "a" * 201):
        with pytest.raises(RequestInvalid):
            write_options({"caller": text})
