"""Do triggers subscribe, notify, unsubscribe and poll as the platform expects it?"""

from collections.abc import Iterator, Mapping

from local.connector.definition import Operation
from local.connector.findings import Finding, Rule
from local.connector.makers_view import POLLING
from local.connector.package import Package
from local.connector.walk import Node, outputs, parameter_nodes

SUMMARIES = ("When a ", "When an ")
DESCRIPTION = "This operation triggers when "
URL = "x-ms-notification-url"


def triggers_are_called_when(package: Package) -> Iterator[Finding]:
    """A trigger's summary begins with "When a", its description with "This operation triggers when"."""
    for one in package.definition.triggers:
        if not one.summary.startswith(SUMMARIES):
            yield Finding(one.id, f"its summary is '{one.summary}'", 'Begin it with "When a"')
        if not one.description.startswith(DESCRIPTION):
            yield Finding(one.id, f"its description is '{one.description}'", f'Begin it with "{DESCRIPTION.strip()}"')


def triggers_are_of_a_known_kind(package: Package) -> Iterator[Finding]:
    """A webhook is a `single` trigger that is posted to; one that polls is a `batch` that is got."""
    for one in package.definition.triggers:
        if (one.trigger, one.method) not in (("single", "post"), ("batch", "get")):
            wrong = f"it is {one.trigger} by {one.method.upper()}"
            yield Finding(one.id, wrong, "Make it single by POST (webhook) or batch by GET (polling)")


def triggers_have_their_twins(package: Package) -> Iterator[Finding]:
    """A webhook `X` has a trigger `XPolling` that polls for the same, and the other way round."""
    calling = {one.id for one in webhooks(package)}
    asking = {one.id for one in polling(package)}
    for id_ in sorted(asking - {one + POLLING for one in calling}):
        yield Finding(id_, f"there is no webhook '{id_.removesuffix(POLLING)}'", "Rename or add both")
    for id_ in sorted(one for one in calling if one + POLLING not in asking):
        yield Finding(id_, f"no trigger '{id_}{POLLING}' polls for the same", "Rename or add both")


def notifications_are_described(package: Package) -> Iterator[Finding]:
    """What a webhook is called with is described on its path, and nowhere else is anything of that kind."""
    for one in package.definition.operations:
        content = one.path_item.get("x-ms-notification-content")
        if "x-ms-notification-content" in one.details:
            yield Finding(one.id, "x-ms-notification-content is in the operation", "Put it beside it, on the path")
        if is_webhook(one) and not (content or {}).get("schema"):
            yield Finding(one.id, "nothing says what it is called with", "Add x-ms-notification-content to its path")
        if content and not is_webhook(one):
            yield Finding(one.id, "its path has a notification, but it is no webhook", "Add x-ms-trigger: single")


def callbacks_are_one_text_in_the_body(package: Package) -> Iterator[Finding]:
    """The platform gives its address in exactly one text in the body of the subscription."""
    for one in webhooks(package):
        found = list(callbacks(one))
        if len(found) != 1:
            yield Finding(
                one.id, f"it has {len(found)} callbacks", "Mark one property with x-ms-notification-url: true"
            )
        for callback in found:
            if callback[-1].schema.get("type") != "string":
                yield Finding(f"{one.id} {path_of(callback)}", "the callback is no string", "Write type: string")


def callbacks_are_required(package: Package) -> Iterator[Finding]:
    """The callback is required, and so is everything that it is in."""
    for one in webhooks(package):
        for callback in callbacks(one):
            if not all(step.required for step in callback):
                yield Finding(f"{one.id} {path_of(callback)}", "it can be left out", "Require it, and what it is in")


def callbacks_are_internal(package: Package) -> Iterator[Finding]:
    """A maker does not see the callback."""
    for one in webhooks(package):
        for callback in callbacks(one):
            if not any(step.schema.get("x-ms-visibility") == "internal" for step in callback):
                yield Finding(f"{one.id} {path_of(callback)}", "a maker sees it", "Write x-ms-visibility: internal")


def callbacks_are_nowhere_else(package: Package) -> Iterator[Finding]:
    """Nothing but a property in the body of a webhook takes a callback."""
    for one in package.definition.operations:
        marked = [p["name"] for p in one.parameters if p.get(URL)]
        marked += [node.where for node in outputs(one) if node.schema.get(URL)]
        if not is_webhook(one):
            marked += [path_of(callback) for callback in callbacks(one)]
        for name in marked:
            yield Finding(f"{one.id} {name}", "it cannot take a callback", "Take x-ms-notification-url away")


def subscribing_answers_201_with_location(package: Package) -> Iterator[Finding]:
    """A webhook answers 201 with a Location, by which the platform unsubscribes, and with no schema."""
    for one in webhooks(package):
        answer = one.responses.get("201")
        if answer is None or "Location" not in answer.get("headers", {}):
            yield Finding(one.id, "it has no 201 with the header Location", "Describe both")
        for status, said in one.responses.items():
            if "schema" in said:
                yield Finding(f"{one.id} {status}", "it has a schema", "Leave it out: the notification has the schema")


