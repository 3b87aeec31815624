"""The solutions have no finding; each check is turned red by a defect of its own."""

from collections.abc import Callable, Mapping

import pytest

from local.connector.definition import read_definition
from local.connector.deployment import NO_HOST
from local.flows.belonging import CONNECTOR_CHECKS
from local.flows.package import Solution, steps_of
from local.flows.structure import READABLE, WHOLE, findings
from tests.flows.defects import CONNECTOR_DEFECTS, DEFECTS
from tests.flows.flow_defects import END, FLOW_DEFECTS, WAIT
from tests.flows.packing import HTTP_FLOW, Spoil, changing, connector, good_connector, good_flows, having, spoilt

MEASURE_FLOW = "Workflows/Measure"
MEASURE_TRIGGER = ("definition", "triggers", "When_a_measure_crosses_a_threshold")
OF_FLOWS = {**DEFECTS, **FLOW_DEFECTS}


@pytest.mark.parametrize("parts", [good_flows, good_connector])
def test_the_solutions_have_no_finding(parts: Callable[[], Mapping[str, bytes]]) -> None:
    assert findings(Solution(parts()), connector()) == []


@pytest.mark.parametrize("name", OF_FLOWS)
def test_a_defect_of_the_flows_is_found(name: str) -> None:
    check, what, spoil = OF_FLOWS[name]
    found = findings(spoilt(good_flows(), spoil), connector())
    assert any(one.check == check and what in one.what for one in found), found


@pytest.mark.parametrize("name", CONNECTOR_DEFECTS)
def test_a_defect_of_the_connectors_solution_is_found(name: str) -> None:
    check, what, spoil = CONNECTOR_DEFECTS[name]
    found = findings(spoilt(good_connector(), spoil), connector())
    assert any(one.check == check and what in one.what for one in found), found


def test_each_check_has_its_defect() -> None:
    checks = {one.__name__ for one in (*READABLE, *WHOLE, *CONNECTOR_CHECKS)}
    assert {check for check, _, _ in (*OF_FLOWS.values(), *CONNECTOR_DEFECTS.values())} == checks


def test_a_value_of_a_variable_is_no_defect() -> None:
    """Exports have such a file where a value was entered in the solution."""
    part = "environmentvariabledefinitions/cis_TeamId/environmentvariablevalues.json"
    value = having(part, b'{"environmentvariablevalues": {"environmentvariablevalue": {"value": "x"}}}')
    assert findings(spoilt(good_flows(), value), connector()) == []


def test_the_placeholder_is_the_host_of_the_source() -> None:
    assert read_definition().document["host"] == NO_HOST


def test_a_step_sees_what_it_waits_for_with_all_in_it_and_what_its_parent_sees() -> None:
    one = {"type": "Compose"}
    actions = {
        "a": one,
        "branch": {"type": "If", "runAfter": {"a": ["Succeeded"]}, "actions": {"yes": one}, "else": {"actions": {}}},
        "b": {**one, "runAfter": {"branch": ["Failed"]}},
        "beside": one,
    }
    sees = {step.name: set(step.sees) for step in steps_of(actions)}
    assert sees == {"a": set(), "branch": {"a"}, "yes": {"a"}, "b": {"a", "branch", "yes"}, "beside": set()}


def test_a_loop_that_polls_names_what_is_in_it() -> None:
    """Its condition is read after its body."""
    loop = {"type": "Until", "expression": "@equals(body('look'), 1)", "actions": {"look": {"type": "Compose"}}}
    sees = {step.name: set(step.sees) for step in steps_of({"loop": loop})}
    assert sees == {"loop": {"look"}, "look": set()}


@pytest.mark.parametrize(
    "legal",
    [
        changing(
            MEASURE_FLOW, *MEASURE_TRIGGER, "inputs", "parameters", "body/dimensions/Country", to="NO"
        ),  # a field that the designer learns from the measure
        changing(HTTP_FLOW, *END, "description", to="As body('Nobody') would say."),
        changing(HTTP_FLOW, *END, "metadata", to={"operationMetadataId": ""}),
        changing(HTTP_FLOW, *WAIT, "description", to="See https://contoso.example/help?code=12"),
    ],
    ids=["dimension", "note", "no id", "address"],
)
def test_what_makers_may_write_is_no_defect(legal: Spoil) -> None:
    assert findings(spoilt(good_flows(), legal), connector()) == []
