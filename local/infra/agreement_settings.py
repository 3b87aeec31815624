"""Does a deployment set what the app reads, nothing else, and only what the app takes?"""

import base64
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.infra.findings import Finding
from local.infra.gates_site import CONFIG
from local.infra.holding import Rule, about
from local.infra.holding import shown as shown_value
from local.infra.plans import Planned, Plans
from local.infra.scope import Unknown, known
from local.infra.setting_places import near, read_at, set_at, shown
from local.infra.settings_names import general, settings_read
from local.infra.stand_ins import HOST

# Read by the app, and not set by a deployment: why not.
NOT_SET: Mapping[str, str] = {
    "AzureWebJobsStorage": "holds a key: for one machine",
    "AzureWebJobsStorage__accountName": "the three addresses are set instead",
    "CALLBACK_ALLOW_LOOPBACK": "refused in Azure",
    "ENTRA_CLIENT_SECRET": "a secret: the managed identity proves the app",
    "ENTRA_CLIENT_CERTIFICATE": "a secret: the managed identity proves the app",
    "WEBSITE_SITE_NAME": "set by the platform",
    "WEBSITE_INSTANCE_ID": "set by the platform",
    "WEBSITE_HOSTNAME": "set by the platform",
    "IDENTITY_ENDPOINT": "set by the platform",
    "CALLBACK_ALLOWED_HOSTS": "its default fits; furtherSettings",
    "CUSTOMER_INSIGHTS_API_SCOPE": "its default fits; furtherSettings",
    "CUSTOMER_INSIGHTS_API_URL": "its default fits; furtherSettings",
    "ENTRA_AUTHORITY": "its default fits; furtherSettings",
    "FLOW_TOKEN_HOSTS": "its default fits; furtherSettings",
    "FLOW_TOKEN_SCOPE": "its default fits; furtherSettings",
    "PARTITION_HOSTS": "its default fits; furtherSettings",
}
# Set by a deployment, and read by others than the app: by whom.
READ_BY_OTHERS: Mapping[str, str] = {
    "AzureWebJobsStorage__credential": "the host: it reaches storage by identity",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "the host: it sends telemetry by identity",
    "WEBSITE_AUTH_AAD_ALLOWED_TENANTS": "Easy Auth: of which tenants it takes tokens",
}
# A default of the template is the same as that of the code, so that there is one.
SAME_DEFAULT = ("FAST_POLL_SECONDS", "DELIVERY_RATE_PER_SECOND", "SUSPENDED_DAYS", "PUBLIC_BASE_URL")
LIMITED = {
    "fastPollSeconds": "FAST_POLL_SECONDS",
    "deliveryRatePerSecond": "DELIVERY_RATE_PER_SECOND",
    "suspendedDays": "SUSPENDED_DAYS",
}
HERE = "local/infra/agreement_settings.py"
DEFAULTS = "main"  # the plan of a parameter file that gives nothing but defaults
PLATFORM = {"WEBSITE_SITE_NAME": "signals", "WEBSITE_HOSTNAME": HOST, "IDENTITY_ENDPOINT": "http://127.0.0.1:1/token"}
FERNET_KEY = base64.urlsafe_b64encode(bytes(32)).decode()
REFERENCE = re.compile(r"@Microsoft\.KeyVault\(SecretUri=.*/secrets/([^/)]+).*\)")


def settings_are_those_that_are_read(plans: Plans) -> Iterator[Finding]:
    """Does a deployment set every setting that the app reads, and no other? Exceptions have a reason."""
    listed = [one for plan in plans.known for one in _settings(plans, plan.name)]
    given = {general(name) for one in listed for name in variables_of(one)}
    read = set().union(*(settings_read(variables_of(one)) for one in listed)) | settings_read({})
    unset, unread = read - given - NOT_SET.keys(), given - read - READ_BY_OTHERS.keys()
    for name in sorted(unset):
        like = near(name, unread)
        meant = (
            f": {shown(set_at(plans, like))} sets {like}, which nobody reads" if like else f", or say why not in {HERE}"
        )
        yield Finding(*read_at(name), f"{name} is read here, and no deployment sets it", f"Set it{meant}")
    for name in sorted(unread):
        like = near(name, read - given)
        meant = f": {shown(read_at(like))} reads {like}" if like else f", or say in {HERE} who reads it"
        wrong = f"{name} is set here, and nothing in shared/ reads it"
        yield Finding(*set_at(plans, name), wrong, f"{'Rename it' if like else 'Leave it out'}{meant}")
    needless = (NOT_SET.keys() - (read - given)) | (READ_BY_OTHERS.keys() - (given - read))
    for name in sorted(needless):
        yield Finding(Path(__file__), 1, f"{name} needs no exception any more", f"Remove it from {HERE}")


