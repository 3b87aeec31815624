"""Can a connection be made with what apiProperties.json says, and does it keep no secret?"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from local.connector.definition import Json
from local.connector.deployment import NO_HOST, NO_ID
from local.connector.findings import Finding, Rule
from local.connector.package import DEFINITION, PROPERTIES, Package

COLOURS_OF_OTHERS = ("#ffffff", "#007ee5")
REDIRECT_HOSTS = ("global.consent.azure-apim.net", "global-test.consent.azure-apim.net")  # the other for certification
TENANT = {"sourceType": "AzureActiveDirectoryTenant"}
SECRET = re.compile(r"secret|password|apikey|api_key|accesskey|sharedkey", re.IGNORECASE)


def brand_colour_is_our_own(package: Package) -> Iterator[Finding]:
    """The brand colour is written #rrggbb and is neither white nor the platform's blue."""
    colour = inner(package).get("iconBrandColor", "")
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        yield Finding("iconBrandColor", f"'{colour}' is no colour", "Write it as #rrggbb")
    if colour.lower() in COLOURS_OF_OTHERS:
        yield Finding("iconBrandColor", f"{colour} is not ours to use", "Choose another colour")


def publisher_is_named(package: Package) -> Iterator[Finding]:
    """Who publishes the connector is named."""
    if not inner(package).get("publisher"):
        yield Finding("publisher", "it is empty", "Name who publishes the connector")


def people_sign_in_with_entra_id(package: Package) -> Iterator[Finding]:
    """A connection is made with Entra ID, by a redirect address of this connector alone, for a named API."""
    oauth = oauth_of(package)
    wanted = {"identityProvider": "aad", "redirectMode": "GlobalPerConnector"}
    for name, value in wanted.items():
        if oauth.get(name) != value:
            yield Finding(f"token {name}", f"it is '{oauth.get(name)}'", f"Write {value}")
    for name in ("resourceUri", "loginUri", "tenantId"):
        if not custom(oauth, name):
            yield Finding(f"token {name}", "it is empty", "Give it a value (a placeholder before the build)")
    if not oauth.get("clientId"):
        yield Finding("token clientId", "it is empty", "Give the id of the connector's app registration")


def signing_in_ends_at_the_platform(package: Package) -> Iterator[Finding]:
    """A redirect address that is given is the platform's: secrets of people pass there."""
    address = oauth_of(package).get("redirectUrl", "")
    place = urlsplit(address)
    if address and not (place.scheme == "https" and place.netloc in REDIRECT_HOSTS):
        yield Finding("token redirectUrl", f"it is '{address}'", f"Begin it with https://{REDIRECT_HOSTS[0]}/")


def the_api_is_named_once(package: Package) -> Iterator[Finding]:
    """Both places that name the API name the same one, by its URI or by the client id in it."""
    oauth = oauth_of(package)
    asked, named = custom(oauth, "resourceUri"), oauth.get("properties", {}).get("AzureActiveDirectoryResourceId")
    if asked and str(named) not in (asked, str(asked).removeprefix("api://")):
        wrong = f"resourceUri is {asked}, AzureActiveDirectoryResourceId {named}"
        yield Finding("token", wrong, "Write the API's Application ID URI in both")


def the_tenant_is_asked_for(package: Package) -> Iterator[Finding]:
    """A connection knows its tenant by the hidden parameter token:TenantId."""
    tenant = inner(package).get("connectionParameters", {}).get("token:TenantId", {})
    if tenant.get("metadata") != TENANT or tenant.get("type") != "string":
        yield Finding("token:TenantId", "it is not there or not in its form", f"Add a string with metadata {TENANT}")


def both_settings_of_on_behalf_of_agree(package: Package) -> Iterator[Finding]:
    """Login on behalf of the user is one thing with two settings, a boolean and a text."""
    oauth = oauth_of(package)
    supported = oauth.get("properties", {}).get("IsOnbehalfofLoginSupported")
    enabled = custom(oauth, "enableOnbehalfOfLogin")
    if (supported, enabled) not in ((True, "true"), (False, "false")):
        wrong = f"IsOnbehalfofLoginSupported is {supported!r}, enableOnbehalfOfLogin is {enabled!r}"
        yield Finding("token", wrong, 'Write true and "true", or false and "false"')


def booleans_of_the_form_are_texts(package: Package) -> Iterator[Finding]:
    """Truth is a text in these places: the constraints of a field, IsFirstParty and the custom parameters."""
    for where, part in everything(inner(package)):
        for name in ("required", "hidden", "IsFirstParty"):
            if isinstance(part.get(name), bool):
                yield Finding(where, f"{name} is {part[name]} without quotation marks", "Write it as a text")
    for name, value in oauth_of(package).get("customParameters", {}).items():
        if not isinstance(value.get("value"), str):
            yield Finding(f"token {name}", f"its value is {value.get('value')!r}", "Write it as a text")


def policies_name_operations_that_exist(package: Package) -> Iterator[Finding]:
    """A policy is for operations of this definition."""
    for policy in inner(package).get("policyTemplateInstances", ()):
        for name in policy.get("parameters", {}).get("x-ms-apimTemplate-operationName", ()):
            if name not in package.definition.by_id:
                where = f"policy '{policy.get('title') or policy.get('templateId')}'"
                yield Finding(where, f"there is no operation '{name}'", "Name operations that are there")


def no_file_has_a_secret(package: Package) -> Iterator[Finding]:
    """A secret is typed in after the import and is in no file."""
    for where, part in everything({"apiProperties": package.properties, "settings": package.settings}):
        for name, value in part.items():
            if SECRET.search(name) and isinstance(value, str) and value:
                yield Finding(f"{where}/{name}", "it has a value", "Take it out: who imports the connector types it in")


def what_is_built_has_no_placeholders(package: Package) -> Iterator[Finding]:
    """Only the source has the placeholders of host and ids; what was built of it has values."""
    if package.is_source:
        return
    if package.document.get("host") == NO_HOST:
        yield Finding("host", "it is the placeholder", "Build the connector with the host of your function app")
    for where, part in everything({DEFINITION: package.document, PROPERTIES: package.properties}):
        for name, value in part.items():
            if isinstance(value, str) and NO_ID in value:
                yield Finding(f"{where}/{name}", "it is a placeholder", "Build the connector with the ids of Entra ID")


def inner(package: Package) -> Json:
    """What the file says."""
    found: Json = package.properties.get("properties", {})
    return found


def oauth_of(package: Package) -> Json:
    """How people sign in."""
    found: Json = inner(package).get("connectionParameters", {}).get("token", {}).get("oAuthSettings", {})
    return found


def custom(oauth: Json, name: str) -> object:
    """The value of a custom parameter."""
    return oauth.get("customParameters", {}).get(name, {}).get("value")


def everything(part: object, where: str = "") -> Iterator[tuple[str, Mapping[str, object]]]:
    """Every object in it, with the way to it."""
    if isinstance(part, Mapping):
        yield where, part
        for name, value in part.items():
            yield from everything(value, f"{where}/{name}".lstrip("/"))
    elif isinstance(part, list):
        for number, value in enumerate(part):
            yield from everything(value, f"{where}/{number}")


RULES: tuple[Rule, ...] = (
    brand_colour_is_our_own,
    publisher_is_named,
    people_sign_in_with_entra_id,
    signing_in_ends_at_the_platform,
    the_api_is_named_once,
    the_tenant_is_asked_for,
    both_settings_of_on_behalf_of_agree,
    booleans_of_the_form_are_texts,
    policies_name_operations_that_exist,
    no_file_has_a_secret,
    what_is_built_has_no_placeholders,
)
