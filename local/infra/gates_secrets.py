"""Is there no secret in the templates, the settings or the outputs of a deployment?"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.infra.expressions import Call, Expression, Member, Name
from local.infra.findings import Finding
from local.infra.gates_access import SECRET, telemetry_is_taken_by_identity_only
from local.infra.gates_site import CONFIG
from local.infra.given_forms import FORMS, given_texts
from local.infra.holding import Rule, about
from local.infra.known_roles import ROLES
from local.infra.model import BicepFile, ParameterFile
from local.infra.plans import Plan, Planned, Plans
from local.infra.walk import all_of

GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Of a connection string, an address, a certificate or a token.
PARTS = re.compile(
    r"(accountkey|sharedaccess\w*|password|pwd|clientsecret|sig|code)=[^\s;]|defaultendpointsprotocol|-----begin|\beyj\w{10}",
    re.IGNORECASE | re.ASCII,
)
# Long, with digits and letters of both sizes: what a generator of keys gives.
RANDOM = re.compile(
    r"(?<![\w/+=.-])(?=[\w+/-]*[0-9])(?=[\w+/-]*[A-Z])(?=[\w+/-]*[a-z])[\w+/-]{32,}={0,2}(?![\w/+.-])", re.ASCII
)
BICEP = (".bicep", ".bicepparam")
REFERENCE = re.compile(r"@Microsoft\.KeyVault\(SecretUri=https://[\w.-]+/secrets/[\w-]+(/[0-9a-f]+)?\)", re.ASCII)
SECRET_SETTING = re.compile(
    r"(CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY(__\w+)?|CALLBACK_ENCRYPTION_KEYS(_PREVIOUS)?|ENTRA_CLIENT_(SECRET|CERTIFICATE))"
)
OLDER = "CALLBACK_ENCRYPTION_KEYS_PREVIOUS"  # names an older version: that is what it is for
INSIGHTS_STRING = "APPLICATIONINSIGHTS_CONNECTION_STRING"
KEY_PROPERTIES = ("connectionstring", "instrumentationkey", "primarykey", "secondarykey", "primarysharedkey", "keys")
SECRET_NAME = re.compile(r"secret|password|token|connection_?string|(?<!public_)keys?(_|$)", re.IGNORECASE)
NO_SECRETS: Mapping[str, str] = {
    "SECRET_NAMES": "names of secrets, for scripts/vault.py",
    "secretNames": "the same, on its way",
    "KEY_VAULT_NAME": "the vault's name",
    "previousCallbackKeysUri": "where a secret stands",
    "subscriptionKeyPerEnvironment": "yes or no",
}
# Ids that every tenant knows, and what they are of.
PUBLIC_IDS: Mapping[str, str] = {
    "0bfc4568-a4ba-4c58-bd3e-5d3e76bd7fff": "Dynamics 365 AI for Customer Insights",
    "e406a681-f3d4-42a8-90b6-c2b029497af1": "Azure Storage",
    "fe053c5f-3692-4f14-aef2-ee34fc081cae": "Azure API Connections",
    **{id_: role.name for id_, role in ROLES.items()},
}


def no_keys_are_asked_for(plans: Plans) -> Iterator[Finding]:
    """Does no template call listKeys and its like, or getSecret?"""
    for file, one in _everything(plans):
        if isinstance(one, Call) and (re.match(r"list[A-Z]|list$|getSecret$", one.name)):
            wrong = f"{one.name}() brings a secret into the deployment"
            yield Finding(file.path, one.line, wrong, "Give the identity a role instead")


def no_secret_is_written_out(plans: Plans) -> Iterator[Finding]:
    """Is there no key, token, connection string, or id that nobody knows in any file, comments and all?"""
    filled_in = {one.path: _no_secrets(one) for one in plans.project.parameter_files}
    for path in sorted(one for one in plans.project.root.rglob("*") if one.suffix in (*BICEP, ".json")):
        for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for given in filled_in.get(path, ()):
                text = given.sub("", text)
            if looks_secret(text):
                yield Finding(path, line, "a text looks like a secret", "Put it into the vault")
            if path.suffix in BICEP:
                yield from _unknown_ids(path, line, text)


def _no_secrets(file: ParameterFile) -> tuple[re.Pattern[str], ...]:
    """What people fill in: ids and addresses that are what the parameter is for."""
    texts = [text for _, form, text in given_texts(file) if text and FORMS[form].fits(text)]
    return tuple(re.compile(rf"(?<![\w-]){re.escape(text)}(?![\w-])") for text in texts)


def _unknown_ids(path: Path, line: int, text: str) -> Iterator[Finding]:
    for found in GUID.findall(text):
        if found.lower() not in PUBLIC_IDS:
            advice = (
                "Make it a parameter; if everybody may know it, name it in PUBLIC_IDS of local/infra/gates_secrets.py"
            )
            yield Finding(path, line, f"nobody knows what {found} is the id of", advice)


def looks_secret(text: str) -> bool:
    """Whether a text has the look of a key, a token or a connection string."""
    return bool(PARTS.search(text) or RANDOM.search(GUID.sub("", text)))


def no_key_of_a_resource_is_read(plans: Plans) -> Iterator[Finding]:
    """Is no key or connection string of a resource read, but that of Application Insights while it takes no key?"""
    keyless = not list(telemetry_is_taken_by_identity_only(plans))
    for file, one in _everything(plans):
        if not isinstance(one, Member) or one.name.lower() not in KEY_PROPERTIES:
            continue
        if not (_is_of_insights(file, one) and one.name == "ConnectionString" and keyless):
            yield Finding(file.path, one.line, f"{one.name} of a resource is read", "Use the identity")


def _is_of_insights(file: BicepFile, one: Member) -> bool:
    inside = one.of.of if isinstance(one.of, Member) else None
    resource = file.resources.get(inside.id) if isinstance(inside, Name) else None
    return resource is not None and resource.kind == "Microsoft.Insights/components"


def secret_settings_are_references(plans: Plans) -> Iterator[Finding]:
    """Is each secret setting a Key Vault reference, and to the newest version, so that a new one is taken up?"""
    for one in _settings(plans):
        for name, value in _items(one):
            found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
            if not SECRET_SETTING.fullmatch(name):
                continue
            if not found and not (name == OLDER and _asked_for(value)):
                yield about(one, "properties", f"{name} is no Key Vault reference", "Refer to a secret of the vault")
            elif found and found[1] and name != OLDER:
                yield about(one, "properties", f"{name} names a version", "Leave the version out")


def _asked_for(value: object) -> bool:
    """Whether it cannot be known because an operator says which version it is."""
    return not isinstance(value, str)


def other_settings_hold_no_secret(plans: Plans) -> Iterator[Finding]:
    """Does no other setting look like a secret? (Application Insights' string is one while it takes keys.)"""
    keyless = not list(telemetry_is_taken_by_identity_only(plans))
    for plan, one in ((each, one) for each in plans.every for one in _settings_of(each)):
        for name, value in _items(one):
            allowed = keyless and name == INSIGHTS_STRING
            text = value.replace(_called(plan), "") if isinstance(value, str) else ""
            secret = looks_secret(text) or "InstrumentationKey" in text
            if secret and not allowed and not SECRET_SETTING.fullmatch(name):
                yield about(one, "properties", f"{name} looks like a secret", "Refer to a secret of the vault")


def _called(plan: Plan) -> str:
    """The name of the environment, which other names are made of."""
    name = plan.given.get("environmentName")
    return name if isinstance(name, str) else ""


def outputs_hold_no_secret(plans: Plans) -> Iterator[Finding]:
    """Does no output have the name, the look or the source of a secret?"""
    for file in plans.project.files:
        secure = {one.name for one in file.parameters.values() if one.secure}
        for output in file.outputs.values():
            used = {one.id for one, _ in all_of(output) if isinstance(one, Name)}
            if secure & used:
                wrong = f"output {output.name} shows {', '.join(sorted(secure & used))}"
                yield Finding(file.path, output.line, wrong, "Anybody who reads deployments sees outputs: leave it out")
            if SECRET_NAME.search(output.name) and output.name not in NO_SECRETS:
                advice = "Rename it, or say in NO_SECRETS of local/infra/gates_secrets.py why it is none"
                yield Finding(file.path, output.line, f"output {output.name} has the name of a secret", advice)


def no_secret_passes_through(plans: Plans) -> Iterator[Finding]:
    """Does no parameter bring a secret, and does no template write one? (scripts/vault.py puts them into the vault.)"""
    for file in plans.project.files:
        for one in file.parameters.values():
            if one.secure or (SECRET_NAME.search(_snake(one.name)) and one.name not in NO_SECRETS):
                wrong = f"parameter {one.name} brings a secret"
                yield Finding(file.path, one.line, wrong, "Let scripts/vault.py put it into the vault")
        for resource in file.all_resources:
            if resource.kind == SECRET:
                wrong = f"{resource.name} writes a secret"
                yield Finding(file.path, resource.line, wrong, "Let scripts/vault.py put it into the vault")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)


def _everything(plans: Plans) -> Iterator[tuple[BicepFile, Expression]]:
    for file in plans.project.files:
        for declaration in file.declarations:
            yield from ((file, one) for one, _ in all_of(declaration))


def _settings(plans: Plans) -> Iterator[Planned]:
    for plan in plans.every:
        yield from _settings_of(plan)


def _settings_of(plan: Plan) -> Iterator[Planned]:
    return (one for one in plan.of(CONFIG) if one.name == "appsettings")


def _items(one: Planned) -> Iterator[tuple[str, object]]:
    settings = one.at("properties")
    yield from ((str(name), value) for name, value in (settings.items() if isinstance(settings, dict) else []))


RULES: tuple[Rule, ...] = (
    no_keys_are_asked_for,
    no_secret_is_written_out,
    no_key_of_a_resource_is_read,
    secret_settings_are_references,
    other_settings_hold_no_secret,
    outputs_hold_no_secret,
    no_secret_passes_through,
)
