"""Are the operations named, versioned and filled in as the platform wants it?"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from local.connector.definition import Json, Operation
from local.connector.findings import Finding, Rule
from local.connector.package import Package
from local.connector.walk import Node, inputs

MOST_OPERATIONS = 256
MOST_LIVE_REVISIONS = 2
IN_PRODUCTION = "Production"
DEPRECATED = "(deprecated)"


def ids_are_in_pascal_case(package: Package) -> Iterator[Finding]:
    """An operationId is PascalCase; only the suffix of a revision, _V2 and on, has an underscore."""
    for one in package.definition.operations:
        if not re.fullmatch(r"[A-Z][A-Za-z0-9]*(_V([2-9]|[1-9][0-9]+))?", one.id):
            yield Finding(
                one.id, "its operationId is not PascalCase", "Use letters and digits, beginning with a capital"
            )


def ids_are_unique(package: Package) -> Iterator[Finding]:
    """No two operations have one operationId, whatever its case."""
    ids = Counter(one.id.casefold() for one in package.definition.operations)
    for one in package.definition.operations:
        if ids[one.id.casefold()] > 1:
            yield Finding(f"{one.method.upper()} {one.path}", f"'{one.id}' is taken", "Give it an id of its own")


def summaries_are_unique(package: Package) -> Iterator[Finding]:
    """No two operations that a maker sees have one summary."""
    shown = visible(package)
    summaries = Counter(one.summary.casefold() for one in shown)
    for one in shown:
        if summaries[one.summary.casefold()] > 1:
            yield Finding(one.id, f"the summary '{one.summary}' is taken", "Say what is different about it")


def there_are_not_too_many(package: Package) -> Iterator[Finding]:
    """A connector has at most 256 operations."""
    if (number := len(package.definition.operations)) > MOST_OPERATIONS:
        yield Finding("operations", f"there are {number}", f"Keep it at {MOST_OPERATIONS}")


def revisions_name_their_family(package: Package) -> Iterator[Finding]:
    """What is annotated says the family and revision that its operationId says: _V2 is the second."""
    for one in visible(package):
        family, _, later = one.id.partition("_V")
        note, revision = annotation(one), int(later) if later.isdigit() else 1
        if note and (note.get("family"), note.get("revision")) != (family, revision):
            wrong = f"its family is {note.get('family')}, its revision {note.get('revision')}"
            yield Finding(one.id, wrong, f"Write {family} and {revision} into x-ms-api-annotation")


def one_of_a_family_is_in_production(package: Package) -> Iterator[Finding]:
    """Of an annotated family at most two operations are not deprecated, and one of them is in production."""
    live: dict[str, list[str]] = defaultdict(list)
    for one in visible(package):
        if (family := annotation(one).get("family")) and not one.details.get("deprecated"):
            live[family].append(annotation(one).get("status", IN_PRODUCTION))
    for family, statuses in live.items():
        if len(statuses) > MOST_LIVE_REVISIONS:
            yield Finding(family, f"{len(statuses)} of its revisions are live", "Mark the oldest as deprecated")
        elif statuses.count(IN_PRODUCTION) > 1:
            wrong = f"{len(statuses)} of its revisions are in production"
            yield Finding(family, wrong, "Deprecate one, or take the annotations away when both are to stay")


def old_forms_say_so(package: Package) -> Iterator[Finding]:
    """What is deprecated says so in its summary."""
    for one in visible(package):
        is_old = bool(one.details.get("deprecated"))
        if is_old != one.summary.endswith(DEPRECATED):
            yield Finding(one.id, f"deprecated is {is_old}, its summary '{one.summary}'", f"Let both say {DEPRECATED}")


def parameters_in_a_path_are_encoded(package: Package) -> Iterator[Finding]:
    """A parameter in a path is required and says how it is encoded; nothing else does."""
    for one in package.definition.operations:
        for node in inputs(one):
            if "x-ms-url-encoding" in node.schema and node.schema.get("in") != "path":
                yield Finding(f"{one.id} {node.where}", "it is in no path", "Take x-ms-url-encoding away")
        for parameter in one.parameters:
            if parameter["in"] == "path" and not parameter.get("required"):
                yield Finding(f"{one.id} {parameter['name']}", "it is not required", "Write required: true")
            if parameter["in"] == "path" and parameter.get("x-ms-url-encoding") not in ("single", "double"):
                yield Finding(f"{one.id} {parameter['name']}", "it has no encoding", "Add x-ms-url-encoding: single")


def no_parameter_is_named_connection_id(package: Package) -> Iterator[Finding]:
    """The platform keeps the name connectionId to itself."""
    for one in package.definition.operations:
        for node in inputs(one):
            if node.where.rpartition("/")[2].casefold() == "connectionid":
                yield Finding(f"{one.id} {node.where}", "the name is the platform's own", "Give it another name")


def what_is_hidden_and_needed_has_a_default(package: Package) -> Iterator[Finding]:
    """What is internal and required has a default, as no maker can fill it in. (The platform gives the callback.)"""
    for one in package.definition.operations:
        for node in () if one.visibility == "internal" else inputs(one):
            if is_hidden(node) and node.required and not says_value(node.schema):
                yield Finding(f"{one.id} {node.where}", "it is internal, required and empty", "Give it a default")


def what_is_hidden_and_has_a_default_is_needed(package: Package) -> Iterator[Finding]:
    """What is internal and has a default is required: the platform leaves out what is internal and optional."""
    for one in visible(package):
        for node in inputs(one):
            if is_hidden(node) and "default" in node.schema and not node.required:
                wrong = "it is internal and optional, so its default is never sent"
                yield Finding(f"{one.id} {node.where}", wrong, "Require it, or leave it out")


def the_test_of_a_connection_is_a_quiet_get(package: Package) -> Iterator[Finding]:
    """A connection is tested by an internal GET that answers 200 and for which nothing has to be filled in."""
    test = package.document.get("x-ms-capabilities", {}).get("testConnection", {})
    one = package.definition.by_id.get(test.get("operationId", ""))
    if one is None:
        yield Finding(
            "testConnection", f"there is no operation '{test.get('operationId', '')}'", "Name one that is there"
        )
        return
    if one.method != "get" or one.visibility != "internal" or "200" not in one.responses:
        yield Finding(one.id, "it tests connections", "Make it an internal GET that answers 200")
    for node in inputs(one):
        if node.required and "default" not in node.schema and node.where not in test.get("parameters", {}):
            yield Finding(f"{one.id} {node.where}", "testConnection does not give it", "Add it to its parameters")


def pages_lead_on(package: Package) -> Iterator[Finding]:
    """What comes in pages has its link in the answer, and a policy leads the link through the gateway."""
    for one in package.definition.operations:
        if "x-ms-pageable" not in one.details:
            continue
        name = one.details["x-ms-pageable"].get("nextLinkName", "")
        # What a dynamic answer holds is said by the operation that the designer asks.
        if not is_dynamic(one.answer) and name not in one.answer.get("properties", {}):
            yield Finding(one.id, f"its answer has no '{name}'", "Describe the property that nextLinkName names")
        if one.id not in updated_links(package.properties, name):
            yield Finding(one.id, f"no policy updates its '{name}'", "Name it in an updatenextlink policy")


def updated_links(properties: Json, name: str) -> frozenset[str]:
    """The operations whose link of that name a policy updates."""
    found: set[str] = set()
    for policy in properties.get("properties", {}).get("policyTemplateInstances", ()):
        settings: Mapping[str, object] = policy.get("parameters", {})
        operations = settings.get("x-ms-apimTemplate-operationName", ())
        is_it = policy.get("templateId") == "updatenextlink"
        if is_it and settings.get("x-ms-apimTemplateParameter.nextLinkPropertyName") == name:
            found.update(operations if isinstance(operations, list) else ())
    return frozenset(found)


def visible(package: Package) -> tuple[Operation, ...]:
    """The operations that a maker sees."""
    return tuple(one for one in package.definition.operations if one.visibility != "internal")


def annotation(operation: Operation) -> Json:
    """What it says about its family."""
    found: Json = operation.details.get("x-ms-api-annotation", {})
    return found


def is_dynamic(schema: Json) -> bool:
    """Whether the designer learns elsewhere what is in it."""
    return "x-ms-dynamic-schema" in schema or "x-ms-dynamic-properties" in schema


def is_hidden(node: Node) -> bool:
    """Whether a maker cannot see it, and the platform does not fill it in either."""
    return node.schema.get("x-ms-visibility") == "internal" and not node.schema.get("x-ms-notification-url")


def says_value(schema: Json) -> bool:
    """Whether it has a default, or holds the callback."""
    inner = schema.get("properties", {}).values()
    return "default" in schema or any(one.get("x-ms-notification-url") for one in inner)


RULES: tuple[Rule, ...] = (
    ids_are_in_pascal_case,
    ids_are_unique,
    summaries_are_unique,
    there_are_not_too_many,
    revisions_name_their_family,
    one_of_a_family_is_in_production,
    old_forms_say_so,
    parameters_in_a_path_are_encoded,
    no_parameter_is_named_connection_id,
    what_is_hidden_and_needed_has_a_default,
    what_is_hidden_and_has_a_default_is_needed,
    the_test_of_a_connection_is_a_quiet_get,
    pages_lead_on,
)
