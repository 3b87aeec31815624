"""The solutions have no finding; each check is turned red by a defect of its own."""

from collections.abc import Callable, Mapping

import pytest

from local.flows.package import Solution
from local.flows.steps import FLOW_CHECKS, operations_exist
from local.flows.structure import READABLE, WHOLE, findings
from tests.flows.defects import CONNECTOR_DEFECTS, DEFECTS
from tests.flows.packing import definition, good_connector, good_flows, spoilt


@pytest.mark.parametrize("parts", [good_flows, good_connector])
def test_the_solutions_have_no_finding(parts: Callable[[], Mapping[str, bytes]]) -> None:
    assert findings(Solution(parts()), definition()) == []


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_of_the_flows_is_found(name: str) -> None:
    check, what, spoil = DEFECTS[name]
    found = findings(spoilt(good_flows(), spoil), definition())
    assert any(one.check == check and what in one.what for one in found), found


@pytest.mark.parametrize("name", CONNECTOR_DEFECTS)
def test_a_defect_of_the_connectors_solution_is_found(name: str) -> None:
    check, what, spoil = CONNECTOR_DEFECTS[name]
    found = findings(spoilt(good_connector(), spoil), definition())
    assert any(one.check == check and what in one.what for one in found), found


def test_each_check_has_its_defect() -> None:
    checks = {one.__name__ for one in (*READABLE, *WHOLE, *FLOW_CHECKS, operations_exist)}
    assert {check for check, _, _ in (*DEFECTS.values(), *CONNECTOR_DEFECTS.values())} == checks
