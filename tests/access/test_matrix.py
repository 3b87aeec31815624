"""Every door of the app and everybody who could stand before it: each of them is answered as it should be."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import azure.functions as func
import pytest

from functions.access import NEEDS, OPEN
from local.entra.directory import DAEMON
from shared import bootstrap
from shared.domain.access import Permission
from tests.access.doors import DOORS, Door
from tests.access.houses import rebuilt
from tests.access.scene import VENDOR, Scene
from tests.access.visitors import VISITORS, Visitor
from tests.functions.support import Caller, secrets_in, told, trigger_of
from tests.services.stage import Stage
from tests.tally import Tally

Functions = Sequence[func.Function]


def doors_of(functions: Functions) -> dict[str, dict[str, Any]]:
    """The HTTP triggers of the app, by the function's name."""
    triggers = {str(one.get_function_name()): trigger_of(one).get_dict_repr() for one in functions}
    return {name: trigger for name, trigger in triggers.items() if trigger["type"] == "httpTrigger"}


def test_every_door_of_the_app_has_its_row_and_no_row_is_without_a_door(functions: Functions) -> None:
    """The host asks for no key at any of them."""
    doors = doors_of(functions)
    assert doors.keys() == NEEDS.keys() | OPEN == DOORS.keys() | OPEN
    assert not NEEDS.keys() & OPEN
    assert {trigger["authLevel"] for trigger in doors.values()} == {func.AuthLevel.ANONYMOUS}


def test_what_a_door_needs_follows_from_where_it_is_and_what_it_does(functions: Functions) -> None:
    """At environments what changes something needs Write; who started a job waits for it with the same right."""
    expected = {}
    for name, trigger in doors_of(functions).items():
        first = str(trigger["route"]).removeprefix("v2/").partition("/")[0]
        of_callers = first in ("triggers", "subscriptions", "unsubscribe", "deliveries")
        reads = [method.value for method in trigger["methods"]] == ["GET"] and name != "get_job_outcome"
        of_everybody = Permission.READ if reads else Permission.WRITE
        expected[name] = Permission.TRIGGERS if of_callers else of_everybody
    assert {**expected, "reencrypt_secrets": Permission.ADMIN} == {**NEEDS, "live": Permission.READ}


async def visit(call: Caller, name: str, visitor: Visitor) -> tuple[func.HttpResponse, Scene, bool]:
    """The answer, the scene, and whether anything has changed in it."""
    scene = Scene(visitor.owner)
    ports = await scene.ports()
    if visitor.roles is not None:
        scene.stage.actions.roles[visitor.owner] = visitor.roles
    here = bootstrap.house()
    entra = replace(here.settings.entra, app_environments={DAEMON.id.replace("-", ""): visitor.listed})
    rebuilt(ports=ports, settings=replace(here.settings, entra=entra))
    before = scene.kept()
    need = NEEDS[name]
    answer = await call(name, DOORS[name].asked(visitor.headers(need), **visitor.query(need)))
    return answer, scene, scene.kept() != before


def problems(door: Door, visitor: Visitor, answer: func.HttpResponse, scene: Scene, *, changed: bool) -> list[str]:
    """What is not as it should be."""
    status, expected = answer.status_code, visitor.status(door)
    denied = status in (401, 403, 404) or bool(door.stranger and not visitor.owns)
    by_us = status in (401, 403) and visitor.roles is None  # and not by Customer Insights
    begun = [note for note in scene.notes if note.startswith(VENDOR) or not door.looks_first or visitor.turned_away]
    found = {
        f"{status} instead of {expected}": status != expected,
        "denied, and yet something changed": denied and changed,
        f"denied, and yet begun: {begun}": by_us and bool(begun),
        "a secret told": denied and bool(secrets_in(answer)),
    }
    return [problem for problem, is_so in found.items() if is_so]


async def test_everybody_is_answered_as_they_should_be_at_every_door(
    stage: Stage, call: Caller, caplog: pytest.LogCaptureFixture, tally: Tally
) -> None:
    wrong: dict[str, list[str]] = {}
    cells = 0
    for name, door in DOORS.items():
        for who, visitor in VISITORS.items():
            caplog.clear()
            with caplog.at_level(logging.INFO):
                answer, scene, changed = await visit(call, name, visitor)
            found = problems(door, visitor, answer, scene, changed=changed)
            why = [record.__dict__["reason"] for record in caplog.records if record.__dict__.get("action") == "refused"]
            if visitor.turned_away and len(why) != 1:
                found.append(f"logged {why}")
            if ("WWW-Authenticate" in answer.headers) != (answer.status_code == 401 or why == ["permission_missing"]):
                found.append(f"challenged wrongly for {why}")
            if found:
                wrong[f"{name}, {who}"] = found
            cells += 1
    print(f"{cells} cells: {len(DOORS)} doors, {len(VISITORS)} visitors")
    tally.add(cells)
    assert wrong == {}
    assert cells == len(NEEDS) * len(VISITORS)


@pytest.mark.parametrize(
    "who", ["application at an environment that is not listed", "application without any environment"]
)
async def test_an_application_is_told_of_no_environment_that_is_not_its_own(
    stage: Stage, call: Caller, who: str
) -> None:
    answer, *_ = await visit(call, "get_environments", VISITORS[who])
    assert told(answer) == {"value": []}


async def test_who_is_no_owner_learns_the_same_as_of_what_is_not_there(stage: Stage, call: Caller) -> None:
    """Word for word: 404 tells nothing of what others have."""
    for name, door in DOORS.items():
        if door.stranger:
            strangers, *_ = await visit(call, name, VISITORS["another owner"])
            scene = Scene("nobody")
            ports = await scene.ports()
            scene.stage.subscriptions.rows.clear()
            scene.stage.dead.rows.clear()
            rebuilt(ports=ports)
            nothing = await call(name, door.asked(VISITORS["another owner"].headers(NEEDS[name])))
            assert (strangers.status_code, strangers.get_body()) == (nothing.status_code, nothing.get_body())


@pytest.mark.parametrize(("who", "shown"), [("another owner", 0), ("the right user", 1), ("an administrator", 1)])
async def test_a_list_has_what_is_ones_own(stage: Stage, call: Caller, who: str, shown: int) -> None:
    """An administrator's has everybody's."""
    answer, *_ = await visit(call, "get_subscriptions", VISITORS[who])
    assert len(told(answer)["value"]) == shown


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer garbage"}, {"Authorization": "Basic x"}])
async def test_an_open_door_asks_nobody(stage: Stage, call: Caller, headers: Mapping[str, str]) -> None:
    for name in OPEN:
        assert (await call(name, Door().asked(headers))).status_code == 200
