"""By which ways does what a caller or a service wrote come into the log?"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import quote

from shared.adapters.action_failures import failure_of_action
from shared.adapters.insights_http import Reply, failure_of
from shared.adapters.insights_models import WireSegment
from shared.adapters.memory import MemoryInsights
from shared.adapters.messages import encode_polls
from shared.adapters.on_behalf_of import _failure
from shared.adapters.rows import or_none
from shared.adapters.salvage import decode_list
from shared.adapters.subscription_table import _tell_unreadable
from shared.domain.deliveries import Answer, PoisonMessage
from shared.domain.snapshot import Job, Measure
from shared.domain.subscriptions import Trigger
from shared.domain.watches import Series, ThresholdWatch
from shared.errors import InsightsError, InsightsNotFound, InsightsRejected, MessageInvalid, SignalsError
from shared.ports import PollRequest
from shared.services.deliver import deliver
from shared.services.drain_poison import drain_poison
from shared.services.look_at_environment import _one_job
from shared.services.read_measures import read_measures
from tests.access.forging import header_of, signed
from tests.factories import ENVIRONMENT, watching
from tests.functions.support import Caller, http, message
from tests.services.delivering import PACE, batch_for, order_for
from tests.services.stage import Stage, standing_order
from tests.tokens import bearer

Fields = Mapping[str, str]
Way = Callable[[Stage, Caller, str], Awaitable[Fields]]


async def label(stage: Stage, _: Caller, text: str) -> Fields:
    """A subscription's label, when its flow fails and when it is gone."""
    await stage.subscriptions.save(replace(standing_order("one"), label=text))
    await order_answers(stage, Answer(500, "Fault"), Answer(410, "Gone"))
    return {"label": text}


async def order_answers(stage: Stage, *answers: Answer | Exception) -> None:
    """Deliver until the flow has given these answers."""
    kept = dict(stage.subscriptions.rows)
    await order_for(stage, "one", *answers)
    stage.subscriptions.rows.update(kept)
    for _ in answers:
        await deliver(stage.ports, batch_for("one", count=1), PACE)
        stage.wait(minutes=10)


async def flow_code(stage: Stage, _: Caller, text: str) -> Fields:
    """What a flow says of itself; the sender lets through short words only, and here does not."""
    await order_answers(stage, Answer(500, text))
    return {}


async def fault(stage: Stage, _: Caller, text: str) -> Fields:
    """An error of a library in the middle of a delivery, with its traceback."""
    await order_answers(stage, ValueError(text))
    return {}


async def error_of_poll(stage: Stage, call: Caller, text: str) -> Fields:
    """What the API says when a poll fails."""
    stage.insights.failure = failure_of(refusal(500, text))
    await call("poll", message(encode_polls(PollRequest((ENVIRONMENT,), stage.now, 0))))
    return {"environment_id": ENVIRONMENT}


async def environment_id(stage: Stage, call: Caller, text: str) -> Fields:
    """The environment that a queue message names."""
    stage.insights.failure = InsightsNotFound()
    named = whole(text)
    await call("poll", message(encode_polls(PollRequest((named,), stage.now, 0))))
    return {"environment_id": named}


async def error_of_action(stage: Stage, call: Caller, text: str) -> Fields:
    """What the API says when an action fails."""
    stage.actions.failure = failure_of_action(refusal(503, text), as_user=False)
    await call("list_segments", http(environmentId=ENVIRONMENT))
    return {"function_name": "list_segments"}


async def job_id(stage: Stage, _: Caller, text: str) -> Fields:
    """A job that the API will not tell about."""
    await _one_job(replace(stage.ports, insights=_Sick()), ENVIRONMENT, text)
    return {"job_id": text}


async def measure_name(stage: Stage, _: Caller, text: str) -> Fields:
    """A measure that the API will not tell about."""
    sick = _Sick()
    name = whole(text)
    sick.measure_list = (Measure(name, "", "", None, None, (), ()),)
    await read_measures(sick, ENVIRONMENT, watching(ThresholdWatch(Series("measures", name), Decimal(1))), lambda _: 1)
    return {}


