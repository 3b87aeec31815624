"""Does the definition say well whose it is, where it is and what it is for?"""

import json
import re
from collections import Counter
from collections.abc import Iterator

from local.connector.findings import Finding, Rule
from local.connector.package import DEFINITION, Package

LONGEST_TITLE = 30
DESCRIPTION_LENGTHS = range(30, 501)
LARGEST_DEFINITION = 1_000_000
MOST_CATEGORIES = 2
WORDS_OF_OTHERS = (
    "API", "Connector", "Power Apps", "PowerApps", "Power Automate", "Power BI", "Power Pages", "Power Platform",
    "Power Virtual Agents", "Power Fx", "Copilot Studio", "Microsoft Flow", "Logic Apps", "Dataverse", "AI Builder",
)  # fmt: skip
CATEGORIES = frozenset((
    "AI", "Business Management", "Business Intelligence", "Collaboration", "Commerce", "Communication",
    "Content and Files", "Finance", "Data", "Human Resources", "Internet of Things", "IT Operations",
    "Lifestyle and Entertainment", "Marketing", "Productivity", "Sales and CRM", "Security", "Social Media", "Website",
))  # fmt: skip


def title_is_short_and_our_own(package: Package) -> Iterator[Finding]:
    """A title has at most 30 characters, ends in a letter or digit and names no product of the platform's."""
    title = package.document["info"].get("title", "")
    if not 0 < len(title) <= LONGEST_TITLE:
        yield Finding("title", f"it has {len(title)} characters", f"Use 1 to {LONGEST_TITLE}")
    if title and not title[-1].isalnum():
        yield Finding("title", f"it ends in '{title[-1]}'", "End it in a letter or a digit")
    for word in WORDS_OF_OTHERS:
        if re.search(rf"\b{re.escape(word)}\b", title, re.IGNORECASE):
            yield Finding("title", f"it says '{word}'", "Leave the word out: a title must not have it")


def description_has_the_right_length(package: Package) -> Iterator[Finding]:
    """A connector's description has 30 to 500 characters."""
    length = len(package.document["info"].get("description", ""))
    if length not in DESCRIPTION_LENGTHS:
        yield Finding("description", f"it has {length} characters", "Use 30 to 500")


def contact_is_complete(package: Package) -> Iterator[Finding]:
    """People who need help find a name, an https address and an e-mail address."""
    contact = package.document["info"].get("contact", {})
    forms = {"name": r"\S.*", "url": r"https://\S+", "email": r"[^@\s]+@[^@\s]+"}
    for name, form in forms.items():
        if not re.fullmatch(form, contact.get(name, "")):
            yield Finding(f"contact {name}", f"'{contact.get(name, '')}' is none", f"Give the {name} of who helps")


def metadata_is_complete(package: Package) -> Iterator[Finding]:
    """The metadata names a website, a privacy policy and one or two of the known categories."""
    metadata = {
        one["propertyName"]: one["propertyValue"] for one in package.document.get("x-ms-connector-metadata", ())
    }
    for name in ("Website", "Privacy policy", "Categories"):
        if not metadata.get(name):
            yield Finding("x-ms-connector-metadata", f"it has no {name}", f"Add an entry '{name}'")
    for name in ("Website", "Privacy policy"):
        if metadata.get(name) and not metadata[name].startswith("https://"):
            yield Finding(f"x-ms-connector-metadata {name}", f"'{metadata[name]}'", "Give an address with https://")
    categories = metadata.get("Categories", "").split(";") if metadata.get("Categories") else []
    if len(categories) > MOST_CATEGORIES:
        yield Finding("categories", f"there are {len(categories)}", f"Choose at most {MOST_CATEGORIES}")
    for unknown in sorted(set(categories) - CATEGORIES):
        yield Finding("categories", f"there is no '{unknown}'", f"Choose from: {', '.join(sorted(CATEGORIES))}")


def host_is_a_name_and_only_https(package: Package) -> Iterator[Finding]:
    """The host has no scheme and no path, the base path is "/" and nothing but https is offered."""
    host = package.document.get("host", "")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", host):
        yield Finding("host", f"'{host}' is no host name", "Write the name alone, without https:// and without a path")
    if (base := package.document.get("basePath")) != "/":
        yield Finding("basePath", f"it is '{base}'", 'Write "/" and whole paths, so that Location and paths agree')
    if (schemes := package.document.get("schemes")) != ["https"]:
        yield Finding("schemes", f"they are {schemes}", 'Write ["https"]')


def file_is_small(package: Package) -> Iterator[Finding]:
    """A definition has less than 1 MB."""
    size = len(package.definition_text.encode())
    if size >= LARGEST_DEFINITION:
        yield Finding(DEFINITION, f"it has {size:,} bytes", "Keep it below 1 MB")


def file_is_indented_by_four(package: Package) -> Iterator[Finding]:
    """Each level of the JSON is indented by 4 spaces."""
    depth = 0
    for number, line in enumerate(package.definition_text.splitlines(), 1):
        code = re.sub(r'"(?:\\.|[^"\\])*"', '""', line.strip())
        closing = len(code) - len(code.lstrip("]}"))
        if code and line[: len(line) - len(line.lstrip())] != " " * 4 * (depth - closing):
            place = f"{DEFINITION} line {number}"
            yield Finding(
                place, "it is not indented by 4 spaces for each level", "Lay the file out with an indent of 4"
            )
            return
        depth += sum(code.count(one) for one in "[{") - sum(code.count(one) for one in "]}")


def no_key_is_written_twice(package: Package) -> Iterator[Finding]:
    """A key that an object has twice would lose what it said first."""
    twice: list[str] = []

    def note(pairs: list[tuple[str, object]]) -> None:
        twice.extend(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)

    json.loads(package.definition_text, object_pairs_hook=note)
    for key in twice:
        yield Finding(DEFINITION, f"one object has '{key}' twice", "Keep one of them")


RULES: tuple[Rule, ...] = (
    title_is_short_and_our_own,
    description_has_the_right_length,
    contact_is_complete,
    metadata_is_complete,
    host_is_a_name_and_only_https,
    file_is_small,
    file_is_indented_by_four,
    no_key_is_written_twice,
)
