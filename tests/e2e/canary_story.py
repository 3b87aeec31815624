"""Everything that can happen to a subscription, with secrets that are known again wherever they turn up."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import azure.functions as func
from cryptography.fernet import Fernet

from shared.adapters.cipher import Cipher
from shared.adapters.subscription_table import TableSubscriptions
from shared.ports import Ports, Queue
from tests.e2e.app import Answered, RunningApp, running_app
from tests.e2e.hostile_flows import ODD_ANSWERS, STATUSES, FaultyCaller, HostileFlows, sender_to
from tests.e2e.power_automate import Flow
from tests.feed import happened, publish
from tests.functions.support import VARIABLES
from tests.services.stage import standing_order

CANARY = "CANARYx7Qm2Zt9Lr4Vb8Nc3Kd6"
TRIGGER = "data-source-refresh-failed"
TALKATIVE = "talkative-bug"
REASONS = {
    *("address_forbidden", "connection", "dns", "flow_token", "host_not_allowed", "protocol", "timeout", "tls"),
    *("Some.Code", "WorkflowTriggerIsNotEnabled", "http_302", "http_500"),
}


@dataclass(slots=True)
class Clock:
    """The time, and so much later."""

    late: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.late


@dataclass(slots=True)
class Story:
    """What happens to the app, and the secrets that it learns on the way."""

    app: RunningApp
    flows: HostileFlows
    clock: Clock
    environment: str = field(default_factory=lambda: str(uuid4()))
    secrets: set[str] = field(default_factory=lambda: {CANARY, VARIABLES["CALLBACK_ENCRYPTION_KEYS"]})
    ids: dict[str, str] = field(default_factory=dict)
    shown: list[Answered] = field(default_factory=list)  # answers that may hold a secret: one

    async def play(self) -> None:
        """Everything but an error of ours that tells the URL."""
        urls = self.flows.urls(CANARY)
        for name in urls.keys() - {TALKATIVE}:
            await self.subscribe(name, urls[name], batch=name in ("202", "500"))
        await self.rejected()
        await self.replaced()
        await self.unreadable()
        await self.happens(1, 2)
        await self.check_reasons()
        await self.operated()
        await self.poisoned()
        assert {str(one) for one in (*STATUSES, *ODD_ANSWERS)} <= {*self.flows.called}
        self.clock.late = timedelta(days=20)
        await self.app.fire("sweep_daily")

    async def our_error_tells_the_url(self) -> None:
        """As a library's might."""
        await self.subscribe(TALKATIVE, self.flows.urls(CANARY)[TALKATIVE])
        await self.happens(3)

    def answers(self) -> list[str | bytes]:
        """Every answer but the one that is to show a secret."""
        told = [one for one in self.app.answers if one not in self.shown]
        return [part for one in told for part in (f"{one.status} {one.headers}", one.body)]

    async def subscribe(self, name: str, url: str, **fields: object) -> None:
        """A subscription; its signing secret is a canary too."""
        body = {"environmentId": self.environment, "callbackUrl": url, "label": name, **fields}
        answer = await self.app.ask("POST", f"triggers/{TRIGGER}", body)
        assert answer.status == 201, answer
        self.ids[name] = answer.json["id"]
        await self.learn(answer.json["id"])

    async def learn(self, subscription_id: str) -> None:
        kept = await self.app.house.ports.subscriptions.find(subscription_id)
        assert kept is not None
        assert kept.signing_secrets
        self.secrets |= {one.secret.removeprefix("whsec_") for one in kept.signing_secrets}

    async def rejected(self) -> None:
        """Orders that are refused, each with the URL in it."""
        good = self.flows.urls(CANARY)["200"]
        urls = [
            f"https://evil.example/w?sig={CANARY}",
            f"http://x.logic.azure.com/w?sig={CANARY}",
            f"https://{CANARY}:{CANARY}@x.logic.azure.com/w?sig={CANARY}",
            f"https://x.logic.azure.com:{CANARY}/w?sig={CANARY}",
            f"https://x.logic.azure.com/w?sig={CANARY}#x",
            f"https://[{CANARY}/w",
            f"https://x.logic.azure.com/w?sig={CANARY}" + "x" * 2048,
            f"{CANARY}\n",
            [good],
            {"url": good},
        ]
        bodies: list[object] = [{"environmentId": self.environment, "callbackUrl": url} for url in urls]
        bodies += [
            {"environmentId": "a/b", "callbackUrl": good},
            {"environmentId": self.environment, "callbackUrl": good, "batch": good},
            {"environmentId": self.environment, "callbackUrl": good, "submission": good},
            f'{{"callbackUrl": "{good}"'.encode(),
            f'{{"callbackUrl": "{good}", "x": "{"x" * 65536}"}}'.encode(),
            f'"{good}"'.encode(),
        ]
        for body in bodies:
            assert (await self.app.ask("POST", f"triggers/{TRIGGER}", body)).status == 400
        order = {"environmentId": self.environment, "callbackUrl": good}
        assert (await self.app.ask("POST", "triggers/none", order)).status == 404
        await self.app.ask("DELETE", "unsubscribe", {"callbackUrl": urls[0]})

    async def replaced(self) -> None:
        """A flow that is saved, repeated, turned off; one that is ended by its URL."""
        fields = {"environmentId": self.environment}
        flow = Flow(self.app, f"http://127.0.0.1:{self.flows.port}/200/{CANARY}", TRIGGER, fields)
        for _ in range(3):
            await flow.turn_on()
            await self.learn(flow.location.rpartition("/")[2])
        await flow.post()
        await flow.turn_off()
        url = self.flows.urls(CANARY)["204"] + "&x=1"
        await self.subscribe("by-url", url)
        assert (await self.app.ask("POST", "unsubscribe", {"callbackUrl": url})).status == 204

    async def unreadable(self) -> None:
        """Rows of another key, and of a host that is no longer allowed."""
        ports, other = self.app.house.ports, Cipher([Fernet.generate_key().decode()])
        order = standing_order("unreadable", environment_id=self.environment)
        order = replace(order, callback_url=self.flows.urls(CANARY)["200"])
        await TableSubscriptions(self.app.house.storage.tables, other).save(order)
        host = standing_order("old-host", environment_id=self.environment)
        await ports.subscriptions.save(replace(host, callback_url=f"https://old.example/w?sig={CANARY}"))

    async def happens(self, *places: int) -> None:
        """Events, delivered and tried again."""
        events = tuple(happened(place, environment_id=self.environment) for place in places)
        await publish(self.app.house.ports, *events, environment_id=self.environment)
        await self.app.pump(rounds=2)
        await self.app.pump("redeliveries", rounds=3)

    async def check_reasons(self) -> None:
        """Every way to fail was gone."""
        listed = await self.app.ask("GET", f"subscriptions?environmentId={self.environment}&top=1000")
        reasons = {one.get("lastErrorReason", "") for one in listed.json["value"]}
        assert reasons >= REASONS, REASONS - reasons

    async def operated(self) -> None:
        """Lists, replays, twins, secrets: everything that answers."""
        ask, here = self.app.ask, f"environmentId={self.environment}"
        for path in ("subscriptions?top=5", f"subscriptions?{here}", "deliveries/dead?top=3", f"events?{here}"):
            link = path
            while link:
                answer = await ask("GET", link)
                assert answer.status == 200
                link = answer.json.get("nextLink", "")
        for one in self.ids.values():
            await ask("GET", f"subscriptions/{one}")
        await ask("GET", f"environments/{self.environment}/status")
        dead = (await ask("GET", f"deliveries/dead?{here}")).json["value"]
        assert dead
        for one in dead[:20]:
            await ask("POST", f"deliveries/{one['id']}/replay")
        live = self.ids["200"]
        assert (await ask("POST", f"subscriptions/{live}/replay?from=2020-01-01T00:00:00Z")).status == 200
        await self.polled(here)
        self.shown.append(await ask("POST", f"subscriptions/{live}/signing-secret"))
        await self.learn(live)
        assert (await ask("POST", "operations/reencrypt")).json["unreadable"] == 1
        await self.app.pump("deliveries", "redeliveries", rounds=2)

    async def polled(self, here: str) -> None:
        """The polling twin; its query may hold what it does not know."""
        first = await self.app.ask("GET", f"triggers/{TRIGGER}/events?{here}")
        await self.happens(50)
        assert (await self.app.ask("GET", first.headers["Location"])).status == 200
        url = f"callbackUrl=https://x.logic.azure.com/w?sig={CANARY}"
        assert (await self.app.ask("GET", f"triggers/{TRIGGER}/events?{here}&{url}")).status == 400

    async def poisoned(self) -> None:
        """Messages that the host gave up: garbage, and deliveries."""
        queues = self.app.house.storage.queues
        peeked = await queues.get_queue_client(Queue.REDELIVERIES.value).peek_messages(max_messages=5)
        for message in peeked:
            await self.app.put("redeliveries-poison", message.content)
        await self.app.put("deliveries-poison", "garbage")
        await self.app.put(Queue.DELIVERIES.value, "bm8gSlNPTg==")
        await self.app.pump("deliveries", rounds=1)
        await self.app.fire("drain")
        kept = (await self.app.ask("GET", "deliveries/dead?top=1000")).json
        assert "poison" in {one["reason"] for one in kept["value"]}
        assert len(kept["messages"]) == 2
        for one in kept["messages"]:
            await self.app.ask("POST", f"deliveries/{one['id']}/replay")


@asynccontextmanager
async def telling(functions: Sequence[func.Function], storage: str, flows: HostileFlows) -> AsyncIterator[Story]:
    """The app, whose flows are these."""
    clock, sender = Clock(), sender_to(flows)

    def change(ports: Ports) -> Ports:
        return replace(ports, flows=FaultyCaller(sender), clock=clock)

    async with running_app(functions, storage, change) as app:
        try:
            yield Story(app, flows, clock)
        finally:
            await sender.close()
