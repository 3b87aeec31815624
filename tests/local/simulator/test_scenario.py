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
        ('operation = "ingestion"', 'operation = "ingest"', "operation"),
        ('operation = "ingestion"', 'operation = "export"', "operation"),
        ("end = 2026-03-02T12", "end = 2026-03-01T12", "end: must be later"),
        ("00:00Z\nend", "00:00\nend", "time zone"),
        ('subject = "datasources/Web orders"', 'subject = "datasources/Tills"', "subject"),
        ('flow = "Post"\n', 'flow = "Mail"\n', "'Post'"),
        ('id = "s1"', 'id = "s1"\nenvironment = "Three"', "'Three'"),
        ("[[data_sources]]", "[[data_sources]]\nid = 's0'\nname = 'Web orders'\n[[data_sources]]", "twice"),
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