def there_is_a_way_to_unsubscribe(package: Package) -> Iterator[Finding]:
    """Where there are webhooks there is an internal DELETE of one thing by its id, which answers 200 or 204."""
    ways = [one for one in package.definition.operations if is_way_to_unsubscribe(one)]
    if webhooks(package) and not ways:
        advice = "Add an internal DELETE with the id in its path that answers 204, for what Location leads to"
        yield Finding("unsubscribe", "nothing ends a subscription", advice)


def webhooks_have_a_hint(package: Package) -> Iterator[Finding]:
    """Who tries a webhook is told how to make it happen."""
    for one in webhooks(package):
        if not one.details.get("x-ms-trigger-hint"):
            yield Finding(one.id, "it has no hint", "Add x-ms-trigger-hint: how to see it work now")


def polling_answers_events_or_nothing(package: Package) -> Iterator[Finding]:
    """A trigger that polls answers 200 with a list, or 202 with nothing."""
    for one in polling(package):
        schema = one.responses.get("200", {}).get("schema", {})
        if not has_list(schema):
            yield Finding(f"{one.id} 200", "it has no list", "Describe the list of events")
        if "202" not in one.responses or "schema" in one.responses["202"]:
            yield Finding(
                f"{one.id} 202", "it is not there, or has a schema", "Add a 202 without one: nothing happened"
            )


def polling_says_where_and_when_to_go_on(package: Package) -> Iterator[Finding]:
    """Both answers lead on by Location, and the one with nothing says when by Retry-After."""
    for one in polling(package):
        for status, needed in (("200", ("Location",)), ("202", ("Location", "Retry-After"))):
            headers = one.responses.get(status, {}).get("headers", {})
            for name in needed:
                if status in one.responses and name not in headers:
                    yield Finding(f"{one.id} {status}", f"it has no header {name}", "Describe the header")


def polling_keeps_its_place_to_itself(package: Package) -> Iterator[Finding]:
    """How far a trigger has polled is in `triggerState`: in the query, optional and internal."""
    for one in polling(package):
        state = next((p for p in one.parameters if p["name"] == "triggerState"), {})
        if state.get("in") != "query" or state.get("required") or state.get("x-ms-visibility") != "internal":
            yield Finding(f"{one.id} triggerState", "it is not in its form", "Make it internal, optional, in the query")


Callback = tuple[Node, ...]


def callbacks(operation: Operation) -> Iterator[Callback]:
    """The ways through the body to what is marked as callback, step by step."""
    for parameter in operation.parameters:
        steps = tuple(parameter_nodes(parameter["name"], parameter, {})) if parameter["in"] == "body" else ()
        for marked in (one for one in steps if one.schema.get(URL)):
            yield tuple(one for one in steps if f"{marked.where}/".startswith((f"{one.where}/", f"{one.where}[]")))


def path_of(callback: Callback) -> str:
    """The way as flows write it."""
    return callback[-1].where


def is_webhook(operation: Operation) -> bool:
    """Whether it subscribes."""
    return operation.trigger == "single"


def webhooks(package: Package) -> tuple[Operation, ...]:
    """The triggers that subscribe."""
    return tuple(one for one in package.definition.triggers if is_webhook(one))


def polling(package: Package) -> tuple[Operation, ...]:
    """The triggers that ask again and again."""
    return tuple(one for one in package.definition.triggers if one.trigger == "batch")


def is_way_to_unsubscribe(operation: Operation) -> bool:
    """Whether the platform can end a subscription by it."""
    ids = [one for one in operation.parameters if one["in"] == "path"]
    needed = [one for one in operation.parameters if one.get("required")]
    well = {"200", "204"} & operation.responses.keys()
    return operation.method == "delete" and operation.visibility == "internal" and bool(well) and ids == needed != []


def has_list(schema: Mapping[str, object]) -> bool:
    """Whether it is a list, or holds one under `value`."""
    inner = schema.get("properties")
    value = inner.get("value") if isinstance(inner, Mapping) else None
    return schema.get("type") == "array" or (isinstance(value, Mapping) and value.get("type") == "array")


RULES: tuple[Rule, ...] = (
    triggers_are_called_when,
    triggers_are_of_a_known_kind,
    triggers_have_their_twins,
    notifications_are_described,
    callbacks_are_one_text_in_the_body,
    callbacks_are_required,
    callbacks_are_internal,
    callbacks_are_nowhere_else,
    subscribing_answers_201_with_location,
    there_is_a_way_to_unsubscribe,
    webhooks_have_a_hint,
    polling_answers_events_or_nothing,
    polling_says_where_and_when_to_go_on,
    polling_keeps_its_place_to_itself,
)
