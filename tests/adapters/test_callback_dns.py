"""Whatever DNS answers, is nothing dialled that must not be?"""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.callback_sender import CallbackSender
from shared.adapters.checked_resolver import CheckedResolver
from shared.domain.deliveries import FlowCall
from shared.errors import CallbackRejected, DeliveryFailed, SignalsError
from tests.adapters.flow_hosts import ALLOWED, CLASSIC, PUBLIC, FlowHosts, Names, flow_hosts
from tests.adapters.vendor import chain
from tests.contracts import samples
from tests.domain.test_callback_url import URLS

EVENT = samples.event("e-1")
CALL = FlowCall(f"https://{CLASSIC}/workflows/w-1?sig=s3cr3t", (EVENT,))
FORBIDDEN = ("127.0.0.1", "169.254.169.254", "168.63.129.16", "10.0.0.4", "::1", "::ffff:127.0.0.1", "fe80::1")


def in_the_cloud(label: str) -> str:
    return f"https://{label}.logic.azure.com/x?sig=s"


@pytest.fixture
async def hosts() -> AsyncIterator[FlowHosts]:
    async with flow_hosts() as made:
        yield made


async def outcome(hosts: FlowHosts) -> str:
    """The status or the reason of a call on a connection of its own."""
    try:
        return str((await hosts.sender.call(CALL)).status)
    except SignalsError as failure:
        return failure.reason
    finally:
        await hosts.sender.close()


async def test_a_name_with_a_public_address_is_called_by_its_name_over_tls(hosts: FlowHosts) -> None:
    assert await outcome(hosts) == "202"
    assert [asked.headers["Host"] for asked in hosts.flow.asked] == [CLASSIC]
    assert hosts.names.asked == [CLASSIC]


async def test_the_trap_would_be_sprung_if_nothing_were_checked() -> None:
    """What the other tests here lean on."""
    async with flow_hosts(forbidden=lambda _: False) as hosts:
        hosts.names.answers = deque([("127.0.0.1",)])
        assert await outcome(hosts) in ("connection", "tls")
        assert hosts.trap.connections == 1


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_a_name_that_now_leads_elsewhere_never_gets_there(hosts: FlowHosts, address: str) -> None:
    """DNS rebinding: 100 deliveries, every second answer is a forbidden address."""
    hosts.names.answers = deque(itertools.islice(itertools.cycle([(PUBLIC,), (address,)]), 100))
    outcomes = [await outcome(hosts) for _ in range(100)]
    assert outcomes == ["202", "address_forbidden"] * 50
    assert len(hosts.names.asked) == 100
    assert (hosts.trap.connections, len(hosts.flow.asked)) == (0, 50)


async def test_a_hundred_calls_at_once_to_a_forbidden_address_all_fail_alike(hosts: FlowHosts) -> None:
    hosts.names.answers = deque([("127.0.0.1",)])
    found = await asyncio.gather(*(hosts.sender.call(CALL) for _ in range(100)), return_exceptions=True)
    assert {getattr(failure, "reason", None) for failure in found} == {"address_forbidden"}
    assert hosts.trap.connections == 0


async def test_a_kept_connection_stays_where_it_was_checked(hosts: FlowHosts) -> None:
    hosts.names.answers = deque([(PUBLIC,), ("127.0.0.1",)])
    answers = [await hosts.sender.call(CALL) for _ in range(100)]
    assert {answer.status for answer in answers} == {202}
    assert (hosts.trap.connections, len(hosts.names.asked)) == (0, 1)


@pytest.mark.parametrize("address", FORBIDDEN)
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_one_forbidden_address_among_several_refuses_them_all(hosts: FlowHosts, address: str, place: int) -> None:
    addresses = [PUBLIC, PUBLIC]
    addresses.insert(place, address)
    hosts.names.answers = deque([tuple(addresses)])
    assert await outcome(hosts) == "address_forbidden"
    assert (hosts.trap.connections, hosts.flow.asked) == (0, [])


async def test_a_refused_address_is_a_failed_delivery_that_tells_no_secret(hosts: FlowHosts) -> None:
    hosts.names.answers = deque([("127.0.0.1",)])
    with pytest.raises(DeliveryFailed) as caught:
        await hosts.sender.call(CALL)
    hidden = "".join(str(one) + repr(one) + repr(vars(one)) for one in chain(caught.value))
    assert CLASSIC in hidden
    assert not [word for word in ("s3cr3t", "w-1", "127.0.0.1") if word in hidden]


async def test_a_name_that_nobody_has_is_a_failed_delivery(hosts: FlowHosts) -> None:
    hosts.names.answers = deque([()])
    assert await outcome(hosts) == "dns"


@pytest.mark.parametrize("name", ["localhost", "LocalHost", "127.0.0.1"])
async def test_only_ones_own_machine_may_be_loopback_and_only_where_it_is_allowed(name: str) -> None:
    names = Names(deque([("127.0.0.1",)]))
    assert len(await CheckedResolver(allow_loopback=True, inner=names).resolve(name)) == 1
    for resolver, asked in (
        (CheckedResolver(inner=names), name),
        (CheckedResolver(allow_loopback=True, inner=names), CLASSIC),
        (CheckedResolver(allow_loopback=True, inner=names), f"{name}.logic.azure.com"),
    ):
        with pytest.raises(DeliveryFailed):
            await resolver.resolve(asked)


async def test_the_machines_own_resolver_is_checked_too() -> None:
    resolver = CheckedResolver()
    with pytest.raises(DeliveryFailed) as caught:
        await resolver.resolve("localhost")
    assert caught.value.reason == "address_forbidden"
    await resolver.close()


async def test_closing_the_resolver_closes_what_is_behind_it_and_needs_no_call_before() -> None:
    names = Names()
    await CheckedResolver(inner=names).close()
    await CheckedResolver().close()
    assert names.closed


async def test_a_certificate_that_nobody_vouches_for_ends_the_call(hosts: FlowHosts) -> None:
    """As in Azure, where the sender is given no trust of its own."""
    sender = CallbackSender(allowed_suffixes=ALLOWED, resolver=hosts.network)
    with pytest.raises(DeliveryFailed) as caught:
        await sender.call(CALL)
    await sender.close()
    assert (caught.value.reason, hosts.flow.asked) == ("tls", [])


async def test_a_certificate_for_another_name_ends_the_call(hosts: FlowHosts) -> None:
    with pytest.raises(DeliveryFailed) as caught:
        await hosts.sender.call(FlowCall("https://other.example.com/x?sig=s3cr3t", (EVENT,)))
    assert (caught.value.reason, hosts.flow.asked) == ("tls", [])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(URLS | st.sampled_from(["a", "xn--a", "xn--999999999", "xn--bcher-kva", "1", "ab--c"]).map(in_the_cloud))
async def test_whatever_the_url_a_call_is_answered_or_fails_with_an_error_of_ours(url: str) -> None:
    """An error that nobody expects would hold up the deliveries of others."""
    async with flow_hosts() as hosts:
        try:
            answer = await hosts.sender.call(FlowCall(url, (EVENT,)))
        except (CallbackRejected, DeliveryFailed):
            assert hosts.flow.asked == []
        else:
            assert answer.status == 202
        assert all(name.lower().endswith(ALLOWED) for name in hosts.names.asked)
        assert hosts.trap.connections == 0
