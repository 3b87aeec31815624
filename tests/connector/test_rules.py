"""Does each rule see what breaks it, and only that?"""

import pytest

from local.connector.checks import by_rules
from local.connector.findings import name_of
from local.connector.package import Package
from local.connector.rules import GROUPS
from local.connector.schemas import against_swagger
from tests.connector import spoiled_definition, spoiled_rest
from tests.connector.good import Draft
from tests.connector.spoiled_definition import Spoiled

SPOILED = (*spoiled_definition.SPOILED, *spoiled_rest.SPOILED)


def broken(package: Package) -> dict[str, str]:
    """The rules that it breaks, with what is said."""
    found = {one.name: "\n".join(map(str, one.findings)) for one in by_rules(package)}
    return {name: said for name, said in found.items() if said}


def test_a_good_connector_breaks_no_rule() -> None:
    """It is good Swagger too, so what the other tests change is what their rule finds."""
    package = Draft().package()
    assert broken(package) == {}
    assert list(against_swagger(package)) == []


@pytest.mark.parametrize("spoiled", SPOILED, ids=[f"{one.rule.__name__}-{n}" for n, one in enumerate(SPOILED)])
def test_a_defect_breaks_its_own_rule_and_no_other(spoiled: Spoiled) -> None:
    """It says where, what and what to do."""
    draft = Draft()
    spoiled.change(draft)
    found = broken(draft.package())
    assert list(found) == [name_of(spoiled.rule)]
    assert spoiled.says in found[name_of(spoiled.rule)]


@pytest.mark.parametrize("later", ["CreateThing_V2", "CreateThing_V10"])
def test_forms_that_both_stay_need_no_annotation(later: str) -> None:
    """Microsoft's own connector has such pairs."""
    draft = Draft()
    for id_ in ("CreateThing", "CreateThing_V2"):
        del draft.operation(id_)["x-ms-api-annotation"]
    draft.operation("CreateThing_V2")["operationId"] = later
    assert broken(draft.package()) == {}


def test_every_rule_was_broken_once() -> None:
    """A rule that nothing breaks might see nothing."""
    assert {one.rule for one in SPOILED} == {rule for rules in GROUPS.values() for rule in rules}


@pytest.mark.parametrize("group", GROUPS)
def test_every_rule_is_a_sentence(group: str) -> None:
    """Its docstring is the rule."""
    for rule in GROUPS[group]:
        assert (rule.__doc__ or "").strip().endswith((".", ".)"))
