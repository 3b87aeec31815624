"""Is a mistake in a scenario file told in one line that names the file and the key?"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.simulator.scenario import ScenarioError, load_scenario

SMALL = """
title = "Small"
start = 2026-03-02T00:00:00Z
end = 2026-03-02T12:00:00Z
[environment]
id = "e1"
name = "One"
[[data_sources]]
id = "s1"
name = "Web orders"
[[jobs]]
name = "Nightly"
at = "02:00"
operation = "ingestion"
submission = "scheduled"
minutes = 10
failed = { "Web orders" = "No key." }
[[subscriptions]]
flow = "Post"
trigger = "data-source-refresh-failed"
filters = { dataSourceId = "Web orders" }
[[expect]]
type = "datasource.refresh.failed"
subject = "datasources/Web orders"
time = "02:10"
flow = "Post"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "some.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_names_in_the_file_become_ids(tmp_path: Path) -> None:
    scenario = load_scenario(written(tmp_path, SMALL))
    assert scenario.subscriptions[0].filters == {"dataSourceId": "s1"}
    assert scenario.expected[0].subject == "datasources/s1"
    assert scenario.expected[0].time == datetime(2026, 3, 2, 2, 10, tzinfo=UTC)


def test_a_second_environment_has_what_names_it(tmp_path: Path) -> None:
    more = (
        '[[environments]]\nid = "e2"\nname = "Two"\n[[data_sources]]\nenvironment = "Two"\nid = "s2"\nname = "Tills"\n'
    )
    one, two = load_scenario(written(tmp_path, SMALL + more)).environments
    assert [source.name for source in one.data_sources] == ["Web orders"]
    assert [source.name for source in two.data_sources] == ["Tills"]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('title = "Small"', 'titel = "Small"', "titel"),
        ("minutes = 10", 'minutes = "ten"', "jobs[0].minutes"),
        ("minutes = 10", "minutes = 0", "minutes"),
        ('at = "02:00"', 'at = "2 o\'clock"', "at: write it as 02:00"),
        ('at = "02:00"', 'at = "2026-03-02T02:00"', "at: write it as 02:00"),
        ('"Web orders" = "No key."', '"Web ordres" = "No key."', "'Web ordres'"),
        ('operation = "ingestion"', 'operation = "ingest"', "write one of all, ingestion, unification"),
        ('submission = "scheduled"', 'submission = "weekly"', "write one of scheduled, onDemand"),
        (
            'trigger = "data-source-refresh-failed"',
            'trigger = "refresh-failed"',
            "write one of data-source-refresh",
        ),
        ('id = "e1"', 'id = "Contoso Retail"', "environment One: id: 'Contoso Retail' must be letters, digits"),
        ('operation = "ingestion"', 'operation = "export"', "operation"),
        ("end = 2026-03-02T12", "end = 2026-03-01T12", "end: must be later"),
        ("00:00Z\nend", "00:00\nend", "time zone"),
        ('subject = "datasources/Web orders"', 'subject = "datasources/Tills"', "subject"),
        ('flow = "Post"\n', 'flow = "Mail"\n', "'Post'"),
        ('id = "s1"', 'id = "s1"\nenvironment = "Three"', "'Three'"),
        ("[[data_sources]]", "[[data_sources]]\nid = 's1'\nname = 'Web orders'\n[[data_sources]]", "twice"),
        ("[[jobs]]", "[[jobs", "is not TOML"),
        ("[[jobs]]", "[generate]\nsegments=1\njob='X'\nmembers=1\ngrows_to=2\nthreshold=1\n[[jobs]]", "generate: job"),
    ],
)
def test_a_mistake_is_told_in_one_line(tmp_path: Path, before: str, after: str, told: str) -> None:
    assert before in SMALL
    with pytest.raises(ScenarioError) as error:
        load_scenario(written(tmp_path, SMALL.replace(before, after, 1)))
    message = str(error.value)
    assert told in message
    assert "some.toml: " in message
    assert "\n" not in message


def test_a_file_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"none\.toml: cannot be read"):
        load_scenario(tmp_path / "none.toml")


TWINS = SMALL.replace("[[data_sources]]", '[[data_sources]]\nid = "s0"\nname = "Web orders"\n[[data_sources]]', 1)


