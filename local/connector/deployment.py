"""Which deployment is a connector built for? Its host and ids, from options or from the outputs of a deployment."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError

NO_ID = "00000000-0000-0000-0000-000000000000"
NO_HOST = "your-app.azurewebsites.net"
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])", re.IGNORECASE)
SCOPE = re.compile(
    r"((?:\w+://)?[^/]+(?:/[^/]+)*)/(\.default|user_impersonation|\w+\.(?:Read|Write|Manage)[\w.]*)", re.IGNORECASE
)
RESOURCE = re.compile(r"(api|https)://[\w.~-]+(/[\w.~-]+)*", re.ASCII)
ADDRESS = re.compile(r"\w+://|[/?#:]")
LINE = re.compile(r"""\s*(?:export\s+)?(\w+)=(?:"((?:\\.|[^"\\])*)"|'([^']*)'|([^\s"']*))\s*(?:\s#.*)?""")
ANY_TENANT = "common"
CONNECTORS_OWN = "give the client id of the connector's own registration"
BYTE_ORDER = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the app answers, and who is who in Entra ID."""

    host: str
    client_id: str
    resource_uri: str
    tenant_id: str


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its option, its name among a deployment's outputs, and what is wrong with a text for it."""

    option: str
    output: str
    problem: Callable[[str], str]


def host_problem(text: str) -> str:
    """A host is a name in the public DNS and nothing else."""
    if text.casefold() == NO_HOST:
        return "is still the placeholder: give the host of your function app"
    if HOST.fullmatch(text):
        return ""
    bare = re.split(r"[/?#:]", re.sub(r"^\w+://", "", text), maxsplit=1)[0]
    if ADDRESS.search(text) and HOST.fullmatch(bare):
        return f"'{text}' is more than a host: write {bare}"
    return f"'{text}' is no host: write the name only, such as my-signals.azurewebsites.net"


def id_problem(text: str) -> str:
    """An id of Entra ID is a GUID that is not the placeholder."""
    if text == NO_ID:
        return "is still the placeholder of zeros: give the id from Entra ID"
    return "" if GUID.fullmatch(text) else f"'{text}' is no GUID, such as 1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b"


def tenant_problem(text: str) -> str:
    """A tenant is named by its id; `common` is for registrations that people of any tenant use."""
    return "" if text == ANY_TENANT else id_problem(text)


def resource_problem(text: str) -> str:
    """The API's Application ID URI, or its client id."""
    if NO_ID in text:
        return "is still the placeholder of zeros: give the Application ID URI of the API's registration"
    if scope := SCOPE.fullmatch(text):
        return f"'{text}' ends in the scope {scope[2]}: write {scope[1]}"
    if GUID.fullmatch(text) or RESOURCE.fullmatch(text):
        return ""
    return f"'{text}' is no Application ID URI: write api://..., https://... or the API's client id"


VALUES: Mapping[str, Value] = {
    "host": Value("--host", "SIGNALS_HOST", host_problem),
    "client_id": Value("--client-id", "CONNECTOR_CLIENT_ID", id_problem),
    "resource_uri": Value("--resource-uri", "ENTRA_APP_ID_URI", resource_problem),
    "tenant_id": Value("--tenant-id", "ENTRA_TENANT_ID", tenant_problem),
}


def read_outputs(file: Path) -> dict[str, str]:
    """The outputs in a file, as `azd env get-values` prints them; lines that are none are passed over."""
    try:
        content = file.read_bytes()
        # Windows PowerShell writes UTF-16 when the output of a command is sent to a file.
        text = content.decode(BYTE_ORDER.get(content[:2], "utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise LocalError(f"--from: {file} cannot be read: {error}") from None
    found = [match for line in text.splitlines() if (match := LINE.fullmatch(line))]
    return {match[1]: unescaped(match[2]) if match[2] is not None else match[3] or match[4] or "" for match in found}


def unescaped(text: str) -> str:
    """What a text between double quotes stands for."""
    return re.sub(r"\\(.)", r"\1", text)


def deployment_of(options: Mapping[str, str | None], outputs: Mapping[str, str] | None = None) -> Deployment:
    """The deployment that options and outputs name; options count first. Raises LocalError with everything wrong."""
    found, sources, problems, there = {}, {}, [], outputs or {}
    for name, value in VALUES.items():
        given, output = options.get(name), there.get(value.output, "").strip()
        text = output if given is None else given.strip()
        found[name] = text
        sources[name] = f"{value.output} in --from" if given is None and output else value.option
        problem = value.problem(text) if text else f"is missing (in --from: {value.output})"
        problems += [f"{sources[name]}: {problem}"] if problem else []
    if not problems and found["client_id"].casefold() in found["resource_uri"].casefold():
        problems.append(f"{sources['client_id']}: is the id in {sources['resource_uri']}, the API's: {CONNECTORS_OWN}")
    if problems and outputs is not None:
        problems.append(f"--from has {', '.join(sorted(outputs)) or 'no line NAME=value'}")
    if problems:
        raise LocalError("\n".join(problems))
    return Deployment(found["host"].lower(), found["client_id"], found["resource_uri"], found["tenant_id"])
