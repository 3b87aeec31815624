"""Which form has what people fill into a parameter file: ids, regions, addresses, days?"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from local.infra.model import ParameterFile
from local.infra.plans import values_of

_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_AN_ID = "an id of 8-4-4-4-12 hexadecimal digits"
INSIDE = " values"


class Form(NamedTuple):
    """What fits, and what it is in words."""

    pattern: str
    wanted: str

    def fits(self, text: str) -> bool:
        """Whether a text has this form."""
        return re.fullmatch(self.pattern, text, re.IGNORECASE | re.ASCII) is not None


# By parameter; the texts of an array one by one, of an object its keys, and its values as `name values`.
FORMS: Mapping[str, Form] = {
    "environmentIds": Form(_GUID, _AN_ID),
    "entraTenantIds": Form(_GUID, _AN_ID),
    "callingApps": Form(rf"{_GUID}|\*", f"{_AN_ID}, or '*'"),
    "entraClientId": Form(rf"(?:{_GUID})?", _AN_ID),
    "connectorClientId": Form(rf"(?:{_GUID})?", _AN_ID),
    "entraAppIdUri": Form(r"(?:(?:api|https)://[^\s'?#]+)?", "a URI, such as api://<client id>"),
    "applicationEnvironments": Form(r"[0-9a-f]{32}", "a client id without its dashes: 32 hexadecimal digits"),
    f"applicationEnvironments{INSIDE}": Form(rf"\*|{_GUID}(?:,\s*{_GUID})*", "ids with commas between them, or '*'"),
    "location": Form(r"(?-i:[a-z0-9]+)", "the name of a region: lower case letters and digits, such as 'westeurope'"),
    "budgetStart": Form(r"(?:\d{4}-(?:0[1-9]|1[0-2])-01)?", "the first of a month, such as '2026-11-01'"),
    "alertEmails": Form(r"[^\s@'=;]+@[\w-]+(?:\.[\w-]+)+", "a mail address"),
}


def given_texts(file: ParameterFile) -> Iterator[tuple[str, str, str]]:
    """The texts that a parameter file gives for these: the parameter, the name of the form, the text."""
    for name, value in values_of(file).items():
        yield from ((name, form, text) for form, text in _texts(name, value) if form in FORMS)


def _texts(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, list):
        yield from ((name, one) for one in value if isinstance(one, str))
    elif isinstance(value, dict):
        yield from ((name, one) for one in value if isinstance(one, str))
        yield from ((f"{name}{INSIDE}", one) for one in value.values() if isinstance(one, str))
