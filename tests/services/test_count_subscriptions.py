"""Subscriptions are counted in every state, however many there are."""

from dataclasses import replace

import pytest

from shared.domain.metrics import SUBSCRIPTIONS
from shared.domain.subscriptions import SubscriptionState
from shared.services import count_subscriptions as module
from shared.services.count_subscriptions import count_subscriptions
from tests.services.stage import OTHER, Stage, standing_order

ELSEWHERE = "e0e0e0e0-0000-4000-8000-000000000002"


@pytest.mark.parametrize("page", [1, 2, 1000])
async def test_every_state_is_counted_and_told(stage: Stage, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    """Of all owners and environments; also a state that none is in."""
    monkeypatch.setattr(module, "_PAGE", page)
    for number in range(3):
        await stage.subscriptions.save(standing_order(f"a{number}"))
    await stage.subscriptions.save(standing_order("else", environment_id=ELSEWHERE, owner=OTHER.owner))
    await stage.subscriptions.save(standing_order("ended", state=SubscriptionState.ENDED))
    expected = {**dict.fromkeys(map(str, SubscriptionState), 0), "active": 4, "ended": 1}
    assert await count_subscriptions(stage.ports) == expected
    assert {state: stage.telemetry.amounts(SUBSCRIPTIONS, state=state) for state in expected} == {
        state: [count] for state, count in expected.items()
    }


async def test_a_page_is_a_thousand(stage: Stage) -> None:
    asked = []

    class Noting:
        async def page(self, **query: object) -> list[object]:
            asked.append(query)
            return []

    await count_subscriptions(replace(stage.ports, subscriptions=Noting()))  # type: ignore[arg-type]
    assert asked == [{"owner": None, "environment_id": None, "after": "", "limit": 1000}]
