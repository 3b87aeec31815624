"""What do flows and their makers ask for in a story? Each call repeats as its caller repeats it."""

from dataclasses import dataclass, field
from functools import partial

from shared.domain.callback_url import parse_callback_url
from shared.domain.callers import Caller
from shared.domain.subscriptions import Flow, Trigger
from shared.ports import Ports
from shared.services.act import act
from shared.services.poll_trigger import poll_trigger
from shared.services.replay_delivery import replay_delivery
from shared.services.replay_subscription import replay_subscription
from shared.services.rotate_secret import rotate_secret
from shared.services.start_refresh import Work, start_refresh
from shared.services.subscribe import subscribe
from shared.services.unsubscribe import unsubscribe, unsubscribe_callback, unsubscribe_flow
from tests.faults.crash_history import What
from tests.faults.crash_host import REPEATS, Host
from tests.services.stage import callback

STARTS = "start_refresh"
PARSE = partial(parse_callback_url, allowed_suffixes=(".logic.azure.com",))


@dataclass(slots=True)
class Callers:
    """The flows of an owner at an environment; `ids` are those that their last subscribe calls answered."""

    host: Host
    environment: str
    owner: str = "maker"
    trigger: Trigger = Trigger.REFRESH_FAILED
    ids: dict[str, str] = field(default_factory=dict)

    def caller(self, flow: str) -> Caller:
        """A flow as it names itself."""
        return Caller(self.owner, flow=Flow(flow, "Default-1"))

    async def subscribe(
        self, name: str, trigger: Trigger | None = None, *, repeats: int = REPEATS, **fields: object
    ) -> None:
        """`name` is the flow's, and after a dot its version: each has a callback URL of its own."""
        flow = _flow(name)
        body = {"environmentId": self.environment, "callbackUrl": callback(name), **fields}

        async def send(ports: Ports) -> str:
            wanted = trigger or self.trigger
            return (await subscribe(ports, wanted, body, self.caller(flow), PARSE)).id

        self.ids[name] = await self.host.call(send, repeats=repeats)

    async def leave(self, name: str, *, by: str = "id") -> None:
        """End a subscription by its id, by its callback URL, or by naming the flow."""
        caller = self.caller(_flow(name))

        async def send(ports: Ports) -> None:
            if by == "id":
                await unsubscribe(ports, self.ids[name], caller)
            elif by == "callback":
                await unsubscribe_callback(ports, callback(name), caller, PARSE)
            else:
                await unsubscribe_flow(ports, self.trigger, caller)

        await self.host.call(send)
        self.host.note(What.ENDED, callback(name))

    async def rotate(self, name: str) -> None:
        """Ask for a new signing secret."""
        secret = await self.host.call(lambda ports: rotate_secret(ports, self.ids[name], self.caller("")))
        self.host.note(What.TOLD, callback(name), secret)

    async def poll(self, state: str) -> tuple[str, tuple[str, ...]]:
        """What a flow that polls gets: where to go on, and the ids of the events."""

        async def send(ports: Ports) -> str:
            query = {"environmentId": self.environment}
            found = await poll_trigger(ports, self.trigger, query, self.caller("polls"), state=state, top=100)
            return " ".join((found.state, *(event.id for event in found.events)))

        after, *events = (await self.host.call(send)).split()
        return after, tuple(events)

    async def replay(self, name: str) -> None:
        """Ask for everything again."""
        stage = self.host.stage
        since = stage.now.replace(year=stage.now.year - 1)

        async def send(ports: Ports) -> None:
            await replay_subscription(ports, self.ids[name], self.caller(""), since=since, until=stage.now)

        await self.host.call(send, gives={_flow(name): ()})

    async def replay_dead(self, name: str, *, to: str = "") -> None:
        """Ask for the dead deliveries of a flow again, for itself or for another of its owner's."""

        async def listed(ports: Ports) -> str:
            found = await ports.dead.page(environment_id=self.environment, subscription_id=None, after="", limit=1_000)
            return " ".join(sorted(one.id for one in found if one.subscription_id == self.ids[name]))

        for delivery in (await self.host.call(listed)).split():
            event = delivery.removeprefix(f"{self.ids[name]}.")
            replay = partial(self._replay, delivery, self.ids[to] if to else "")
            self.host.note(What.ASKED, callback(to or name), events=(event,))
            await self.host.call(replay, gives={_flow(to or name): (event,)})

    async def put_back(self, message: str) -> None:
        """Ask, as an administrator, for a message that nobody could handle to be tried again."""
        administrator = Caller("administrator", is_administrator=True)
        await self.host.call(lambda ports: replay_delivery(ports, message, administrator))

    async def start_everything(self) -> str:
        """Start a refresh; answers the job, or nothing when it is not known how that went."""

        async def send(ports: Ports) -> str:
            actions = act(ports, self.caller(""), self.environment)
            return (await start_refresh(actions, ports.clock, self.environment, Work.EVERYTHING)).job_id

        return await self.host.call(send, name=STARTS)

    async def _replay(self, delivery: str, to: str, ports: Ports) -> None:
        await replay_delivery(ports, delivery, self.caller(""), to)


def _flow(name: str) -> str:
    return name.partition(".")[0]
