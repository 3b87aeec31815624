"""Are the registrations those that the app checks tokens against, and does the wall let in whom the app lets in?"""

import re
from collections.abc import Iterator

from local.infra.agreement_settings import variables_of
from local.infra.beside import repository_of, text_of
from local.infra.findings import Finding
from local.infra.gates_secrets import PUBLIC_IDS
from local.infra.gates_site import AZURE_AD, CONFIG
from local.infra.holding import Rule, about, shown
from local.infra.plans import Plan, Planned, Plans
from local.infra.stand_ins import APP_ROLE, IMPERSONATION, PRINCIPAL, REGISTRATIONS, TENANT, USER_SCOPE

CREDENTIAL = f"{REGISTRATIONS}/federatedIdentityCredentials"
PAGE = "docs/connector.md"
TRUSTED = re.compile(r"client application, `([0-9a-f-]{36})`")
ALL_SCOPES = "delegatedPermissionIds"
SCOPE_OF_USERS = {"type": "Scope", "id": USER_SCOPE}


def scopes_are_those_of_the_code(plans: Plans) -> Iterator[Finding]:
    """Has the API's registration the scopes that tokens of users are asked for, all switched on?"""
    from shared.domain.access import SCOPES

    for one in _apis(plans):
        scopes = _list(one.at("api.oauth2PermissionScopes"))
        yield from _same(one, "api", "scopes", {str(scope.get("value")) for scope in scopes}, set(map(str, SCOPES)))
        for scope in scopes:
            if scope.get("isEnabled") is not True or scope.get("type") != "User":
                yield about(one, "api", f"the scope {scope.get('value')} is not on for users", "isEnabled, type 'User'")


def roles_are_those_of_the_code(plans: Plans) -> Iterator[Finding]:
    """Has it the app roles of applications, and one for people too: that of administrators?"""
    from shared.domain.access import Permission

    for one in _apis(plans):
        roles = {str(role.get("value")): role for role in _list(one.at("appRoles"))}
        yield from _same(one, "appRoles", "app roles", set(roles), set(map(str, Permission)))
        for name, role in roles.items():
            members = ["User", "Application"] if name == Permission.ADMIN else ["Application"]
            if role.get("allowedMemberTypes") != members or role.get("isEnabled") is not True:
                yield about(one, "appRoles", f"the role {name} is not on for {members}", "Say so (docs/access.md)")


def tokens_are_as_the_app_reads_them(plans: Plans) -> Iterator[Finding]:
    """Are tokens of version 2, with idtyp in them, and is the app proved by its managed identity alone?"""
    for one in _apis(plans):
        if one.at("api.requestedAccessTokenVersion") != 2:
            yield about(one, "api", "requestedAccessTokenVersion is not 2", "Set it (docs/access.md)")
        claims = one.at("optionalClaims.accessToken")
        if {"name": "idtyp"} not in _list(claims):
            yield about(one, "optionalClaims", "the claim idtyp is missing", "Add it (docs/access.md)")
    for plan in plans.known:
        for one in plan.of(REGISTRATIONS):
            if one.at("passwordCredentials") or one.at("keyCredentials"):
                yield about(one, "passwordCredentials", "it has a secret", "Leave it out")
        proofs = plan.of(CREDENTIAL)
        if plan.of(REGISTRATIONS) and not any(_is_proof(one) for one in proofs):
            advice = "Let the managed identity of this tenant prove the API, as docs/access.md says"
            yield Finding(plan.path, 1, "the identity does not prove the API", advice, plans=(plan.name,))


def _is_proof(one: Planned) -> bool:
    return (
        one.at("subject") == PRINCIPAL
        and one.at("issuer") == f"https://login.microsoftonline.com/{TENANT}/v2.0"
        and one.at("audiences") == ["api://AzureADTokenExchange"]
    )


def trusted_apps_are_those_of_the_page(plans: Plans) -> Iterator[Finding]:
    """Are the apps that people need not consent to those that docs/connector.md names, with every scope?"""
    named = set(TRUSTED.findall(text_of(repository_of(plans.project) / PAGE)))
    for plan in plans.known:
        connectors = {str(one.at("appId") or "") for one in plan.of(REGISTRATIONS)}
        for one in (api for api in plan.of(REGISTRATIONS) if api.at("api.preAuthorizedApplications")):
            trusted = _list(one.at("api.preAuthorizedApplications"))
            theirs = {str(app.get("appId")) for app in trusted} - connectors - set(_may_call(plan))
            yield from _same(one, "api", "pre-authorised apps", theirs, named)
            ids = [scope.get("id") for scope in _list(one.at("api.oauth2PermissionScopes"))]
            for app in trusted:
                if app.get(ALL_SCOPES) != ids:
                    yield about(one, "api", f"{app.get('appId')} is not trusted with every scope", "Give it all")


def _may_call(plan: Plan) -> list[str]:
    settings = _named(plan, "appsettings")
    return variables_of(settings).get("CALLING_APPS", "").split(",") if settings else []


