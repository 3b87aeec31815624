"""Who gets in, and to what? Roles of the identity, the vault, and where telemetry is taken."""

from collections.abc import Iterator

from local.infra.findings import Finding
from local.infra.holding import Must, Rule, about, each, exactly, shown
from local.infra.known_roles import ROLES, Role
from local.infra.plans import Plan, Planned, Plans
from local.infra.stand_ins import PRINCIPAL

ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
OF_ROLES = ("Microsoft.Authorization/roleDefinitions", "Microsoft.Authorization/roleManagementPolicyAssignments")
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
VAULT = "Microsoft.KeyVault/vaults"
SECRET = f"{VAULT}/secrets"
INSIGHTS = "Microsoft.Insights/components"
DIAGNOSTICS = "Microsoft.Insights/diagnosticSettings"
WORKSPACE = "Microsoft.OperationalInsights/workspaces"
ROLE_DEFINITIONS = "/providers/Microsoft.Authorization/roleDefinitions/"


def roles_reach_one_resource(plans: Plans) -> Iterator[Finding]:
    """Is every role given for one resource, never for a resource group or subscription?"""
    for plan in plans.every:
        for one in plan.of(ASSIGNMENT):
            role, scope = role_of(one), one.at("scope.type")
            if not isinstance(scope, str) or "/" not in scope:
                advice = "Give it `scope:` a resource"
                yield about(one, "scope", "it is given for more than one resource", advice)
            elif role and scope != role.scope:
                advice = f"It is meant for {role.scope}"
                yield about(one, "scope", f"{role.name} is given for {scope}", advice)


def roles_are_the_least(plans: Plans) -> Iterator[Finding]:
    """Is every role one of those that the app is known to need (local/infra/known_roles.py), and none home-made?"""
    for plan in plans.every:
        for one in plan.of(ASSIGNMENT):
            if role_of(one) is None:
                wrong = f"the role {shown(one.at('properties.roleDefinitionId'))} is none of those that are needed"
                yield about(one, "properties.roleDefinitionId", wrong, "Take the least that does, and add it there")
        for one in (made for kind in OF_ROLES for made in plan.of(kind)):
            yield about(one, "properties", "it makes a role", "Take a built-in one")


def roles_go_to_the_identity(plans: Plans) -> Iterator[Finding]:
    """Does every role go to the app's identity, as a service principal, and to nobody else?"""
    theirs = "the principal id of the app's identity"
    return each(
        plans.every,
        [
            Must(ASSIGNMENT, "properties.principalType", exactly("ServicePrincipal"), "'ServicePrincipal'"),
            Must(ASSIGNMENT, "properties.principalId", exactly(PRINCIPAL), theirs),
        ],
    )


def role_of(assignment: Planned) -> Role | None:
    """The known role that is given."""
    given = assignment.at("properties.roleDefinitionId")
    return ROLES.get(given.rpartition(ROLE_DEFINITIONS)[2]) if isinstance(given, str) else None


def given_roles(plan: Plan) -> dict[str, Planned]:
    """The assignments of a plan by the name of their role."""
    return {role.name: one for one in plan.of(ASSIGNMENT) if (role := role_of(one))}


def the_vault_is_read_by_role(plans: Plans) -> Iterator[Finding]:
    """Do roles decide about the vault, and no access policy, deployment or machine?"""
    off = [
        Must(VAULT, f"properties.{name}", exactly(False), "false")
        for name in ("enabledForDeployment", "enabledForDiskEncryption", "enabledForTemplateDeployment")
    ]
    policies = Must(VAULT, "properties.accessPolicies", lambda value: value is None or value == [], "left out")
    return each(plans.every, [Must(VAULT, "properties.enableRbacAuthorization", exactly(True), "true"), *off, policies])


def the_vault_cannot_be_lost(plans: Plans) -> Iterator[Finding]:
    """Can deleted secrets be brought back, and can nobody purge them before?"""
    return each(
        plans.every,
        [
            Must(VAULT, "properties.enableSoftDelete", exactly(True), "true"),
            Must(VAULT, "properties.enablePurgeProtection", exactly(True), "true"),
        ],
    )


def telemetry_is_taken_by_identity_only(plans: Plans) -> Iterator[Finding]:
    """Do Application Insights and the workspace refuse keys? Then the connection string holds no secret."""
    return each(
        plans.every,
        [
            Must(INSIGHTS, "properties.DisableLocalAuth", exactly(True), "true"),
            Must(WORKSPACE, "properties.features.disableLocalAuth", exactly(True), "true"),
            Must(WORKSPACE, "properties.features.enableLogAccessUsingOnlyResourcePermissions", exactly(True), "true"),
        ],
    )


def telemetry_keeps_no_addresses(plans: Plans) -> Iterator[Finding]:
    """Are the IP addresses of callers masked in what is kept?"""
    return each(plans.every, [Must(INSIGHTS, "properties.DisableIpMasking", exactly(False), "false")])


def who_reads_secrets_is_on_record(plans: Plans) -> Iterator[Finding]:
    """Does the vault write its audit log to the workspace?"""
    for plan in plans.every:
        if not any(_audits(one) for one in plan.of(DIAGNOSTICS) if one.at("scope.type") == VAULT):
            path = next((one.path for one in plan.of(VAULT)), plan.path)
            yield Finding(path, 1, "the vault has no audit log", "Add diagnostic settings", plans=(plan.name,))


def _audits(one: Planned) -> bool:
    logs, workspace = one.at("properties.logs"), one.at("properties.workspaceId")
    return isinstance(workspace, str) and {"categoryGroup": "audit", "enabled": True} in (
        logs if isinstance(logs, list) else []
    )


RULES: tuple[Rule, ...] = (
    roles_reach_one_resource,
    roles_are_the_least,
    roles_go_to_the_identity,
    the_vault_is_read_by_role,
    the_vault_cannot_be_lost,
    telemetry_is_taken_by_identity_only,
    telemetry_keeps_no_addresses,
    who_reads_secrets_is_on_record,
)
