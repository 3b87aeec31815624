"""What a subscription shows of its deliveries, and that keeping it is never worth a second call."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.memory_subscriptions import MemorySubscriptions
from shared.domain.callers import Caller
from shared.domain.deliveries import Answer
from shared.domain.signatures import OVERLAP, SigningSecret
from shared.domain.subscriptions import Subscription
from shared.errors import NotFound, SubscriptionBusy
from shared.services.deliver import deliver
from shared.services.rotate_secret import rotate_secret
from shared.stores import Change
from tests.services.delivering import PACE, batch_for, called, health, identity, kept, order_for, waiting, work_off
from tests.services.stage import ADMINISTRATOR, MAKER, OTHER, Stage, standing_order


async def test_deliveries_and_failures_are_counted_with_the_last_of_each(stage: Stage) -> None:
    refused = Answer(400, "TriggerInputSchemaMismatch")
    await order_for(stage, "one", Answer(202, run_id="0858-1"), refused, Answer(202), Answer(202, run_id="0858-4"))
    await deliver(stage.ports, batch_for("one"), PACE)
    shown = health(stage, "one")
    assert (shown.delivered, shown.failed, shown.last_run_id) == (3, 1, "0858-4")
    assert (shown.last_success_at, shown.last_failure_at) == (stage.now, stage.now)
    assert shown.last_reason == "TriggerInputSchemaMismatch"


async def test_an_answer_without_a_run_keeps_the_run_before(stage: Stage) -> None:
    await order_for(stage, "one", Answer(202, run_id="0858-1"))
    for _ in range(2):
        await deliver(stage.ports, batch_for("one"), PACE)
    assert (health(stage, "one").last_run_id, health(stage, "one").delivered) == ("0858-1", 8)


async def test_a_subscription_that_is_twice_in_a_message_counts_both(stage: Stage) -> None:
    await order_for(stage, "one")
    batch = batch_for("one", count=2)
    await deliver(stage.ports, replace(batch, pairs=batch.pairs * 2), PACE)
    assert health(stage, "one").delivered == 4


class Unwritable(MemorySubscriptions):
    """Subscriptions of which nothing can be noted."""

    async def change(self, subscription_id: str, change: Change) -> Subscription | None:
        raise SubscriptionBusy

    async def change_all(self, changes: object) -> None:
        raise SubscriptionBusy


@pytest.mark.parametrize("answers", [(), (Answer(202), Answer(503)), (Answer(503),), (Answer(400),)], ids=str)
async def test_what_cannot_be_noted_is_not_delivered_twice(stage: Stage, answers: tuple[Answer, ...]) -> None:
    stage.subscriptions = Unwritable()
    await order_for(stage, "one", *answers)
    await deliver(stage.ports, batch_for("one"), PACE)
    stage.wait(minutes=1)
    await work_off(stage.ports, await waiting(stage))
    taken = called(stage, "one")
    assert sorted(set(taken)) == [0, 1, 2, 3]
    assert len(taken) == 4 + sum(answer.status == 503 for answer in answers)
    assert kept(stage, "one") == standing_order("one")


async def test_a_thousand_quiet_successes_of_a_message_are_one_write(stage: Stage) -> None:
    class Counting(MemorySubscriptions):
        writes = 0

        async def change_all(self, changes: object) -> None:
            self.writes += 1

    stage.subscriptions = counting = Counting()
    names = [f"flow-{number}" for number in range(100)]
    for name in names:
        await order_for(stage, name)
    await deliver(stage.ports, batch_for(*names), PACE)
    assert (len(stage.flows.taken), counting.writes) == (400, 1)


async def test_a_new_signing_secret_signs_beside_the_old_one_for_a_day(stage: Stage) -> None:
    old = SigningSecret("whsec_b2xk")
    await stage.subscriptions.save(replace(standing_order("one"), signing_secrets=(old,)))
    new = await rotate_secret(stage.ports, identity("one"), MAKER)
    assert kept(stage, "one").callback_url == standing_order("one").callback_url
    for waited, secrets in ((timedelta(0), (new, old.secret)), (OVERLAP, (new,))):
        stage.now += waited
        stage.flows.taken.clear()
        await deliver(stage.ports, batch_for("one", count=1), PACE)
        assert [call.secrets for call in stage.flows.taken] == [secrets]


@pytest.mark.parametrize(("caller", "name"), [(OTHER, "one"), (MAKER, "unknown"), (ADMINISTRATOR, "unknown")])
async def test_nobody_else_renews_a_secret(stage: Stage, caller: Caller, name: str) -> None:
    await order_for(stage, "one")
    with pytest.raises(NotFound):
        await rotate_secret(stage.ports, identity(name), caller)
    assert kept(stage, "one") == standing_order("one")