def consents_are_the_least(plans: Plans) -> Iterator[Finding]:
    """Does consent let the identity into Customer Insights, users act there and at storage, and nothing else?"""
    from shared.domain.access import SCOPES

    named = " ".join(sorted(map(str, SCOPES)))
    for plan in plans.known:
        for one in plan.of("Microsoft.Graph/appRoleAssignedTo"):
            if (one.at("appRoleId"), one.at("principalId")) != (APP_ROLE, PRINCIPAL):
                yield about(one, "appRoleId", "it is not api.access for the identity", "Give no other role")
        for one in plan.of("Microsoft.Graph/oauth2PermissionGrants"):
            if one.at("scope") not in (IMPERSONATION, named):
                yield about(one, "scope", f"scope is {shown(one.at('scope'))}", f"Grant {IMPERSONATION} or ours")
        for one in plan.of(REGISTRATIONS):
            for access in _list(one.at("requiredResourceAccess")):
                if access.get("resourceAppId") not in PUBLIC_IDS or access.get("resourceAccess") != [SCOPE_OF_USERS]:
                    yield about(one, "requiredResourceAccess", "it asks for more than to act for users", "Ask for less")


def both_registrations_may_call(plans: Plans) -> Iterator[Finding]:
    """Does CALLING_APPS list the connector, and the API itself, which on-behalf-of login calls as?"""
    from shared.domain.callers import EVERY

    for plan in plans.known:
        for name in ("CONNECTOR_CLIENT_ID", "ENTRA_CLIENT_ID"):
            calling = _may_call(plan)
            if calling != [EVERY] and plan.outputs.get(name) not in calling:
                wrong = f"CALLING_APPS lacks the one of output {name}"
                yield Finding(plan.path, 1, wrong, "Add it (docs/connector.md)", plans=(plan.name,))


def the_wall_lets_in_whom_the_app_lets_in(plans: Plans) -> Iterator[Finding]:
    """Do wall and app take the tokens of the same tenants and audiences, from the same calling apps?"""
    from shared.domain.callers import EVERY

    for plan in plans.known:
        settings = _named(plan, "appsettings")
        wall = _named(plan, "authsettingsV2")
        if settings is None or wall is None:
            continue  # of that other checks speak
        variables = variables_of(settings)
        audiences = [variables.get("ENTRA_CLIENT_ID", ""), variables.get("ENTRA_APP_ID_URI", "")]
        calling = variables.get("CALLING_APPS", "")
        tenants = variables.get("ENTRA_TENANT_IDS", "").split(",")
        issuer = tenants[0] if len(tenants) == 1 else "organizations"
        callers = {} if calling == EVERY else {"allowedApplications": calling.split(",")}
        wanted = {
            f"{AZURE_AD}.validation.allowedAudiences": audiences,
            f"{AZURE_AD}.validation.defaultAuthorizationPolicy": callers,
            f"{AZURE_AD}.registration.clientId": audiences[0],
            f"{AZURE_AD}.registration.openIdIssuer": f"https://login.microsoftonline.com/{issuer}/v2.0",
        }
        for path, value in wanted.items():
            if wall.at(path) != value:
                wrong = f"{path.rpartition('.')[2]} is {shown(wall.at(path))}, and for the app it is {shown(value)}"
                yield about(wall, path, wrong, "Give both the same")
        if variables.get("WEBSITE_AUTH_AAD_ALLOWED_TENANTS") != variables.get("ENTRA_TENANT_IDS"):
            wrong = "the wall takes tokens of other tenants than the app"
            yield about(
                settings, "properties", wrong, "Give WEBSITE_AUTH_AAD_ALLOWED_TENANTS those of ENTRA_TENANT_IDS"
            )


def _named(plan: Plan, name: str) -> Planned | None:
    return next((one for one in plan.of(CONFIG) if one.name == name), None)


def _apis(plans: Plans) -> Iterator[Planned]:
    """The API's registration in each plan that makes one: the one with scopes or roles."""
    for plan in plans.known:
        yield from (one for one in plan.of(REGISTRATIONS) if one.at("api") or one.at("appRoles"))


def _list(value: object) -> list[dict[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _same(one: Planned, path: str, what: str, made: set[str], wanted: set[str]) -> Iterator[Finding]:
    if made != wanted:
        theirs, ours = (", ".join(sorted(names)) or "none" for names in (made, wanted))
        wrong = f"its {what} are {theirs}, and in the code and its pages {ours}"
        yield about(one, path, wrong, "Make them the same")


RULES: tuple[Rule, ...] = (
    scopes_are_those_of_the_code,
    roles_are_those_of_the_code,
    tokens_are_as_the_app_reads_them,
    trusted_apps_are_those_of_the_page,
    consents_are_the_least,
    both_registrations_may_call,
    the_wall_lets_in_whom_the_app_lets_in,
)
