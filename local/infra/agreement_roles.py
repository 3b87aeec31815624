"""Do the roles allow everything that app and host do, and is there none that nobody needs?"""

from collections.abc import Iterator, Mapping

from local.infra.beside import repository_of
from local.infra.findings import Finding
from local.infra.gates_access import given_roles
from local.infra.gates_site import CONFIG
from local.infra.holding import Rule
from local.infra.known_roles import ROLES, Role
from local.infra.plans import Plan, Planned, Plans
from local.infra.storage_calls import BY_THE_HOST, OPERATIONS, Needs, calls_in

ACCOUNT = "Microsoft.Storage/storageAccounts"
BY_NAME = {role.name: role for role in ROLES.values()}
# Roles for other things than storage: needed where an app setting holds this text.
FOR_SETTINGS: Mapping[str, str] = {
    "Key Vault Secrets User": "@Microsoft.KeyVault(",
    "Monitoring Metrics Publisher": "Authorization=AAD",
}


def roles_allow_what_the_code_does(plans: Plans) -> Iterator[Finding]:
    """Is each storage request of the adapters and the host allowed by a role?"""
    calls = calls_in(repository_of(plans.project))
    if not calls:
        yield Finding(plans.main.path, 1, "no storage request was found in shared/adapters", "Look where they went")
    for one in calls:
        if one.method not in OPERATIONS:
            wrong = f"it is not known what {one.method} needs"
            yield Finding(one.path, one.line, wrong, "Add it to OPERATIONS of local/infra/storage_calls.py")
    for plan in plans.every:
        roles = storage_roles(plan)
        for one in calls:
            if not all(allowed(needs, roles) for needs in OPERATIONS.get(one.method, ())):
                advice = "Give the identity a role that does"
                yield Finding(one.path, one.line, f"no role allows {one.method}", advice, plans=(plan.name,))
        for reason, all_needs in BY_THE_HOST.items():
            if not all(allowed(needs, roles) for needs in all_needs):
                wrong = f"no role allows the host: {reason}"
                yield Finding(plan.path, 1, wrong, "Give the identity a role that does", plans=(plan.name,))


def no_role_is_needless(plans: Plans) -> Iterator[Finding]:
    """Does each storage role allow something that no other does and that is needed, by the app or by the host?"""
    requests = [needs for one in calls_in(repository_of(plans.project)) for needs in OPERATIONS.get(one.method, ())]
    requests += [needs for all_needs in BY_THE_HOST.values() for needs in all_needs]
    for plan in plans.every:
        roles = storage_roles(plan)
        for role in roles:
            others = [one for one in roles if one != role]
            if all(allowed(needs, others) for needs in requests if allowed(needs, roles)):
                yield _about(given_roles(plan)[role.name], f"nobody needs {role.name}", "Leave it out")


def roles_for_settings_are_there(plans: Plans) -> Iterator[Finding]:
    """Are the roles for the vault and for telemetry there where a setting speaks of them, and nowhere else?"""
    for plan in plans.known:
        roles = given_roles(plan)
        texts = [str(one.at("properties")) for one in plan.of(CONFIG) if one.name == "appsettings"]
        for name, text in FOR_SETTINGS.items():
            needed = any(text in one for one in texts)
            if needed and name not in roles:
                yield Finding(plan.path, 1, f"{name} is not given", "Give it to the identity", plans=(plan.name,))
            elif name in roles and not needed:
                yield _about(roles[name], f"nobody needs {name}", "Leave it out")


def storage_roles(plan: Plan) -> list[Role]:
    """The known roles that are given for the storage account."""
    return [BY_NAME[name] for name in given_roles(plan) if BY_NAME[name].scope == ACCOUNT]


def allowed(needs: Needs, roles: list[Role]) -> bool:
    """Whether the roles together allow one of the sets."""
    return any(all(any(role.covers(action) for role in roles) for action in together) for together in needs)


def _about(one: Planned, wrong: str, advice: str) -> Finding:
    return Finding(one.path, one.source.line, wrong, advice)


RULES: tuple[Rule, ...] = (roles_allow_what_the_code_does, no_role_is_needless, roles_for_settings_are_there)
