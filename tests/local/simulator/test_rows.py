"""Can the rows of a measure with dimensions be asked for, as OData has it?"""

import pytest

from tests.local.simulator.conftest import Caller


async def test_a_row_is_found_by_its_dimensions_and_its_values_are_numbers(odd_caller: Caller) -> None:
    await odd_caller.jump("13:40")
    params = {"$filter": "Country eq 'NO' and Channel eq 'Shop'", "$top": "1"}
    assert await odd_caller.get("/data/Sales", params=params) == {
        "@odata.context": "$metadata#Sales",
        "@odata.count": 1,
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
    cut = await odd_caller.get("/data/Sales", params={"$top": "2"})
    assert (len(cut["value"]), cut["@odata.count"]) == (2, 3)
    assert (await odd_caller.get("/data/Sales", params={"$filter": "Country eq 'SE'"}))["value"] == []


async def test_rows_are_compared_ordered_and_cut_by_value_not_by_text(odd_caller: Caller) -> None:
    params = {"$filter": "Total ge 8.0 and not (Country eq 'SE')", "$orderby": "Total desc", "$select": "Total"}
    assert (await odd_caller.get("/data/Sales", params=params))["value"] == [{"Total": 12.5}, {"Total": 8}]


@pytest.mark.parametrize(
    "params",
    [
        {"$filter": "Country is 'NO'"},
        {"$filter": "Country eq NO"},
        {"$filter": "Country eq 'N'O'"},
        {"$filter": "Total eq '12.5'"},
        {"$filter": "IsMemberOfSegment('HighValue')"},
        {"$filter": ""},
        {"$orderby": "Town"},
        {"$apply": "aggregate(Total)"},
        {"$search": "NO"},
        {"$top": "few"},
    ],
)
async def test_a_query_that_is_not_understood_is_refused(odd_caller: Caller, params: dict[str, str]) -> None:
    status, _, body = await odd_caller.ask("/data/Sales", params=params)
    assert (status, body["errorCode"]) == (400, "InvalidRequest")


@pytest.mark.parametrize("name", ["None", "Turnover", "customer"])
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