async def odd_answer(_: Stage, __: Caller, text: str) -> Fields:
    """A part of an answer that cannot be read."""
    text = whole(text)
    item = {"name": "s", text: text, "createdUtc": text, "evaluationStatus": {"jobStatus": [text], text: 1}}
    decode_list(json.dumps([item]).encode(), WireSegment)
    return {"kind": "WireSegment"}


async def name_of_subscription(stage: Stage, call: Caller, text: str) -> Fields:
    """What a subscription names, while the API says why it cannot be looked up."""
    await stage.poll()
    stage.insights.failure = failure_of(refusal(400, text))
    order = {
        "environmentId": ENVIRONMENT,
        "callbackUrl": "https://a.logic.azure.com/w",
        "segmentName": "s",
        "threshold": 1,
    }
    await call("subscribe_to_trigger", http(order, trigger=Trigger.SEGMENT_CROSSED))
    return {}


async def token(_: Stage, call: Caller, text: str) -> Fields:
    """What a forged token says of itself."""
    forged = signed(header_of(kid=text), {"tid": text, "azp": text, "appid": text, "oid": text})
    await call("get_subscriptions", http(headers=bearer(forged)))
    return {"function_name": "get_subscriptions"}


async def headers(_: Stage, call: Caller, text: str) -> Fields:
    """Headers of a refused call."""
    names = ("x-ms-workflow-name", "x-ms-environment-id", "traceparent", "User-Agent", "x-forwarded-for")
    await call("get_subscriptions", http(headers={**dict.fromkeys(names, text), "Authorization": f"Bearer {text}"}))
    return {"function_name": "get_subscriptions"}


async def path(_: Stage, call: Caller, text: str) -> Fields:
    """Names in the path and the query of a refused call."""
    request = http(
        headers={"Authorization": ""}, query={text: text}, id=text, environmentId=quote(text, errors="replace")
    )
    await call("get_subscription", request)
    return {"function_name": "get_subscription"}


async def poison(stage: Stage, _: Caller, text: str) -> Fields:
    """The id of a message that the host gave up."""
    found = PoisonMessage(text, "deliveries", text.encode(errors="replace"), datetime(2026, 3, 2, tzinfo=UTC))

    async def given(*_: object, **__: object) -> list[PoisonMessage]:
        return [found]

    stage.queues.poison = given  # type: ignore[method-assign]
    await drain_poison(stage.ports)
    return {"message_id": text}


async def exchange(_: Stage, __: Caller, text: str) -> Fields:
    """What Entra ID says when it gives no token."""
    _failure({"error": text, "suberror": text, "error_codes": [text], "claims": text})
    return {"error": text[:100], "suberror": text[:100]}


async def rows(_: Stage, __: Caller, text: str) -> Fields:
    """Rows that cannot be read."""

    async def unreadable() -> None:
        raise MessageInvalid(text)

    await or_none(unreadable(), {"PartitionKey": text, "RowKey": text})
    _tell_unreadable(text, text)
    return {}


async def library(_: Stage, __: Caller, text: str) -> Fields:
    """What a library says, and an exception whose cause is of another."""
    logging.getLogger("some.library").warning(text)
    try:
        try:
            raise OSError(text)
        except OSError as error:
            raise SignalsError(text) from error
    except SignalsError:
        logging.getLogger("shared").exception("A fault")
    return {}


def whole(text: str) -> str:
    """Without halves of surrogate pairs: JSON that has them is refused as a whole."""
    return text.encode(errors="ignore").decode()


def refusal(status: int, text: str) -> Reply:
    """An answer of the API."""
    said = dict.fromkeys(("message", "errorCode", "name"), whole(text))
    return Reply(status, {}, json.dumps(said).encode())


class _Sick(MemoryInsights):
    """Lists everything and tells of nothing."""

    async def job(self, environment_id: str, job_id: str) -> Job:
        raise InsightsError(job_id)

    async def measure(self, environment_id: str, name: str, *, history_days: int) -> Measure:
        raise InsightsRejected(name)


WAYS: tuple[Way, ...] = (
    *(label, flow_code, fault, error_of_poll, environment_id, error_of_action, job_id, measure_name, odd_answer),
    *(name_of_subscription, token, headers, path, poison, exchange, rows, library),
)
