"""Is the function app reached over TLS only, without a password, and not without a token?"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

from local.infra.beside import repository_of
from local.infra.findings import Finding
from local.infra.holding import Must, Right, Rule, about, each, exactly, held, shown
from local.infra.plans import Plan, Planned, Plans

SITE = "Microsoft.Web/sites"
CONFIG = f"{SITE}/config"
PLAN = "Microsoft.Web/serverfarms"
PASSWORDS = f"{SITE}/basicPublishingCredentialsPolicies"
STORAGE_LOGIN = "properties.functionAppConfig.deployment.storage.authentication"
AZURE_AD = "properties.identityProviders.azureActiveDirectory"
# Flex Consumption takes these from functionAppConfig, or has no use for them, and refuses to start.
REFUSED = (
    *("FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_WORKER_RUNTIME_VERSION"),
    *("WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", "WEBSITE_CONTENTSHARE"),
    *("SCM_DO_BUILD_DURING_DEPLOYMENT", "ENABLE_ORYX_BUILD", "WEBSITE_TIME_ZONE", "WEBSITE_NODE_DEFAULT_VERSION"),
)
TLS = ("1.2", "1.3")


def the_site_takes_only_tls(plans: Plans) -> Iterator[Finding]:
    """Does the app take nothing but HTTPS with TLS 1.2 or newer, also where it is deployed?"""
    return each(
        plans.every,
        [
            Must(SITE, "properties.httpsOnly", exactly(True), "true"),
            Must(SITE, "properties.siteConfig.minTlsVersion", exactly(*TLS), "'1.2' or '1.3'"),
            Must(SITE, "properties.siteConfig.scmMinTlsVersion", exactly(*TLS), "'1.2' or '1.3'"),
        ],
    )


def the_site_has_no_side_doors(plans: Plans) -> Iterator[Finding]:
    """Are FTP and remote debugging off (Flex Consumption has neither), and may no page of any origin call?"""
    return each(
        plans.every,
        [
            Must(PLAN, "sku.name", exactly("FC1"), "'FC1': other plans have more doors, which are not checked here"),
            Must(SITE, "properties.siteConfig.ftpsState", exactly(None, "Disabled"), "left out or 'Disabled'"),
            Must(SITE, "properties.siteConfig.remoteDebuggingEnabled", exactly(None, False), "left out or false"),
            Must(SITE, "properties.siteConfig.cors", _no_origin_is_any, "left out, or without '*'"),
        ],
    )


def _no_origin_is_any(cors: object) -> bool:
    origins = cors.get("allowedOrigins", []) if isinstance(cors, dict) else []
    return isinstance(origins, list) and not any("*" in str(one) for one in origins)


def nobody_deploys_with_a_password(plans: Plans) -> Iterator[Finding]:
    """Are the publishing passwords of FTP and of deployment off?"""
    for plan in plans.every:
        for name in ("ftp", "scm"):
            found = [one for one in plan.of(PASSWORDS) if one.name == name and one.at("parent.type") == SITE]
            if not found:
                wrong = f"{name} has no basicPublishingCredentialsPolicies"
                yield Finding(file_of(plan), 1, wrong, "Add it with allow: false", plans=(plan.name,))
    yield from each(plans.every, [Must(PASSWORDS, "properties.allow", exactly(False), "false")])


def the_site_is_an_identity(plans: Plans) -> Iterator[Finding]:
    """Is the app the user-assigned identity everywhere: to fetch its code, and to read secrets?"""
    connection = f"{STORAGE_LOGIN}.storageAccountConnectionStringName"
    return each(
        plans.every,
        [
            Must(SITE, "identity.type", exactly("UserAssigned"), "'UserAssigned'"),
            Must(SITE, "identity.userAssignedIdentities", _is_one, "the one identity"),
            Must(SITE, "properties.keyVaultReferenceIdentity", _is_an_identity, "the identity"),
            Must(SITE, f"{STORAGE_LOGIN}.type", exactly("UserAssignedIdentity"), "'UserAssignedIdentity'"),
            Must(SITE, f"{STORAGE_LOGIN}.userAssignedIdentityResourceId", _is_an_identity, "the identity"),
            Must(SITE, connection, exactly(None), "left out"),
        ],
    )


def _is_an_identity(value: object) -> bool:
    return isinstance(value, str) and "/Microsoft.ManagedIdentity/userAssignedIdentities/" in value


def _is_one(value: object) -> bool:
    return isinstance(value, dict) and len(value) == 1 and all(map(_is_an_identity, value))


def no_setting_is_refused_by_the_plan(plans: Plans) -> Iterator[Finding]:
    """Is there no app setting that Flex Consumption refuses, in either place where settings can stand?"""
    for plan in plans.every:
        for one in plan.of(CONFIG):
            if one.name == "appsettings":
                yield from _refused(one, one.at("properties"))
        yield from each(
            [plan],
            [
                Must(SITE, f"properties.siteConfig.{name}", exactly(None), "left out: settings stand in one place")
                for name in ("appSettings", "connectionStrings", "linuxFxVersion", "appCommandLine")
            ],
        )


def _refused(one: Planned, settings: object) -> Iterator[Finding]:
    if not isinstance(settings, dict) or not all(isinstance(name, str) for name in settings):
        yield about(one, "properties", "the names of the settings are not known", "Write them out")
        return
    for name in sorted(settings.keys() & set(REFUSED)):
        yield about(one, "properties", f"{name} is set", "Flex Consumption refuses it: leave it out")


def a_wall_asks_for_tokens(plans: Plans) -> Iterator[Finding]:
    """Does Easy Auth answer 401 to what has no token of ours, and is nothing open but what the app has open?"""
    open_paths = sorted(paths_open_to_everybody(repository_of(plans.project)))

    def is_open(value: object) -> bool:
        return isinstance(value, list) and sorted(map(str, value)) == open_paths

    musts: list[tuple[str, Right, str]] = [
        ("properties.platform.enabled", exactly(True), "true"),
        ("properties.globalValidation.requireAuthentication", exactly(True), "true"),
        ("properties.globalValidation.unauthenticatedClientAction", exactly("Return401"), "'Return401'"),
        ("properties.globalValidation.excludedPaths", is_open, f"{open_paths}, as in functions/access.py"),
        ("properties.httpSettings.requireHttps", exactly(True), "true"),
        (f"{AZURE_AD}.enabled", exactly(True), "true"),
        ("properties.login.tokenStore.enabled", exactly(False), "false: the wall keeps no token"),
    ]
    for plan in plans.every:
        walls = [one for one in plan.of(CONFIG) if one.name == "authsettingsV2"]
        if not walls:
            yield Finding(file_of(plan), 1, "there is no wall", "Add authsettingsV2", plans=(plan.name,))
        for wall in walls:
            for path, right, wanted in musts:
                yield from held(wall, Must(CONFIG, path, right, wanted))
            yield from _only_our_tokens(wall)


def _only_our_tokens(wall: Planned) -> Iterator[Finding]:
    audiences = wall.at(f"{AZURE_AD}.validation.allowedAudiences")
    if not isinstance(audiences, list) or not audiences:
        path = f"{AZURE_AD}.validation.allowedAudiences"
        yield about(wall, path, f"allowedAudiences is {shown(audiences)}", "Name those of the API's registration")
    providers = wall.at("properties.identityProviders")
    others = sorted(providers.keys() - {"azureActiveDirectory"}) if isinstance(providers, dict) else []
    if others:
        yield about(wall, "properties.identityProviders", f"it takes {', '.join(others)}", "Take Entra ID only")
    for name in ("clientSecretSettingName", "clientSecretCertificateThumbprint"):
        if wall.at(f"{AZURE_AD}.registration.{name}") is not None:
            yield about(wall, f"{AZURE_AD}.registration", f"{name} is set", "Nobody signs in here: leave it out")


def file_of(plan: Plan) -> Path:
    """Where the site is written."""
    return next((one.path for one in plan.of(SITE)), plan.path)


def paths_open_to_everybody(root: Path) -> set[str]:
    """The paths of the routes that functions/access.py lets everybody into."""
    from functions.access import OPEN

    prefix = json.loads((root / "host.json").read_text(encoding="utf-8"))["extensions"]["http"]["routePrefix"]
    found = set()
    for file in (root / "functions").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
            if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and node.name in OPEN:
                found |= {f"/{prefix}/{route}" for route in _routes(node)}
    return found


def _routes(function: ast.AsyncFunctionDef | ast.FunctionDef) -> Iterator[str]:
    for decorator in function.decorator_list:
        for keyword in decorator.keywords if isinstance(decorator, ast.Call) else []:
            if keyword.arg == "route" and isinstance(keyword.value, ast.Constant):
                yield str(keyword.value.value)


RULES: tuple[Rule, ...] = (
    the_site_takes_only_tls,
    the_site_has_no_side_doors,
    nobody_deploys_with_a_password,
    the_site_is_an_identity,
    no_setting_is_refused_by_the_plan,
    a_wall_asks_for_tokens,
)
