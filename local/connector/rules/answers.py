"""Does every operation say what it answers?"""

from collections.abc import Iterator

from local.connector.definition import SEEN, Operation
from local.connector.findings import Finding, Rule
from local.connector.package import Package
from local.connector.rules.operations import visible


def success_is_explicit(package: Package) -> Iterator[Finding]:
    """Every operation names the 2xx that it answers."""
    for one in package.definition.operations:
        if not any(status.startswith("2") for status in one.responses):
            yield Finding(one.id, "it has no 2xx", "Add the answer of a call that went well")


def success_says_what_it_holds(package: Package) -> Iterator[Finding]:
    """The 200 of what a maker sees has a schema; what answers nothing answers 204. (Of webhooks other rules speak.)"""
    for one in visible(package):
        if one.trigger != "single" and "200" in one.responses and "schema" not in one.responses["200"]:
            yield Finding(f"{one.id} 200", "it has no schema", "Say what it holds, or answer 204")


def default_holds_nothing(package: Package) -> Iterator[Finding]:
    """A `default` answer has no schema: designers would take it for the one of success."""
    for one in package.definition.operations:
        if "schema" in one.responses.get("default", {}):
            yield Finding(f"{one.id} default", "it has a schema", "Leave the schema or the whole answer out")


def one_answer_at_most_has_a_schema(package: Package) -> Iterator[Finding]:
    """At most one answer has a schema, and it is 200 or 201: designers read no other."""
    for one in package.definition.operations:
        # Of `default` another rule speaks.
        with_schema = [s for s, answer in one.responses.items() if "schema" in answer and s != "default"]
        if len(with_schema) > 1:
            yield Finding(one.id, f"{', '.join(with_schema)} have a schema", "Keep the one of success")
        elif with_schema and with_schema[0] not in SEEN:
            yield Finding(f"{one.id} {with_schema[0]}", "no designer reads its schema", "Answer 200 or 201 with it")


def refusals_are_explicit(package: Package) -> Iterator[Finding]:
    """What takes input can be called wrongly, and says which 4xx it then answers."""
    for one in package.definition.operations:
        if one.parameters and not any(status.startswith("4") for status in one.responses):
            yield Finding(one.id, "it takes input and has no 4xx", "Add 400 and what else it refuses with")


def waiting_says_where_and_when_to_ask_again(package: Package) -> Iterator[Finding]:
    """What makes a flow wait answers 202 with Location and Retry-After until it is done. (Of triggers others speak.)"""
    for one in package.definition.operations:
        if is_waited_for(one):
            headers = one.responses.get("202", {}).get("headers", {})
            missing = [name for name in ("Location", "Retry-After") if name not in headers]
            if missing:
                yield Finding(f"{one.id} 202", f"it has no {' and no '.join(missing)}", "Describe the answer and both")


def is_waited_for(operation: Operation) -> bool:
    """Whether a flow asks again until something has ended: its name says so, or it answers now 202 and then 200."""
    named = operation.id.partition("_")[0].endswith("AndWait")
    return not operation.trigger and (named or {"200", "202"} <= operation.responses.keys())


RULES: tuple[Rule, ...] = (
    success_is_explicit,
    success_says_what_it_holds,
    default_holds_nothing,
    one_answer_at_most_has_a_schema,
    refusals_are_explicit,
    waiting_says_where_and_when_to_ask_again,
)
