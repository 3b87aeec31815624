"""A flow as Power Automate treats it: what it posts, keeps and deletes when its maker saves it or turns it off."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from tests.e2e.app import Answered, RunningApp
from tests.tokens import of_maker

CONNECTION = of_maker()


@dataclass(slots=True)
class Flow:
    """The platform's memory of a flow: the callback URL of its present version, and the Location it was given."""

    app: RunningApp
    receiver: str
    trigger: str
    fields: Mapping[str, object]
    name: str = field(default_factory=lambda: str(uuid4()))
    version: int = 0
    location: str = ""

    @property
    def path(self) -> str:
        """Where its present version is called."""
        return f"/workflows/{self.name}/triggers/When/versions/{self.version}/run"

    def body(self) -> dict[str, object]:
        """What is posted: the fields of the trigger, and a callback URL that changes at each save."""
        signed = f"api-version=2016-06-01&sp=%2Ftriggers%2FWhen%2Frun&sv=1.0&sig={self.name}-{self.version}"
        return {**self.fields, "callbackUrl": f"{self.receiver}{self.path}?{signed}"}

    def headers(self) -> dict[str, str]:
        """The headers of a subscribe call; those of its own are others each time."""
        agent = f"azure-logic-apps/1.0 (workflow {self.name}; version {self.version}) microsoft-flow/1.0"
        each_time = ("x-ms-tracking-id", "x-ms-correlation-id", "x-ms-client-request-id")
        return {
            **CONNECTION,
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": agent,
            "x-ms-trigger-type": "OpenApiConnectionWebhook",
            "x-ms-workflow-id": self.name.replace("-", ""),
            "x-ms-workflow-version": f"0858{self.version:016d}",
            "x-ms-workflow-name": self.name,
            "x-ms-workflow-subscription-id": "5ab5ec5e-0000-4000-8000-000000000001",
            "x-ms-workflow-resourcegroup-name": "4f1b9b8e0c2a4a7f-westeurope",
            "x-ms-environment-id": "default-72f988bf-0000-4000-8000-000000000001",
            **{name: str(uuid4()) for name in each_time},
        }

    async def post(self) -> str:
        """Subscribe the present version; answers the Location, which has to be one that can be deleted."""
        answer = await self.app.ask("POST", f"triggers/{self.trigger}", self.body(), self.headers())
        assert answer.status == 201, answer
        location = answer.headers["Location"]
        assert location == f"{self.app.base}/api/subscriptions/{answer.json['id']}"
        return location

    async def delete(self, location: str) -> None:
        """Unsubscribe: the connection's token, no body, no other header; 204 whatever it was."""
        answer: Answered = await self.app.ask("DELETE", location, headers=CONNECTION)
        assert (answer.status, answer.body) == (204, b"")

    async def turn_on(self) -> None:
        """Created, or switched on again: a new callback URL."""
        self.version += 1
        self.location = await self.post()

    async def turn_off(self) -> None:
        """Switched off, or deleted."""
        await self.delete(self.location)
