"""Which flow calls, what takes the place of what, and who may touch it."""

import string
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.callers import Caller, callback_key, flow_key, flow_of, polling_id
from shared.domain.subscriptions import Flow, Trigger
from tests.factories import subscription

POWER_AUTOMATE = {
    "X-MS-Workflow-Name": "2c7f1d0e-8a4b-4b5e-9f33-1a2b3c4d5e6f",
    "X-MS-Environment-Id": "Default-72f9",
    "x-ms-workflow-id": "ff",
    "x-ms-workflow-subscription-id": "platform",
    "x-ms-tracking-id": "changes at every call",
}
LOGIC_APP = {
    "x-ms-workflow-name": "la-orders",
    "x-ms-workflow-subscription-id": "sub",
    "x-ms-workflow-resourcegroup-name": "rg",
}
FLOW = Caller("maker", flow=flow_of(POWER_AUTOMATE))
ONE = Trigger.REFRESH_FAILED


def test_a_flow_of_power_automate_is_its_name_in_its_environment() -> None:
    assert flow_of(POWER_AUTOMATE) == Flow(POWER_AUTOMATE["X-MS-Workflow-Name"], "Default-72f9")


def test_a_logic_app_is_its_name_in_its_resource_group_and_its_waiting_step_is_the_run_and_action() -> None:
    step = {"x-ms-workflow-run-id": "0858", "x-ms-workflow-operation-name": "Wait"}
    assert flow_of({**LOGIC_APP, **step}) == Flow("la-orders", "sub/rg", "0858/Wait")


@pytest.mark.parametrize("odd", ["", "   ", "x" * 201, "a\nb", "a\x00b"])
def test_a_header_that_is_empty_or_odd_is_not_there(odd: str) -> None:
    assert flow_of({"x-ms-workflow-name": odd}) == Flow()


@given(st.dictionaries(st.text(string.ascii_letters + "-", max_size=40), st.text(max_size=300)))
def test_any_headers_make_a_flow_that_can_be_shown(headers: dict[str, str]) -> None:
    found = flow_of(headers)
    assert all(text.isprintable() and len(text) <= 402 for text in (found.name, found.environment, found.step))


def test_a_named_flow_has_one_key_for_a_trigger_whatever_it_orders() -> None:
    assert flow_key(FLOW, ONE, {"callback": "a"}) == flow_key(FLOW, ONE, {"callback": "b"})


@pytest.mark.parametrize(
    "other",
    [
        replace(FLOW, owner="somebody else"),
        replace(FLOW, flow=replace(FLOW.flow, name="other")),
        replace(FLOW, flow=replace(FLOW.flow, environment="other")),
        replace(FLOW, flow=replace(FLOW.flow, step="0858/Wait")),
    ],
)
def test_another_owner_flow_place_or_step_is_another_key(other: Caller) -> None:
    assert flow_key(other, ONE, {}) != flow_key(FLOW, ONE, {})


def test_every_trigger_of_a_flow_has_a_key_of_its_own() -> None:
    assert len({flow_key(FLOW, trigger, {}) for trigger in Trigger}) == len(Trigger)


def test_a_caller_without_a_name_is_known_by_its_order() -> None:
    nameless = Caller("maker")
    same = flow_key(nameless, ONE, {"callback": "a", "filters": {"x": 1, "y": 2}})
    assert same == flow_key(nameless, ONE, {"filters": {"y": 2, "x": 1}, "callback": "a"})
    assert same != flow_key(nameless, ONE, {"callback": "b", "filters": {"x": 1, "y": 2}})


PARTS = st.tuples(st.text(max_size=5), st.text(max_size=5), st.text(max_size=5), st.text(min_size=1, max_size=5))


@given(PARTS, PARTS)
def test_keys_of_different_flows_differ(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """Wherever the borders between their parts are."""

    def key(owner: str, environment: str, step: str, name: str) -> str:
        return flow_key(Caller(owner, flow=Flow(name, environment, step)), ONE, {})

    assert (key(*one) == key(*other)) == (one == other)


def test_polls_for_the_same_events_share_an_id_and_others_do_not() -> None:
    same = polling_id(FLOW, "e", ONE, {"a": 1, "b": 2})
    assert same == polling_id(replace(FLOW, flow=Flow("another")), "e", ONE, {"b": 2, "a": 1})
    others = {
        polling_id(replace(FLOW, owner="x"), "e", ONE, {"a": 1, "b": 2}),
        polling_id(FLOW, "f", ONE, {"a": 1, "b": 2}),
        polling_id(FLOW, "e", Trigger.OVERDUE, {"a": 1, "b": 2}),
        polling_id(FLOW, "e", ONE, {"a": 1}),
    }
    assert len(others | {same}) == 5
    assert same.startswith("e.")


def test_keys_hold_nothing_of_what_they_stand_for() -> None:
    keys = flow_key(FLOW, ONE, {"callback": "https://x?sig=secret"}), callback_key("0ab1")
    assert all("secret" not in key and "maker" not in key for key in keys)
    assert keys[0].startswith("flow-")
    assert keys[1] == "callback-0ab1"


def test_a_subscription_is_its_owners_and_the_administrators() -> None:
    one = replace(subscription(), owner="maker")
    assert FLOW.may_touch(one)
    assert Caller("anybody", is_administrator=True).may_touch(one)
    assert not Caller("anybody").may_touch(one)
    assert not Caller("").may_touch(one)


@given(st.text(max_size=40))
def test_nothing_on_our_side_keeps_a_user_from_an_environment(environment_id: str) -> None:
    """Customer Insights decides."""
    assert Caller("user").may_ask_about(environment_id)


@given(st.frozensets(st.sampled_from(["e-1", "e-2"])), st.sampled_from(["e-1", "E-1", "e-2", "e-10", "", "*"]))
def test_an_application_may_ask_about_what_is_listed_for_it(listed: frozenset[str], asked: str) -> None:
    assert Caller("app", environments=listed).may_ask_about(asked) is (asked.lower() in listed)
    assert Caller("app", environments=listed | {"*"}).may_ask_about(asked)


def test_an_administrators_application_is_bound_to_its_list_as_well() -> None:
    assert not Caller("app", is_administrator=True, environments=frozenset()).may_ask_about("e-1")


def test_a_callers_token_is_not_shown() -> None:
    assert "t0k3n" not in repr(Caller("user", token="t0k3n"))


def test_keys_and_ids_stay_what_they_were() -> None:
    """They are kept: with others, what an earlier version of the app made would not be found."""
    order = {"environment": "e", "callback": "c", "filters": {}, "batch": False}
    assert flow_key(FLOW, ONE, order) == "flow-e84333d0504b88c9c2136c9aab8fb5691704b74d3acd6d65aff41dd2da2bf9c7"
    assert (
        flow_key(Caller("maker"), ONE, order) == "flow-8ebd06eb56c3c1dbc1af463a5b07cbd381ac7f9f4c8ca320374f1b9159c754e3"
    )
    assert (
        polling_id(Caller("maker"), "e", ONE, {"b": 1, "a": "x"}) == "e.poll-7c2c64227ef2e0f294a7e7f8778e33e32d6db568"
    )
    assert callback_key("c") == "callback-c"
    assert polling_id(FLOW, "e", ONE, {"threshold": Decimal("1.5")}) == polling_id(FLOW, "e", ONE, {"threshold": "1.5"})
