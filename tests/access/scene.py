"""An environment with one thing of everything in it, and a house that notes whatever is asked of its ports."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from shared.acting import InsightsActions
from shared.domain.callers import Caller
from shared.domain.catalog import DataSource, Entity, EnvironmentInfo, MeasureInfo, Partition, SegmentInfo
from shared.domain.deliveries import DeadDelivery
from shared.domain.snapshot import Job
from shared.ports import Ports
from tests.factories import ENVIRONMENT, START
from tests.feed import happened
from tests.services.stage import Stage, standing_order

SUBSCRIPTION = f"{ENVIRONMENT}.one"
EVENT = happened(1)
DEAD = f"{SUBSCRIPTION}.{EVENT.id}"
JOB = "j1"
STORES = ("insights", "checkpoints", "log", "subscriptions", "dead", "queues", "flows", "claims", "partitions")
VENDOR = ("acting", "insights", "partitions")


class Noted:
    """A port, each use of which is noted."""

    def __init__(self, name: str, port: object, notes: list[str]) -> None:
        self._name, self._port, self._notes = name, port, notes

    def __getattr__(self, name: str) -> Any:
        self._notes.append(f"{self._name}.{name}")
        return getattr(self._port, name)


def wrapped(ports: Ports, wrap: Callable[[str, object], Any]) -> Ports:
    """The ports, each of them in something else."""

    def acting(caller: Caller, environment_id: str) -> InsightsActions:
        made: InsightsActions = wrap("acting", ports.acting(caller, environment_id))
        return made

    return replace(ports, acting=acting, **{name: wrap(name, getattr(ports, name)) for name in STORES})


@dataclass
class Scene:
    """What is there, the subscription and its dead delivery being an owner's; `notes` are the uses of ports."""

    owner: str
    stage: Stage = field(default_factory=Stage)
    notes: list[str] = field(default_factory=list)

    async def ports(self) -> Ports:
        """The ports once everything is there."""
        stage, actions = self.stage, self.stage.actions
        await stage.poll()
        await stage.subscriptions.save(standing_order("one", owner=self.owner))
        await stage.dead.save(DeadDelivery(ENVIRONMENT, SUBSCRIPTION, EVENT, "http_400", 3, START))
        actions.info = EnvironmentInfo(ENVIRONMENT, "Contoso")
        actions.source_list = (DataSource("d1", "Orders"),)
        actions.segment_list = (SegmentInfo("s1", "Loyal", state="active"),)
        actions.measure_list = (MeasureInfo("m1", "Revenue", aliases=("Total",)),)
        actions.entity_list = (
            Entity("Customer", "Customers", partitions=(Partition("p1", "https://store.example/p1"),)),
            Entity("UnifiedActivity", "Activities"),
        )
        actions.rows = {"Customer": [{"CustomerId": "c1"}], "UnifiedActivity": [{"ActivityId": "a1"}]}
        actions.started = [Job(JOB, "ingestion", "running", "onDemand", START)]
        stage.partitions.files["https://store.example/p1"] = b"a,b\n"
        return wrapped(stage.ports, lambda name, port: Noted(name, port, self.notes))

    def kept(self) -> tuple[object, ...]:
        """Everything that a call could have changed."""
        stage, actions = self.stage, self.stage.actions
        stores = (stage.subscriptions.rows, stage.dead.rows, stage.log.feeds, stage.checkpoints.documents)
        there = (actions.segment_list, actions.rows, actions.started, stage.queues.messages, stage.flows.taken)
        return tuple(repr(one) for one in (*stores, *there))
