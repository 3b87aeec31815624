"""What is made of a call: what the flow said, how long it took, and what a trace shows of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.memory import MemoryFlows
from shared.domain.deliveries import Answer, Attempt, FlowCall, Verdict
from shared.domain.signatures import SigningSecret
from shared.errors import CallbackRejected, DeliveryFailed
from shared.services.attempt_delivery import attempt_delivery
from shared.telemetry import SpanName
from tests.services.delivering import EVENTS
from tests.services.stage import Stage, standing_order

TOOK = timedelta(seconds=0.3)
ORDER = standing_order("one")


class Timed(MemoryFlows):
    """A flow that takes a third of a second."""

    def __init__(self, stage: Stage, answer: Answer | Exception) -> None:
        super().__init__()
        self._stage, self._answer = stage, answer

    async def call(self, call: FlowCall) -> Answer:
        self.taken.append(call)
        self._stage.now += TOOK
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(202), Attempt(Verdict.DELIVERED, "http_202", TOOK)),
        (Answer(202, run_id="run"), Attempt(Verdict.DELIVERED, "http_202", TOOK, run_id="run")),
        (Answer(503, "", 7.0), Attempt(Verdict.RETRY, "http_503", TOOK, 7.0)),
        (Answer(429), Attempt(Verdict.RETRY, "http_429", TOOK, 30)),
        (Answer(429, "", 5.0), Attempt(Verdict.RETRY, "http_429", TOOK, 5.0)),
        (Answer(401, "Expired"), Attempt(Verdict.RETRY, "Expired", TOOK, None, refused_token=True)),
        (Answer(403), Attempt(Verdict.RETRY, "http_403", TOOK, None, refused_token=True)),
        (DeliveryFailed(reason="timeout"), Attempt(Verdict.RETRY, "timeout", TOOK)),
        (CallbackRejected(reason="port"), Attempt(Verdict.REFUSED, "port", TOOK)),
    ],
)
async def test_an_attempt_says_what_came_of_it(stage: Stage, answer: Answer | Exception, expected: Attempt) -> None:
    stage.flows = Timed(stage, answer)
    assert await attempt_delivery(stage.ports, ORDER, EVENTS[:2]) == expected
    (span,) = stage.telemetry.spans
    assert (span.name, span.attributes) == (SpanName.FLOW_CALL, {"subscription": ORDER.id, "events": 2})
    if isinstance(answer, Answer):
        assert (span.status, span.reason) == (answer.status, "")
    else:
        assert (span.status, span.reason) == (None, expected.reason)


async def test_a_call_is_signed_with_the_secrets_that_count_now(stage: Stage) -> None:
    secrets = (SigningSecret("new"), SigningSecret("old", stage.now + TOOK), SigningSecret("gone", stage.now))
    for batch in (True, False):
        order = replace(ORDER, signing_secrets=secrets, batch=batch)
        await attempt_delivery(stage.ports, order, EVENTS[:1])
        assert stage.flows.taken[-1] == FlowCall(ORDER.callback_url, EVENTS[:1], batch, ("new", "old"))
