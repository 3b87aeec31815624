"""Power Automate, which knows the connector by its definition alone: what it offers a maker, and what it then sends."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from local.connector.definition import Definition, Field, Json, Operation
from tests.connector.contract import operation_at, problems, strict
from tests.e2e.app import Answered

Given = Mapping[str, Any]
Send = Callable[[str, str, object], Awaitable[Answered]]
Wait = Callable[[float], None]


@dataclass(slots=True)
class Designer:
    """`send` calls the app with the connection's token, `wait` lets time pass, `base` is where the app is."""

    definition: Definition
    base: str
    send: Send
    wait: Wait
    completed: set[str] = field(default_factory=set)

    async def choices(self, operation: Operation, one: Field, given: Given) -> list[tuple[str, str]]:
        """The drop-down list of a field, value and title; both ways of declaring it must offer the same."""
        lists, values = one.value_schema["x-ms-dynamic-list"], one.value_schema["x-ms-dynamic-values"]
        answer = await self.run(lists["operationId"], _by_reference(lists, given))
        offered = [
            (row[lists["itemValuePath"]], row[lists["itemTitlePath"]]) for row in _at(answer, lists["itemsPath"])
        ]
        older = await self.run(values["operationId"], _by_name(values, given))
        rows = _at(older, values["value-collection"])
        assert offered == [(row[values["value-path"]], row[values["value-title"]]) for row in rows], operation.id
        return offered

    async def schema(self, node: Json, given: Given) -> Json:
        """The node, with the fields that only now are known; both ways of declaring them must find the same."""
        if "x-ms-dynamic-properties" not in node:
            return node
        newer, older = node["x-ms-dynamic-properties"], node["x-ms-dynamic-schema"]
        found = _at(await self.run(newer["operationId"], _by_reference(newer, given)), newer["itemValuePath"])
        assert found == _at(await self.run(older["operationId"], _by_name(older, given)), older["value-path"])
        return {**node, **found}

    async def fill(self, operation: Operation, given: Given) -> dict[str, Any]:
        """What a maker ends up with who fills in what is needed, choosing the first of each list."""
        filled = dict(given)
        for one in operation.fields:
            if one.path in filled or not one.required or one.visibility == "internal":
                continue
            if "x-ms-dynamic-list" in one.value_schema:
                filled[one.path] = (await self.choices(operation, one, filled))[0][0]
            elif one.place == "body" and "x-ms-dynamic-properties" in one.value_schema:
                shape = await self.schema(one.value_schema, filled)
                wanted = [*shape.get("required", ()), *shape["properties"]][:3]
                filled |= {f"{one.path}/{name}": _some(shape["properties"][name]) for name in wanted}
            else:
                assert "enum" in one.value_schema, f"{operation.id}: only a maker knows {one.path}"
                filled[one.path] = one.value_schema["enum"][0]
        return filled

    async def run(self, operation_id: str, given: Given) -> Any:
        """Do an action to its end, as the platform does: what it gives back, which is as the definition says."""
        operation = self.definition.by_id[operation_id]
        answer = await self.send(*self._request(operation, given))
        for _ in range(100):
            if answer.status != 202 or "Location" not in answer.headers:
                break
            assert "Location" in operation.responses["202"]["headers"]
            self.wait(float(answer.headers["Retry-After"]))
            answer = await self.send("GET", self._own(answer.headers["Location"], "get"), None)
        assert answer.status in (200, 201, 202, 204), (operation_id, answer)
        self.completed.add(operation_id)
        told = answer.json if answer.body else None
        promised = await self.schema(operation.answer, given)
        assert not list(problems(promised, told or {}, operation_id))
        return told

    async def pages(self, operation_id: str, given: Given) -> list[Any]:
        """All items of a paged action."""
        operation = self.definition.by_id[operation_id]
        link = operation.details["x-ms-pageable"]["nextLinkName"]
        page = await self.run(operation_id, given)
        found = list(page["value"])
        while link in page:
            page = (await self.send("GET", self._own(page[link], "get"), None)).json
            found += page["value"]
        return found

    async def subscribe(self, operation_id: str, given: Given, callback: str) -> str:
        """Switch a flow on: its trigger's Location, which must lead to a declared operation that ends it."""
        operation = self.definition.by_id[operation_id]
        (url,) = [one.path for one in operation.fields if one.value_schema.get("x-ms-notification-url")]
        answer = await self.send(*self._request(operation, {**given, url: callback}))
        assert (answer.status, list(answer.json)) == (201, ["id"]), answer
        self.completed.add(operation_id)
        return self._own(answer.headers["Location"], "delete")

    async def unsubscribe(self, location: str) -> None:
        """Switch a flow off."""
        assert (await self.send("DELETE", location, None)).status == 204
        self.completed.add("Unsubscribe")

    async def poll(self, operation_id: str, given: Given) -> tuple[list[Any], str]:
        """The first look of a polling trigger: the events of a 200, and where to look next."""
        _, url, _ = self._request(self.definition.by_id[operation_id], given)
        self.completed.add(operation_id)
        return await self.poll_at(url)

    async def poll_at(self, address: str) -> tuple[list[Any], str]:
        """A later look, where the one before said."""
        answer = await self.send("GET", address, None)
        assert answer.status in (200, 202), answer
        assert int(answer.headers["Retry-After"]) > 0
        events = answer.json["value"]
        assert bool(events) == (answer.status == 200)
        return events, self._own(answer.headers["Location"], "get")

    def problems_of_call(self, operation_id: str, body: bytes) -> list[str]:
        """What a call of a flow breaks of what its trigger promises."""
        operation = self.definition.by_id[operation_id]
        twin = self.definition.by_id[f"{operation_id}Polling"]
        promised = operation.path_item["x-ms-notification-content"]["schema"]
        assert promised == twin.answer["properties"]["value"]["items"]
        return list(problems(strict(promised), json.loads(body), operation_id))

    def _request(self, operation: Operation, given: Given) -> tuple[str, str, object]:
        """What is sent; a value that nobody gave is the default, or left out."""
        path, query, body = operation.path, {}, dict[str, Any]()
        left = dict(given)
        for one in operation.fields:
            value = left.pop(one.path, one.value_schema.get("default"))
            if one.place == "body" and "/" not in one.path:
                inside = [key for key in left if key.startswith(f"{one.path}/")]
                body |= {key.partition("/")[2]: left.pop(key) for key in inside}
            elif value is None:
                assert not one.required, f"{operation.id} needs {one.path}"
            elif one.place == "path":
                assert one.value_schema["x-ms-url-encoding"] == "single"
                path = path.replace(f"{{{one.name}}}", quote(str(value), safe=""))
            elif one.place == "query":
                query[one.name] = ",".join(value) if isinstance(value, list) else str(value)
            else:
                body[one.name] = value
        assert not left, f"{operation.id} has no {sorted(left)}"
        address = f"{self.base}{path}{'?' if query else ''}{urlencode(query)}"
        return operation.method.upper(), address, json.loads(json.dumps(body)) if operation.body is not None else None

    def _own(self, address: str, method: str) -> str:
        """An address that the app gave out: on its own host, and that of a declared operation."""
        assert address.startswith(f"{self.base}/")
        found = operation_at(method.upper(), tuple(urlsplit(address).path.split("/")))
        assert found is not None, f"{address} is of no operation"
        assert method != "delete" or found.visibility == "internal"
        self.completed.add(found.id)
        return address


def _by_reference(call: Json, given: Given) -> dict[str, Any]:
    """The parameters of a list's or a schema's operation, as the newer form names them."""
    told = call.get("parameters", {})
    return {name: one["value"] if "value" in one else given[one["parameterReference"]] for name, one in told.items()}


def _by_name(call: Json, given: Given) -> dict[str, Any]:
    """The same as the older form names them: without the way to them."""
    short = {path.rpartition("/")[2]: value for path, value in given.items()}
    told = call.get("parameters", {})
    return {name: short[one["parameter"]] if isinstance(one, Mapping) else one for name, one in told.items()}


def _at(answer: Any, path: str) -> Any:
    for step in path.split("/"):
        answer = answer[step]
    return answer


def _some(column: Json) -> object:
    examples: Mapping[str, object] = {"integer": 7, "number": 7.5, "boolean": True}
    dated = "2026-03-02T12:00:00Z" if column.get("format") == "date-time" else "c-1"
    return examples.get(column["type"], dated)
