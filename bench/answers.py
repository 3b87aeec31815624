"""How does the app's own client read an environment of any size without a network? Its answers are at hand as bytes."""

from collections.abc import Callable
from functools import partial
from typing import Any

from azure.core.rest import HttpRequest

from bench.made_up import BIG
from shared.adapters.insights_api import CustomerInsightsApi
from shared.adapters.insights_http import InsightsHttp, Reply
from shared.domain.checkpoint import Checkpoint
from shared.domain.detection.thresholds import judged_until
from shared.domain.snapshot import Measure, Segment, Snapshot

HISTORY_DAYS = 30


class Answers(InsightsHttp):
    """The connection: `body` answers the bytes of a list by its name."""

    def __init__(self, body: Callable[[str], bytes]) -> None:
        super().__init__("http://127.0.0.1")
        self._body = body

    async def send(self, request: HttpRequest, **_options: Any) -> Reply:
        """The list that is asked for."""
        return Reply(200, {}, self._body(request.url.partition("?")[0].rpartition("/")[2]))


def client(body: Callable[[str], bytes]) -> CustomerInsightsApi:
    """The app's client, with these answers."""
    return CustomerInsightsApi(Answers(body), lambda _: "key")


async def look(api: CustomerInsightsApi, before: Checkpoint | None) -> Snapshot:
    """Everything that a poll reads when it looks at everything."""
    listed = await api.jobs(BIG, top=25)
    nodes = await api.nodes(BIG)
    segments, measures = await rows(api, before)
    return Snapshot(BIG, listed.served_at, listed.jobs, nodes, segments, measures)


async def rows(api: CustomerInsightsApi, before: Checkpoint | None) -> tuple[tuple[Segment, ...], tuple[Measure, ...]]:
    """The segments and measures only."""
    judged = partial(judged_until, before.series) if before else None
    segments = await api.segments(BIG, history_days=HISTORY_DAYS, judged=judged)
    return segments, await api.measures(BIG)
