"""May this caller ask about this environment: a user by a role there, an application by its list."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from shared.adapters.memory_actions import MemoryActions
from shared.domain.callback_url import parse_callback_url
from shared.domain.callers import Caller
from shared.domain.cursors import write_cursor
from shared.domain.proofs import FRESH, USABLE
from shared.errors import (
    Forbidden,
    InsightsAnswerInvalid,
    InsightsError,
    InsightsForbidden,
    InsightsNotFound,
    InsightsRefused,
    InsightsThrottled,
    InsightsTimeout,
    InsightsUnavailable,
    NotFound,
    SignalsError,
)
from shared.services import act as module
from shared.services.act import act, require_overseer, require_reader
from shared.services.environment_status import environment_status
from shared.services.list_events import list_events
from shared.services.poll_trigger import poll_trigger
from shared.services.subscribe import subscribe
from shared.stores import EventQuery
from tests.factories import ENVIRONMENT
from tests.services.stage import ADMINISTRATOR, MAKER, OTHER, Stage, callback

TRIGGER = "unification-completed"
ELSEWHERE = "e0e0e0e0-0000-4000-8000-00000000000f"
DAEMON = Caller("tenant/daemon", environments=frozenset({ENVIRONMENT}))
OPERATIONS = Caller("tenant/operations", is_administrator=True, environments=frozenset({"*"}))
OUTAGES = [InsightsUnavailable(), InsightsTimeout(), InsightsThrottled(retry_after_seconds=7)]
MOMENT = timedelta(seconds=1)


async def asked(stage: Stage, caller: Caller = MAKER, environment_id: str = ENVIRONMENT) -> int:
    """How often Customer Insights was asked until the caller was let through."""
    before = len(stage.actions.calls)
    await require_reader(stage.ports, caller, environment_id)
    return len(stage.actions.calls) - before


async def refusal(stage: Stage, caller: Caller = MAKER, environment_id: str = ENVIRONMENT) -> SignalsError:
    """What a caller is told who is not let through."""
    with pytest.raises(SignalsError) as caught:
        await require_reader(stage.ports, caller, environment_id)
    return caught.value


def after(stage: Stage, span: timedelta) -> None:
    """Let time pass."""
    stage.wait(seconds=span.total_seconds())


async def test_a_role_lets_in_and_is_not_asked_for_again_for_ten_minutes(stage: Stage) -> None:
    stage.actions.roles[MAKER.owner] = ("Viewer",)
    assert await asked(stage) == 1
    after(stage, FRESH)
    assert await asked(stage) == 0
    after(stage, MOMENT)
    assert await asked(stage) == 1
    assert await asked(stage) == 0


async def test_each_owner_shows_it_for_each_environment(stage: Stage) -> None:
    assert [await asked(stage, caller, place) for caller in (MAKER, OTHER) for place in (ENVIRONMENT, ELSEWHERE)] == [
        1,
        1,
        1,
        1,
    ]
    assert set(stage.actions.calls) == {"my_roles"}


async def test_another_worker_asks_for_itself(stage: Stage) -> None:
    await asked(stage)
    await require_reader(stage.another_worker(), MAKER, ENVIRONMENT)
    assert stage.actions.calls == ["my_roles"] * 2


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda one: type(one).__name__)
async def test_who_showed_it_today_goes_on_while_customer_insights_cannot_be_asked(
    stage: Stage, outage: InsightsError
) -> None:
    await asked(stage)
    stage.actions.failure = outage
    after(stage, USABLE)
    assert await asked(stage) == 1
    after(stage, MOMENT)
    assert await refusal(stage) is outage


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda one: type(one).__name__)
async def test_an_outage_proves_nothing_to_whoever_never_showed_it(stage: Stage, outage: InsightsError) -> None:
    stage.actions.failure = outage
    assert await refusal(stage) is outage
    await asked_again_after_an_outage(stage)


async def asked_again_after_an_outage(stage: Stage) -> None:
    """Nothing of the outage is remembered."""
    stage.actions.failure = None
    assert await asked(stage) == 1


async def test_an_outage_makes_no_proof_fresh(stage: Stage) -> None:
    await asked(stage)
    stage.actions.failure = InsightsUnavailable()
    after(stage, FRESH + MOMENT)
    assert [await asked(stage) for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("refused", [(), InsightsForbidden(), InsightsNotFound()], ids=lambda one: type(one).__name__)
async def test_without_a_role_an_environment_is_not_there(
    stage: Stage, refused: InsightsError | tuple[str, ...]
) -> None:
    """404: whether it exists is not told."""
    if isinstance(refused, InsightsError):
        stage.actions.failure = refused
    else:
        stage.actions.roles[MAKER.owner] = refused
    told = await refusal(stage)
    assert (type(told), told.reason) == (NotFound, "not_found")


async def test_a_role_that_is_taken_away_is_forgotten_at_once(stage: Stage) -> None:
    """Not even an outage brings it back."""
    await asked(stage)
    stage.actions.roles[MAKER.owner] = ()
    after(stage, FRESH + MOMENT)
    assert isinstance(await refusal(stage), NotFound)
    stage.actions.failure = InsightsUnavailable()
    assert isinstance(await refusal(stage), InsightsUnavailable)


@pytest.mark.parametrize("failure", [InsightsRefused(), InsightsAnswerInvalid()], ids=lambda one: type(one).__name__)
async def test_a_failure_that_is_no_outage_is_not_covered_by_an_old_proof(stage: Stage, failure: InsightsError) -> None:
    await asked(stage)
    after(stage, FRESH + MOMENT)
    stage.actions.failure = failure
    assert await refusal(stage) is failure


async def test_an_application_is_let_in_where_it_is_listed_without_asking(stage: Stage) -> None:
    """It acts as this app, whose roles are not its own."""
    assert await asked(stage, DAEMON) == 0
    assert await asked(stage, replace(DAEMON, environments=frozenset({"*"})), ELSEWHERE) == 0
    assert not stage.proofs.holds(DAEMON.owner, ENVIRONMENT, stage.now, USABLE)


@pytest.mark.parametrize("listed", [frozenset[str](), frozenset({ENVIRONMENT})])
async def test_an_application_is_not_let_in_elsewhere(stage: Stage, listed: frozenset[str]) -> None:
    """Neither to act there nor to read, and nothing is asked; to administer is no exception."""
    for caller in (DAEMON, replace(OPERATIONS, environments=listed)):
        stranger = replace(caller, environments=listed)
        told = await refusal(stage, stranger, ELSEWHERE)
        assert (type(told), told.reason) == (Forbidden, "environment_not_listed")
        with pytest.raises(Forbidden):
            act(stage.ports, stranger, ELSEWHERE)
    assert stage.actions.calls == []


async def test_who_runs_this_app_oversees_every_environment_without_a_role_there(stage: Stage) -> None:
    stage.actions.roles[ADMINISTRATOR.owner] = ()
    for caller in (ADMINISTRATOR, OPERATIONS):
        await require_overseer(stage.ports, caller, ENVIRONMENT)
    assert stage.actions.calls == []


async def test_everybody_else_oversees_what_they_can_read(stage: Stage) -> None:
    stage.actions.roles[OTHER.owner] = ()
    await require_overseer(stage.ports, MAKER, ENVIRONMENT)
    await require_overseer(stage.ports, DAEMON, ENVIRONMENT)
    with pytest.raises(NotFound):
        await require_overseer(stage.ports, OTHER, ENVIRONMENT)
    with pytest.raises(Forbidden):
        await require_overseer(stage.ports, DAEMON, ELSEWHERE)


async def test_to_administer_is_no_role_at_customer_insights(stage: Stage) -> None:
    """Subscribing needs one, of an administrator as of anybody."""
    stage.actions.roles[ADMINISTRATOR.owner] = ()
    assert isinstance(await refusal(stage, ADMINISTRATOR), NotFound)


def services(stage: Stage) -> dict[str, Callable[[Caller], Awaitable[object]]]:
    """What callers ask of an environment that concerns nothing of their own yet."""
    ports, body = stage.ports, {"environmentId": ENVIRONMENT, "callbackUrl": callback("w")}
    parse = partial(parse_callback_url, allowed_suffixes=(".logic.azure.com",), allow_loopback=False)
    return {
        "subscribe": lambda caller: subscribe(ports, TRIGGER, body, caller, parse),
        "poll": lambda caller: poll_trigger(
            ports, TRIGGER, {"environmentId": ENVIRONMENT}, caller, state=write_cursor(ENVIRONMENT, 0), top=1
        ),
        "events": lambda caller: list_events(ports, caller, ENVIRONMENT, EventQuery(0), top=1),
        "status": lambda caller: environment_status(ports, caller, ENVIRONMENT),
    }


@pytest.mark.parametrize("name", ["subscribe", "poll", "events", "status"])
async def test_nothing_is_shown_or_kept_for_whoever_may_not_read(stage: Stage, name: str) -> None:
    """Nor is anything asked; and those who may get it."""
    stage.actions.roles[OTHER.owner] = ()
    await stage.poll()
    stage.forget()
    with pytest.raises(NotFound, match="you have no role there"):
        await services(stage)[name](OTHER)
    with pytest.raises(Forbidden):
        await services(stage)[name](replace(DAEMON, environments=frozenset({ELSEWHERE})))
    assert not stage.subscriptions.rows
    assert (stage.checkpoints.reads, stage.insights.calls) == (0, [])
    for caller in (MAKER, DAEMON):
        assert await services(stage)[name](caller)


class Hanging(MemoryActions):
    """Takes its time before it tells roles."""

    seconds = 30.0

    async def my_roles(self, environment_id: str) -> tuple[str, ...]:
        await asyncio.sleep(self.seconds)
        return await MemoryActions.my_roles(self, environment_id)


async def test_who_proved_it_today_does_not_wait_long_and_who_did_not_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.01)
    actions = Hanging()
    stage = Stage(actions=actions)
    actions.seconds = 0.1
    await require_reader(stage.ports, MAKER, ENVIRONMENT)
    assert actions.calls == ["my_roles"]
    actions.seconds = 30.0
    after(stage, FRESH + MOMENT)
    async with asyncio.timeout(20):
        await require_reader(stage.ports, MAKER, ENVIRONMENT)
    assert actions.calls == ["my_roles"]


async def test_a_caller_acts_at_the_environment_that_is_named(stage: Stage) -> None:
    asked: list[tuple[Caller, str]] = []

    def acting(caller: Caller, environment_id: str) -> MemoryActions:
        asked.append((caller, environment_id))
        return stage.actions

    assert act(replace(stage.ports, acting=acting), MAKER, ENVIRONMENT) is stage.actions
    assert asked == [(MAKER, ENVIRONMENT)]
