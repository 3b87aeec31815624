"""Does everything that a maker meets have a name and a sentence, and are they in the form that is asked for?"""

import re
import string
from collections.abc import Iterator
from itertools import pairwise

from local.connector.findings import Finding, Rule
from local.connector.makers_view import outputs_of
from local.connector.package import Package
from local.connector.rules.operations import visible
from local.connector.walk import Node, nodes, texts

LONGEST_SUMMARY = 80
PLAIN = frozenset(string.ascii_letters + string.digits + " ()[]")
# What the reader of a definition understands; any other format is left out of the designer.
FORMATS = frozenset((
    "int32", "int64", "float", "double", "byte", "binary", "date", "date-time", "date-no-tz", "password", "email",
    "html", "uri", "uuid",
))  # fmt: skip
VISIBILITIES = ("important", "advanced", "internal")
DYNAMIC_SCHEMA = ("x-ms-dynamic-schema", "x-ms-dynamic-properties")
CONTENTS = ("properties", "items", "allOf", "additionalProperties", "enum", *DYNAMIC_SCHEMA)


def everything_has_a_summary(package: Package) -> Iterator[Finding]:
    """Every operation, parameter and property has a summary (of a property, its title)."""
    for text in texts(package.document):
        if text.summaries == ():
            yield Finding(text.where, "it has no summary", "Add one: summary, x-ms-summary, or the title of a property")


def everything_has_a_description(package: Package) -> Iterator[Finding]:
    """Every operation, parameter, property, answer, header and notification has a description."""
    for text in texts(package.document):
        if not text.description:
            yield Finding(text.where, "it has no description", "Say in a sentence what it is")


def summaries_are_short_and_plain(package: Package) -> Iterator[Finding]:
    """A summary has at most 80 letters, digits, spaces and brackets, and so no punctuation."""
    for text in texts(package.document):
        for summary in text.summaries or ():
            odd = sorted(set(summary) - PLAIN)
            if odd:
                wrong = f"'{summary}' has {' '.join(odd)}"
                yield Finding(text.where, wrong, "Use letters, digits, spaces and brackets only")
            if len(summary) > LONGEST_SUMMARY:
                yield Finding(text.where, f"its summary has {len(summary)} characters", f"Use {LONGEST_SUMMARY}")
            if summary != summary.strip():
                yield Finding(text.where, f"'{summary}' begins or ends in a space", "Leave the space out")


def names_of_outputs_say_no_word_twice(package: Package) -> Iterator[Finding]:
    """In the name of an output, with the names of what it is in before its own, no word comes twice in a row."""
    for one in visible(package):
        for output in outputs_of(one):
            if any(first == second for first, second in pairwise(output.title.casefold().split())):
                wrong = f"a designer calls it '{output.title}'"
                yield Finding(f"{one.id} {output.path}", wrong, "Shorten a summary, of it or of what it is in")


def descriptions_are_sentences(package: Package) -> Iterator[Finding]:
    """A description begins with a capital or a digit and ends with a full stop, a question or exclamation mark."""
    for text in texts(package.document):
        if text.description and not re.fullmatch(r"(?s)[\W_]?([^\W_a-z]).*[.!?]", text.description):
            yield Finding(
                text.where, f"'{text.description}' is no sentence", "Begin with a capital, end with a full stop"
            )


def descriptions_are_not_the_summary(package: Package) -> Iterator[Finding]:
    """A description says more than the summary does."""
    for text in texts(package.document):
        same = [one for one in text.summaries or () if plain(one) == plain(text.description)]
        if same:
            yield Finding(text.where, f"its description is its summary '{same[0]}'", "Say more in the description")


def formats_are_known(package: Package) -> Iterator[Finding]:
    """A format is one of those that the platform knows."""
    for node in nodes(package.document):
        if "format" in node.schema and node.schema["format"] not in FORMATS:
            yield Finding(node.where, f"the format '{node.schema['format']}' is unknown", f"Use {listed(FORMATS)}")


def visibilities_are_known(package: Package) -> Iterator[Finding]:
    """A visibility is important, advanced or internal."""
    places = [(one.id, one.details) for one in package.definition.operations]
    places += [(node.where, node.schema) for node in nodes(package.document)]
    for where, part in places:
        if "x-ms-visibility" in part and part["x-ms-visibility"] not in VISIBILITIES:
            yield Finding(
                where, f"the visibility '{part['x-ms-visibility']}' is unknown", f"Use {listed(VISIBILITIES)}"
            )


def choices_have_the_values_of_their_list(package: Package) -> Iterator[Finding]:
    """What `x-ms-enum-values` names are the values of `enum`, each once."""
    for node in nodes(package.document):
        if "x-ms-enum-values" in node.schema:
            named = [str(one["value"]) for one in node.schema["x-ms-enum-values"]]
            listed_ = [str(one) for one in node.schema.get("enum", ())]
            if sorted(named) != sorted(listed_):
                yield Finding(
                    node.where, f"x-ms-enum-values has {named}, enum has {listed_}", "Give both the same values"
                )


def schemas_are_not_empty(package: Package) -> Iterator[Finding]:
    """A schema says what is in it, unless it is dynamic."""
    for node in nodes(package.document):
        if is_empty(node):
            yield Finding(node.where, "its schema is empty", "Say what is in it, or where the designer learns it")


def is_empty(node: Node) -> bool:
    """Whether nothing is said about what is in it."""
    kind = node.schema.get("type")
    if node.kind in ("parameter", "header") or kind not in (None, "object", "array"):
        return False
    return not any(node.schema.get(name) for name in CONTENTS)


def plain(text: str) -> str:
    """The text without what makes no difference."""
    return text.strip(" .!?").casefold()


def listed(names: frozenset[str] | tuple[str, ...]) -> str:
    """The names, in one line."""
    return ", ".join(sorted(names))


RULES: tuple[Rule, ...] = (
    everything_has_a_summary,
    everything_has_a_description,
    summaries_are_short_and_plain,
    names_of_outputs_say_no_word_twice,
    descriptions_are_sentences,
    descriptions_are_not_the_summary,
    formats_are_known,
    visibilities_are_known,
    choices_have_the_values_of_their_list,
    schemas_are_not_empty,
)
