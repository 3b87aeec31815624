"""What happened at an environment, hour by hour, and how does its API show that at each virtual moment?"""

import asyncio
from collections.abc import Iterator

from shared.adapters.memory import MemoryInsights
from shared.domain.looks import EVERYTHING
from shared.domain.snapshot import Evaluation, Job, JobList, Judged, Measure, Node, Output, Segment, Snapshot
from shared.domain.subscriptions import Trigger
from shared.domain.watches import Direction, Series, ThresholdWatch
from shared.errors import InsightsNotFound
from tests.domain.world import World
from tests.factories import at, job, task, threshold
from tests.services.hosting import virtual_now
from tests.services.stage import Stage, standing_order

EVERY_MINUTES = 6
_UNIFICATION = ("map", "match", "merge")
WATCHES: dict[str, ThresholdWatch] = {
    "crowded": threshold(5, Direction.BOTH),
    "rich": threshold(5, Direction.BOTH, series=Series("measures", "Revenue", "Total")),
}
FLOWS = {
    "failed": Trigger.REFRESH_FAILED,
    "succeeded": Trigger.REFRESH_SUCCEEDED,
    "refreshed": Trigger.FULL_REFRESH_COMPLETED,
    "unified": Trigger.UNIFICATION_COMPLETED,
    "ended": Trigger.PROCESS_ENDED,
    "crowded": Trigger.SEGMENT_CROSSED,
    "rich": Trigger.MEASURE_CROSSED,
}


def history(hours: float) -> World:
    """Every six minutes a source is refreshed, by itself or with everything; values go up and down by turns."""
    jobs = tuple(_jobs(hours))
    ends = [one.ended_at for one in jobs if one.operation_type == "all" and one.ended_at]
    values = [(at(-200), 2), *((end, 8 if turn % 2 else 2) for turn, end in enumerate(ends))]
    evaluations = tuple(Evaluation(moment, "CompletedSuccess", value) for moment, value in values)
    revenue = tuple(Output(moment, {"Total": str(value)}) for moment, value in values)
    return World(jobs, {"Loyal": evaluations}, revenue)


def _jobs(hours: float) -> Iterator[Job]:
    for number, start in enumerate(range(3, int(hours * 60) - 10, EVERY_MINUTES)):
        refresh = task("Orders", "failed" if number % 2 else "successful", start=start, end=start + 2)
        if number % 3:
            yield job(
                f"job-{number}",
                refresh.status,
                refresh,
                operation="ingestion",
                start=start,
                end=start + 2,
                identifiers=["ds-orders"],
            )
        else:
            rest = (task(name, operation=name, start=start, end=start + 4) for name in (*_UNIFICATION, "segmentation"))
            yield job(f"job-{number}", "successful", refresh, *rest, start=start, end=start + 4)


class Shown(MemoryInsights):
    """A world as it is at the virtual moment of each call; its clock is nobody else's."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    @property
    def minute(self) -> float:
        return asyncio.get_running_loop().time() / 60

    def _all(self) -> Snapshot:
        return self._world.look(self.minute, (), EVERYTHING)

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        found = self._world.jobs_at(self.minute, top)
        return JobList(found, virtual_now(), len(found))

    async def job(self, environment_id: str, job_id: str) -> Job:
        return self._world.job_at(self.minute, job_id)

    async def nodes(self, environment_id: str) -> tuple[Node, ...]:
        return self._all().nodes or ()

    async def segments(
        self, environment_id: str, *, history_days: int, judged: Judged | None = None
    ) -> tuple[Segment, ...]:
        return self._all().segments or ()

    async def measures(self, environment_id: str) -> tuple[Measure, ...]:
        return self._all().measures or ()

    async def measure(self, environment_id: str, name: str, *, history_days: int) -> Measure:
        for found in await self.measures(environment_id):
            if found.name == name:
                return found
        raise InsightsNotFound


async def subscribe_all(stage: Stage) -> None:
    """A flow for each trigger that the history fires."""
    for name, trigger in FLOWS.items():
        order = standing_order(name, trigger, threshold=WATCHES.get(name))
        await stage.subscriptions.save(order)
