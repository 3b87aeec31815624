"""Are queries read as Log Analytics reads them, as far as ours go?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.infra.kusto import read_query

GOOD = [
    "AppMetrics\n| where Name == 'signals.polls' and tostring(Properties.outcome) == 'ok'",
    "AppRequests | where toint(ResultCode) between (500 .. 599)",
    "AppRequests | where Success == false and isempty(Url)",
    "AppMetrics | summarize arg_max(TimeGenerated, Max) by state = tostring(Properties.s) | project state, At = Max",
    "AppMetrics | extend a = tostring(Properties.a) | summarize n = sum(Sum), bin(TimeGenerated, 5m) | order by n desc",
    "AppMetrics | summarize count() by Name, bin(TimeGenerated, 1h) | where Name has 'a | b' | top 5 by Name asc",
]
BAD = [
    ("AppMetric | take 5", "there is no table AppMetric"),
    ("", "there is no table (none)"),
    ("AppMetrics | where Total > 1", "there is no column Total there"),
    ("AppMetrics | where total(Sum) > 1", "there is no function total there"),
    ("AppMetrics | summarize n = sum(Sum) | where Sum > 1", "there is no column Sum there"),
    ("AppMetrics | project Name | where Sum > 1", "there is no column Sum there"),
    ("AppMetrics | evaluate pivot(Name)", "there is no 'evaluate' in the table of what a query can do"),
]


@pytest.mark.parametrize("text", GOOD)
def test_a_query_of_what_there_is_has_no_problem(text: str) -> None:
    assert read_query(text).problems == []


@pytest.mark.parametrize(("text", "problem"), BAD)
def test_a_query_of_what_there_is_not_has_one(text: str, problem: str) -> None:
    (found,) = read_query(text).problems
    assert found.startswith(problem)


def test_values_are_those_of_the_property_also_under_another_name() -> None:
    query = read_query(
        "AppMetrics | extend o = tostring(Properties.outcome) | where o == 'ok'"
        " or tostring(Properties.reason) != 'none' | where Name == 'signals.polls' and sumif(Sum, o == 'failed') > 1"
    )
    assert query.values == [("outcome", "ok"), ("reason", "none"), ("outcome", "failed")]
    assert query.properties == {"outcome", "reason"}
    assert query.texts == ["ok", "none", "signals.polls", "failed"]


@given(st.text(alphabet="AppMetrics |=()',\"whereby.\n", max_size=80))
def test_reading_never_fails(text: str) -> None:
    assert read_query(text).table == read_query(text).table