def test_two_sources_of_one_name_are_told_apart_by_their_ids(tmp_path: Path) -> None:
    by_id = TWINS.replace('"Web orders" = ', "s1 = ").replace('= "Web orders" }', '= "s0" }')
    scenario = load_scenario(written(tmp_path, by_id.replace('"datasources/Web orders"', '"datasources/s1"')))
    assert set(scenario.environments[0].jobs[0].outcomes or {}) == {"s1"}
    assert scenario.subscriptions[0].filters == {"dataSourceId": "s0"}
    assert scenario.expected[0].subject == "datasources/s1"


@pytest.mark.parametrize("kept", ["failed", "dataSourceId", "subject"])
def test_a_name_that_two_sources_have_is_refused_wherever_it_is_written(tmp_path: Path, kept: str) -> None:
    lines = TWINS.splitlines()
    clear = [line if line.startswith("name =") or kept in line else line.replace("Web orders", "s1") for line in lines]
    with pytest.raises(ScenarioError, match=r"2 things are called 'Web orders'; write the id"):
        load_scenario(written(tmp_path, "\n".join(clear)))


SALES = """
[[measures]]
name = "Sales"
display_name = "Sales"
dimensions = ["Country"]
[[measures.rows]]
Country = "NO"
values = { Total = "12.5" }
[[jobs]]
name = "Count"
at = "03:00"
operation = "measures"
submission = "scheduled"
minutes = 1
[[jobs.rows]]
measure = "Sales"
Country = "NO"
values = { Total = "13" }
[[edits]]
at = "05:00"
what = "delete"
measure = "Sales"
"""


CREATE = '[[edits]]\nat = "{}:00"\nwhat = "create"\nmeasure = "Sales"\n'
DELETE = '[[edits]]\nat = "04:00"\nwhat = "delete"\nmeasure = "Sales"\n'


def test_rows_and_edits_are_read(tmp_path: Path) -> None:
    home = load_scenario(written(tmp_path, SMALL + SALES)).environments[0]
    assert (home.measures[0].dimensions, home.measures[0].rows) == (("Country",), {("NO",): {"Total": "12.5"}})
    assert home.jobs[1].measures == {"Sales": {("NO",): {"Total": "13"}}}
    assert [(edit.what, edit.part.key, edit.at.hour) for edit in home.edits] == [("delete", "Sales", 5)]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('dimensions = ["Country"]', "", "give it values, or else dimensions and rows"),
        ('dimensions = ["Country"]', 'dimensions = ["Region"]', "a row has Region, values and nothing else"),
        ('Country = "NO"', "Country = 47", "dimensions and values are texts"),
        ('values = { Total = "12.5" }', "values = { Total = 12.5 }", "dimensions and values are texts"),
        ("[[jobs]]", "[[measures.rows]]\nCountry = 'NO'\nvalues = { Total = '1' }\n[[jobs]]", "is there twice"),
        ('measure = "Sales"\nCountry', 'measure = "Sails"\nCountry', "'Sails' is no measure with dimensions"),
        ("[[jobs.rows]]", "measures = { Sales = { Total = '1' } }\n[[jobs.rows]]", "give its values in [[jobs.rows]]"),
        ("[[edits]]", CREATE.format("01") + CREATE.format("02") + "[[edits]]", "is there already"),
        ("[[edits]]", DELETE + "[[edits]]", "it is not there"),
        ('what = "delete"', 'what = "activate"', "it is so already"),
        ('what = "delete"', 'what = "rename"', "a rename needs the new name"),
        ('what = "delete"', 'what = "delete"\nto = "X"', "nothing else does"),
        ('what = "delete"', 'what = "paint"', "edits[0].what"),
        ('what = "delete"', 'what = "delete"\nsegment = "Sales"', "name one segment, measure or data_source"),
        ('measure = "Sales"\n', 'segment = "Sales"\n', "there is no such thing in One"),
        ('at = "05:00"', 'at = "five"', "at: write it as 02:00"),
        ('at = "05:00"', 'at = "02:00"', "there is nothing in One that it could work on"),
    ],
)
def test_a_mistake_in_rows_or_edits_is_told_in_one_line(tmp_path: Path, before: str, after: str, told: str) -> None:
    head, found, tail = (
        SALES.rpartition(before) if before.startswith(("measure", "Country")) else SALES.partition(before)
    )
    assert found
    with pytest.raises(ScenarioError) as error:
        load_scenario(written(tmp_path, SMALL + head + after + tail))
    assert told in str(error.value)
    assert "\n" not in str(error.value)