def settings_are_texts(plans: Plans) -> Iterator[Finding]:
    """Is the value of each setting a text? Azure takes no number, no true and no false there."""
    for plan in plans.known:
        for one in _settings(plans, plan.name):
            settings = one.at("properties")
            for name, value in settings.items() if isinstance(settings, dict) else ():
                if not isinstance(value, str | Unknown):
                    wrong = f"{name} is {shown_value(value)}, and each setting is a text"
                    advice = f"Write it as one: '{value}', or string(...)"
                    yield Finding(*set_at(plans, str(name), plan), wrong, advice, plans=(plan.name,))


def settings_are_accepted(plans: Plans) -> Iterator[Finding]:
    """Does the app start with the settings of each plan, once the vault's secrets are in their place?"""
    for plan in plans.known:
        for one in _settings(plans, plan.name):
            if not known(one.at("properties")):
                found = about(one, "properties", "what the settings are cannot be known", "Look at them")
                yield found._replace(plans=(plan.name,))
                continue
            problem = problem_of(with_secrets(variables_of(one)))
            if problem:
                found = about(one, "properties", f"the app refuses them: {problem.rstrip('.')}", "Set it right")
                yield found._replace(plans=(plan.name,))


def unresolved_secrets_are_refused(plans: Plans) -> Iterator[Finding]:
    """Does the app refuse to start while a Key Vault reference is not resolved, instead of calling with it as a key?"""
    for plan in plans.known:
        for one in _settings(plans, plan.name):
            for name, value in variables_of(one).items():
                spoiled = with_secrets(variables_of(one)) | {name: value}
                if value.startswith("@Microsoft.KeyVault(") and not problem_of(spoiled):
                    yield about(
                        one, "properties", f"the app takes {name} unresolved", "Refuse it in shared/settings.py"
                    )


def defaults_are_those_of_the_code(plans: Plans) -> Iterator[Finding]:
    """Is a default the same in template and code, also where a setting is empty?"""
    from shared.settings import read_settings

    for one in _settings(plans, DEFAULTS):
        variables = with_secrets(variables_of(one))
        if problem_of(variables):
            return  # of that the check above speaks
        for name in SAME_DEFAULT:
            without = {key: value for key, value in variables.items() if key != name}
            if name not in variables:
                yield about(one, "properties", f"{name} is not set", "Set it: operators look for it")
            elif read_settings(variables) != read_settings(without):
                wrong = f"{name} is {variables[name]} by default, and something else in the code"
                yield about(one, "properties", wrong, "Give both the same default")


def limits_are_those_of_the_code(plans: Plans) -> Iterator[Finding]:
    """Does the code take the least and the greatest value that a parameter may have, and nothing greater?"""
    for one in _settings(plans, DEFAULTS):
        variables = with_secrets(variables_of(one))
        if problem_of(variables):
            return
        for parameter, name in LIMITED.items():
            if name not in settings_read({}):
                continue  # of that the first check speaks
            found = plans.main.parameters[parameter]
            least, greatest = (found.decorators.number(limit) for limit in ("minValue", "maxValue"))
            if least is None or greatest is None:
                yield Finding(plans.main.path, found.line, f"{parameter} has no limits", "Add @minValue and @maxValue")
                continue
            takes = [not problem_of(variables | {name: str(value)}) for value in (least, greatest, greatest + 1)]
            if takes != [True, True, False]:
                wrong = f"{parameter} is limited to {least}..{greatest}, and the code is not"
                yield Finding(plans.main.path, found.line, wrong, f"Take the limits of {name} in shared/settings.py")


def variables_of(one: Planned) -> dict[str, str]:
    """The settings as the app finds them in its environment."""
    settings = one.at("properties")
    named = settings if isinstance(settings, dict) else {}
    return {str(name): value if isinstance(value, str) else "" for name, value in named.items()}


def with_secrets(variables: Mapping[str, str]) -> dict[str, str]:
    """With what the platform adds, and secrets for the references to them."""

    def resolved(value: str) -> str:
        found = REFERENCE.fullmatch(value)
        return value if not found else FERNET_KEY if found[1].startswith("callback") else "a-subscription-key"

    return {**PLATFORM, **{name: resolved(value) for name, value in variables.items()}}


def problem_of(variables: Mapping[str, str]) -> str:
    """What the app says of its settings; nothing when it starts."""
    from shared.errors import SettingsInvalid
    from shared.settings import read_settings

    try:
        read_settings(variables)
    except SettingsInvalid as error:
        return str(error)
    return ""


def _settings(plans: Plans, name: str) -> list[Planned]:
    return [one for plan in plans.known if plan.name == name for one in plan.of(CONFIG) if one.name == "appsettings"]


RULES: tuple[Rule, ...] = (
    settings_are_those_that_are_read,
    settings_are_texts,
    settings_are_accepted,
    unresolved_secrets_are_refused,
    defaults_are_those_of_the_code,
    limits_are_those_of_the_code,
)
