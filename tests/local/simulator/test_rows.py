"""Can the rows of a measure with dimensions be asked for, as OData has it?"""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.simulator.rows import FilterError, parse_filter
from tests.local.simulator.conftest import Caller

COLUMNS = st.from_regex(r"[A-Za-z_]\w{0,9}", fullmatch=True).filter(str.isascii)


async def test_a_row_is_found_by_its_dimensions_and_its_values_are_numbers(odd_caller: Caller) -> None:
    await odd_caller.jump("13:40")
    params = {"$filter": "Country eq 'NO' and Channel eq 'Shop'", "$top": "1"}
    assert await odd_caller.get("/data/Sales", params=params) == {
        "@odata.context": "$metadata#Sales",
        "value": [{"Country": "NO", "Channel": "Shop", "Total": 12.76}],
    }


async def test_a_quote_in_a_dimension_is_written_twice(odd_caller: Caller) -> None:
    await odd_caller.jump("13:40")
    found = await odd_caller.get("/data/Sales", params={"$filter": "Country eq 'Côte d''Ivoire'"})
    assert [row["Total"] for row in found["value"]] == [5.00]


async def test_numbers_keep_their_digits(odd_caller: Caller) -> None:
    await odd_caller.jump("13:40")
    async with odd_caller.client.get(f"{odd_caller.root}/data/Sales", headers=odd_caller.headers) as answer:
        assert b'"Total":5.00}' in await answer.read()


async def test_without_a_filter_all_rows_are_told_and_top_cuts_them(odd_caller: Caller) -> None:
    assert len((await odd_caller.get("/data/Sales"))["value"]) == 3
    assert len((await odd_caller.get("/data/Sales", params={"$top": "2"}))["value"]) == 2
    assert (await odd_caller.get("/data/Sales", params={"$filter": "Country eq 'SE'"}))["value"] == []


@pytest.mark.parametrize(
    "params",
    [
        {"$filter": "Country ne 'NO'"},
        {"$filter": "Country eq 'NO' or Channel eq 'Shop'"},
        {"$filter": "Country eq NO"},
        {"$filter": "Country eq 'N'O'"},
        {"$filter": "Total eq '12.5'"},
        {"$filter": ""},
        {"$orderby": "Country"},
        {"$top": "few"},
    ],
)
async def test_a_query_that_is_not_understood_is_refused(odd_caller: Caller, params: dict[str, str]) -> None:
    status, _, body = await odd_caller.ask("/data/Sales", params=params)
    assert (status, body["httpStatusCode"], body["exceptionCulprit"]) == (400, "400", "user")


@pytest.mark.parametrize("name", ["None", "Turnover", "Customer"])
async def test_a_table_that_is_not_there_is_a_404(odd_caller: Caller, name: str) -> None:
    status, _, body = await odd_caller.ask(f"/data/{name}")
    assert (status, body["errorCode"]) == (404, "NotFound")


async def test_a_measure_with_dimensions_has_no_scalar_output(odd_caller: Caller) -> None:
    await odd_caller.jump("13:40")
    sales = await odd_caller.get("/manage/measures/Sales?includeHistoricStats=true")
    assert not {"output", "outputHistory"} & set(sales)
    assert sales["latestEvaluation"]["endTime"] == "2026-03-02T13:32:00Z"
    assert sales["definition"]["isScalar"] is False
    assert [dimension["alias"] for dimension in sales["definition"]["dimensions"]] == ["Country", "Channel"]


@given(st.lists(st.tuples(COLUMNS, st.text()), min_size=1, max_size=4))
def test_any_text_can_be_asked_for(clauses: list[tuple[str, str]]) -> None:
    written = " and ".join("{} eq '{}'".format(column, text.replace("'", "''")) for column, text in clauses)
    assert parse_filter(written) == clauses


@given(st.text(max_size=40))
def test_any_other_text_is_understood_or_refused(written: str) -> None:
    with suppress(FilterError):
        assert parse_filter(written)
