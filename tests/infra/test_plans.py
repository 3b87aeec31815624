"""Is what a deployment makes computed as Azure would, and is nothing taken for known that is not?"""

from pathlib import Path

import pytest

from local.children import ROOT
from local.infra.findings import NotDone
from local.infra.holding import Must, each, exactly, shown
from local.infra.plans import Plan, Plans, plans_of
from local.infra.project import read_project
from local.infra.scope import Unknown, known
from local.infra.stand_ins import app_id

CHILD = """param mode string
param on bool
resource one 'Microsoft.X/things@2025-01-01' = {
  name: 'one'
  properties: { open: on ? 'yes' : 'no', mode: mode, sure: 1, keys: [for each in [1, 2]: each * 2] }
}
resource many 'Microsoft.X/things/parts@2025-01-01' = [for (each, place) in ['a', 'b']: {
  parent: one
  name: '${each}${place}'
}]
output id string = one.id
output hashed string = uniqueString(one.id)
"""
MAIN = """targetScope = 'subscription'
param mode string = 'plain'
param on bool = false
param more bool = on
resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = { name: 'rg', location: 'westeurope' }
module second 'child.bicep' = if (more) { name: 'second', scope: group, params: { mode: first.outputs.id, on: true } }
module first 'child.bicep' = { name: 'first', scope: group, params: { mode: mode, on: on } }
output id string = first.outputs.id
output twice string = on ? second.outputs.id : 'none'
"""


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    """Those of a small project of two files."""
    files = {"main.bicep": MAIN, "child.bicep": CHILD, "main.bicepparam": "using 'main.bicep'\nparam mode = 'given'\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return plans_of(read_project(tmp_path))


def of(plans: Plans, name: str) -> Plan:
    """The plan of this name."""
    return next(plan for plan in plans.every if plan.name == name)


def test_parameters_loops_modules_and_outputs_have_their_values(plans: Plans) -> None:
    plan = of(plans, "main")
    (thing,) = plan.of("Microsoft.X/things")
    assert thing.at("properties") == {"open": "no", "mode": "given", "sure": 1, "keys": [2, 4]}
    assert [part.name for part in plan.of("Microsoft.X/things/parts")] == ["a0", "b1"]
    assert [part.at("parent.name") for part in plan.of("Microsoft.X/things/parts")] == ["one", "one"]
    assert plan.outputs == {"id": thing.id, "twice": "none"}


def test_a_module_that_may_be_there_is_there(plans: Plans) -> None:
    assert len(plans.any_values.of("Microsoft.X/things")) > len(of(plans, "main").of("Microsoft.X/things"))


def test_a_module_gets_the_outputs_of_one_that_stands_below_it(plans: Plans) -> None:
    modes = [one.at("properties.mode") for one in plans.any_values.of("Microsoft.X/things")]
    assert modes[-1] == f"{of(plans, 'main').of('Microsoft.X/things')[0].id}"


def test_an_unknown_test_turns_out_both_ways(plans: Plans) -> None:
    assert {str(one.at("properties.open")) for one in plans.any_values.of("Microsoft.X/things")} == {"yes", "no"}


def test_what_depends_on_a_parameter_is_unknown_and_the_rest_is_not(plans: Plans) -> None:
    unknown = plans.any_values.of("Microsoft.X/things")[0]
    assert isinstance(unknown.at("properties.mode"), Unknown)
    assert isinstance(unknown.at("properties.mode.deeper"), Unknown)
    assert unknown.at("properties.sure") == 1
    assert unknown.at("properties.there.is.none") is None


def test_a_line_is_that_of_the_property_or_of_what_it_stands_in(plans: Plans) -> None:
    (thing,) = of(plans, "main").of("Microsoft.X/things")
    assert [thing.line_of(path) for path in ("name", "properties", "properties.open", "nothing")] == [4, 5, 5, 3]


def test_a_must_fails_where_there_is_none_where_it_is_wrong_and_where_it_cannot_be_known(plans: Plans) -> None:
    def said(path: str, kind: str = "Microsoft.X/things") -> set[str]:
        return {
            " ".join((one.wrong, *one.plans)) for one in each([plans.any_values], [Must(kind, path, exactly(1), "1")])
        }

    assert said("properties.sure") == set()
    assert "one: properties.mode is not known: it depends on parameters" in said("properties.mode")
    assert said("properties.open") == {"one: properties.open is 'yes'", "one: properties.open is 'no'"}
    assert said("x", "Microsoft.Y/z") == {"there is no Microsoft.Y/z any parameters"}


@pytest.mark.parametrize(("value", "other"), [(1, True), (True, 1), ("1", 1), (None, False)])
def test_values_of_different_kinds_are_different(value: object, other: object) -> None:
    assert exactly(value)(value)
    assert not exactly(value)(other)


def test_values_are_shown_as_one_reads_them_and_not_at_length() -> None:
    assert [shown(value) for value in (None, "x", True, [1])] == ["not set", "'x'", "true", "[1]"]
    assert len(shown("x" * 500)) < 130


def test_every_value_of_our_own_plans_is_known() -> None:
    """So that no gate passes or fails for want of knowledge of a function."""
    found = plans_of(read_project(ROOT / "infra"))
    assert [plan.name for plan in found.known][:4] == ["dev", "main", "prod", "test"]
    for plan in found.known:
        assert all(known(dict(one.body)) for one in plan.resources), plan.name
        assert known(dict(plan.outputs)), plan.name


def test_registrations_have_different_client_ids() -> None:
    assert len({app_id(name) for name in ("api", "connector", "a", "")}) == 4
    assert all(len(app_id(name)) == 36 for name in ("api", "a long name of a registration", ""))


def test_a_folder_without_a_main_file_has_no_plans(tmp_path: Path) -> None:
    with pytest.raises(NotDone, match="there is no"):
        plans_of(read_project(tmp_path))
