"""Every action over HTTP, by everybody who may call: what is answered, and what Customer Insights is asked for it."""

from urllib.parse import unquote

import pytest

from functions.access import NEEDS
from local.entra.directory import DAEMON, IDENTITY, MAKER, OUTSIDER, VIEWER, App, User
from shared.domain.access import Permission
from tests.actions.site import UNLISTED, Site
from tests.actions.table import ACTIONS, NAMES, Action, things
from tests.e2e.app import Answered

pytestmark = pytest.mark.asyncio(loop_scope="module")
EVERY = pytest.mark.parametrize("action", ACTIONS, ids=NAMES)
NO_ACTION = {  # subscriptions, events and operations have their own tests
    "subscribe_to_trigger",
    "poll_trigger_events",
    "get_subscriptions",
    "get_subscription",
    "unsubscribe_from_trigger",
    "unsubscribe_without_location",
    "replay_to_subscription",
    "renew_signing_secret",
    "get_dead_deliveries",
    "replay_dead_delivery",
    "get_environment_status",
    "get_events",
    "reencrypt_secrets",
}


async def do(site: Site, action: Action, who: User | App = MAKER) -> Answered:
    return await site.ask(action.method, action.path.format(**things(site)), action.body, who=who)


def asked(site: Site) -> list[str]:
    """What the simulator was asked, as the table writes it; whose calls they were is told singly."""
    found = [f"{one.method} {one.path}{'?' + unquote(one.query) if one.query else ''}" for one in site.asked()]
    return sorted(found)


def matches(told: list[str], expected: tuple[str, ...], site: Site) -> bool:
    """Whether these are the calls; one that ends with a slash has some id behind it."""
    wanted = sorted(one.format(**things(site)) for one in expected)
    return len(told) == len(wanted) and all(
        one == two or (two.endswith("/") and one.startswith(two)) for one, two in zip(told, wanted, strict=True)
    )


async def test_the_table_has_every_action_there_is() -> None:
    assert sorted(NAMES) == sorted(set(NEEDS) - NO_ACTION)


async def test_what_is_no_get_needs_the_permission_to_write() -> None:
    """And so does waiting for a job's outcome, which goes with starting it."""
    writing = {name for name in NAMES if NEEDS[name] is Permission.WRITE}
    assert writing == {action.name for action in ACTIONS if action.writes} | {"get_job_outcome"}


@EVERY
async def test_an_action_asks_for_what_it_needs_as_the_user(site: Site, action: Action) -> None:
    answer = await do(site, action)
    assert answer.status == action.status, answer
    assert answer.json
    callers = {one.principal_id for one in site.simulation.seen}
    assert callers <= {MAKER.oid}
    told = asked(site)
    assert matches(told, action.asks, site), told


@EVERY
async def test_an_application_acts_as_the_apps_own_identity(site: Site, action: Action) -> None:
    answer = await do(site, action, DAEMON)
    unsigned = action.name == "retrieve_partition_data"  # its own tests say why
    assert answer.status == (403 if unsigned else action.status), answer
    assert {one.principal_id for one in site.simulation.seen} <= {IDENTITY.object_id}
    told = asked(site)
    assert matches(told, action.asks[:1] if unsigned else action.asks, site), told
    assert not site.entra.control.requests["token"]


@EVERY
async def test_a_viewer_reads_and_does_not_write(site: Site, action: Action) -> None:
    answer = await do(site, action, VIEWER)
    if action.writes:
        assert (answer.status, answer.json["error"]["code"]) == (403, "insights_forbidden"), answer
        assert "role" in answer.json["error"]["message"]
    else:
        assert answer.status == action.status, answer
    assert {one.principal_id for one in site.simulation.seen} <= {VIEWER.oid}


@EVERY
async def test_an_outsider_sees_nothing(site: Site, action: Action) -> None:
    """Nothing of an environment where the user has no role; what is the same for everybody is told."""
    answer = await do(site, action, OUTSIDER)
    if action.name == "get_environments":
        assert (answer.status, answer.json) == (200, {"value": []})
    elif not action.asks:
        assert answer.status == 200
    else:
        assert (answer.status, answer.json["error"]["code"]) == (403, "insights_forbidden"), answer


@pytest.mark.parametrize("action", [one for one in ACTIONS if one.asks][1:], ids=lambda action: action.name)
async def test_an_application_acts_at_listed_environments_only(site: Site, action: Action) -> None:
    here = {**things(site), "environment": UNLISTED}
    path = action.path.format(**here)
    whole = path if path.startswith("/") else f"/environments/{UNLISTED}/{path}"
    answer = await site.ask(action.method, whole, action.body, who=DAEMON)
    assert (answer.status, answer.json["error"]["code"]) == (403, "environment_not_listed"), answer
    assert not site.simulation.seen
    as_user = await site.ask(action.method, whole, action.body)
    assert (as_user.status, as_user.json["error"]["code"]) == (404, "insights_not_found"), as_user


async def test_no_answer_to_anybody_holds_a_token(site: Site) -> None:
    tokens = [site.token(who) for who in (MAKER, DAEMON)]
    for action in ACTIONS:
        for who in (MAKER, DAEMON):
            await do(site, action, who)
    told = b"".join(str(dict(answer.headers)).encode() + answer.body for answer in site.app.answers)
    assert len(site.app.answers) == 2 * len(ACTIONS)
    for secret in (*tokens, "local-key", "eyJ", "Traceback", "/storage/"):
        assert secret.encode() not in told, secret
