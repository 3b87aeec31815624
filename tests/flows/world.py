"""What do flows reach? The app by the connector's definition, other connectors as sinks, HTTP with real tokens."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp

from local.connector.definition import Definition, Operation
from local.entra.directory import DAEMON, MAKER, TENANT, resource_of
from tests.actions.site import Site
from tests.e2e.app import Answered
from tests.flows.runner import Json, StepFailed

DATAVERSE = "shared_commondataserviceforapps"
MOST_LOOKS = 100


@dataclass(frozen=True, slots=True)
class Called:
    """A call of somebody else's connector, or of somebody else's address."""

    api: str
    operation: str
    parameters: Json


@dataclass(slots=True)
class Outside:
    """Everything beside the flow. `secrets` lie in the key vault; `broken` operations fail."""

    site: Site
    definition: Definition
    own_api: str
    secrets: Mapping[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    calls: list[Called] = field(default_factory=list)
    looks: int = 0

    def take(self) -> list[Called]:
        """The calls since the last time."""
        taken, self.calls = self.calls, []
        return taken

    async def connector(self, api: str, operation: str, parameters: Json) -> Json:
        """Ours goes to the app; the key vault answers; all others are noted."""
        if operation in self.broken:
            raise StepFailed({"statusCode": 502, "headers": {}, "body": {}})
        if api == self.own_api:
            return self._outputs(await self.follow(await self.ask(operation, parameters)))
        if api == DATAVERSE:
            assert parameters["actionName"] == "RetrieveEnvironmentVariableSecretValue"
            secret = self.secrets[parameters["item/EnvironmentVariableName"]]
            return {"statusCode": 200, "headers": {}, "body": {"EnvironmentVariableSecretValue": secret}}
        self.calls.append(Called(api, operation, parameters))
        return {"statusCode": 200, "headers": {}, "body": {}}

    async def ask(self, operation_id: str, parameters: Json, headers: Mapping[str, str] | None = None) -> Answered:
        """Call an operation as the connection of a maker does, with what the definition says of its fields."""
        operation = self.definition.by_id[operation_id]
        method, address, body = request_of(operation, parameters)
        return await self.site.app.ask(method, self.site.app.base + address, body, self._of_maker(headers))

    async def http(self, inputs: Json, *, waits: bool = True) -> Json:
        """An address of the app is called with a token that Entra ID gives for it; all others are noted, without."""
        address = inputs["uri"]
        headers = dict(inputs.get("headers", {}))
        if "authentication" in inputs:
            headers["Authorization"] = f"Bearer {await self._token(inputs['authentication'])}"
        if not address.startswith(self.site.app.base):
            self.calls.append(Called("http", f"{inputs['method']} {address}", {**inputs, "headers": headers}))
            return {"statusCode": 200, "headers": {}, "body": {}}
        answer = await self.site.app.ask(inputs["method"], address, inputs.get("body"), headers)
        return self._outputs(await self.follow(answer, headers) if waits else answer)

    async def follow(self, answer: Answered, headers: Mapping[str, str] | None = None) -> Answered:
        """Look again where an answer of 202 says, as the platform does, while time passes at the source."""
        for _ in range(MOST_LOOKS):
            if answer.status != 202:
                return answer
            self.looks += 1
            self.site.wait(minutes=1)
            answer = await self.site.app.ask("GET", answer.headers["Location"], None, headers or self._of_maker())
        raise AssertionError(answer)

    def _of_maker(self, headers: Mapping[str, str] | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.site.token(MAKER)}", **(headers or {})}

    async def _token(self, authentication: Json) -> str:
        """A Logic App's identity is an application too; the other kind asks Entra ID with its secret."""
        entra, resource = self.site.entra, resource_of(authentication["audience"])
        if authentication["type"] == "ManagedServiceIdentity":
            assert resource is not None
            return entra.mint.app(DAEMON, resource=resource)
        assert (authentication["type"], authentication["tenant"]) == ("ActiveDirectoryOAuth", TENANT)
        form = {
            "grant_type": "client_credentials",
            "client_id": authentication["clientId"],
            "client_secret": authentication["secret"],
            "scope": f"{authentication['audience']}/.default",
        }
        trusting = ssl.create_default_context(cafile=str(entra.certificate.bundle))
        url = f"{entra.authority}/oauth2/v2.0/token"
        async with aiohttp.ClientSession() as session, session.post(url, data=form, ssl=trusting) as answer:
            told = await answer.json()
        if answer.status != 200:
            raise StepFailed({"statusCode": answer.status, "headers": {}, "body": told})
        return str(told["access_token"])

    @staticmethod
    def _outputs(answer: Answered) -> Json:
        body = json.loads(answer.body) if answer.body else None
        found = {"statusCode": answer.status, "headers": dict(answer.headers), "body": body}
        if answer.status >= 400:
            raise StepFailed(found)
        return found


class Failing:
    """A world whose addresses all fail, in a way that may be better the next time."""

    calls = 0
    address = ""

    async def connector(self, *_: object) -> Json:
        return {"statusCode": 200, "body": {"EnvironmentVariableSecretValue": "secret"}}

    async def http(self, inputs: Json, *, waits: bool = True) -> Json:
        self.calls += 1
        self.address = self.address or inputs["uri"]
        raise StepFailed({"statusCode": 503, "body": None})


def request_of(operation: Operation, parameters: Json) -> tuple[str, str, Json | None]:
    """Method, address with its query, and body of a call with these fields. Unknown fields are mistakes."""
    places = {one.path: one for one in operation.fields}
    address, query, body = operation.path, dict[str, str](), dict[str, Any]()
    for path, value in parameters.items():
        where = places[path]
        if where.place == "path":
            address = address.replace(f"{{{path}}}", quote(str(value), safe=""))
        elif where.place == "query":
            query[path] = str(value)
        else:
            body[where.name] = value
    assert "{" not in address, address
    return operation.method.upper(), address + (f"?{urlencode(query)}" if query else ""), body or None
