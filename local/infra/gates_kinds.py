"""Is there anything in a deployment that no gate looks at?"""

from collections.abc import Iterator

from local.infra.findings import Finding
from local.infra.gates_site import CONFIG
from local.infra.holding import Rule, about
from local.infra.plans import Plans

# What the gates look at, or what needs no gate: networks let nobody in, the rest neither keeps nor shows data.
KINDS = frozenset(
    {
        "Microsoft.Authorization/roleAssignments",
        "Microsoft.Consumption/budgets",
        "Microsoft.Graph/appRoleAssignedTo",
        "Microsoft.Graph/applications",
        "Microsoft.Graph/applications/federatedIdentityCredentials",
        "Microsoft.Graph/oauth2PermissionGrants",
        "Microsoft.Graph/servicePrincipals",
        "Microsoft.Insights/actionGroups",
        "Microsoft.Insights/components",
        "Microsoft.Insights/diagnosticSettings",
        "Microsoft.Insights/scheduledQueryRules",
        "Microsoft.Insights/workbooks",
        "Microsoft.KeyVault/vaults",
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "Microsoft.Network/natGateways",
        "Microsoft.Network/networkSecurityGroups",
        "Microsoft.Network/privateDnsZones",
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        "Microsoft.Network/privateEndpoints",
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        "Microsoft.Network/publicIPAddresses",
        "Microsoft.Network/virtualNetworks",
        "Microsoft.OperationalInsights/workspaces",
        "Microsoft.Resources/resourceGroups",
        "Microsoft.Storage/storageAccounts",
        "Microsoft.Storage/storageAccounts/blobServices",
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        "Microsoft.Storage/storageAccounts/queueServices",
        "Microsoft.Storage/storageAccounts/queueServices/queues",
        "Microsoft.Storage/storageAccounts/tableServices",
        "Microsoft.Storage/storageAccounts/tableServices/tables",
        "Microsoft.Web/serverfarms",
        "Microsoft.Web/sites",
        "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
        "Microsoft.Web/sites/config",
    }
)
CONFIGURATIONS = ("appsettings", "authsettingsV2")


def every_kind_is_looked_at(plans: Plans) -> Iterator[Finding]:
    """Are there only resources of kinds that the gates know, and no kind in their table that there is not?"""
    made = {one.source.kind for plan in plans.every for one in plan.resources}
    for file in plans.project.files:
        for one in file.all_resources:
            if one.kind not in KINDS:
                advice = "Write gates for it, then add it to KINDS of local/infra/gates_kinds.py"
                yield Finding(file.path, one.line, f"no gate looks at {one.kind}", advice)
    for kind in sorted(KINDS - made):
        yield Finding(plans.main.path, 1, f"no plan has {kind}", "Remove it from KINDS of local/infra/gates_kinds.py")


def the_site_is_configured_in_two_places(plans: Plans) -> Iterator[Finding]:
    """Is there no configuration of the app beside settings and wall, such as `web` or `connectionstrings`?"""
    for plan in plans.every:
        for one in plan.of(CONFIG):
            if one.name not in CONFIGURATIONS:
                yield about(one, "name", f"no gate looks at the configuration {one.name}", "Leave it out")


def every_module_is_looked_into(plans: Plans) -> Iterator[Finding]:
    """Is every module a file of ours? What a registry has, no gate can see."""
    for file in plans.project.files:
        for module in file.modules.values():
            if plans.project.used_by(file, module) is None:
                yield Finding(file.path, module.line, f"nobody can look into {module.path}", "Write it here")


RULES: tuple[Rule, ...] = (
    every_kind_is_looked_at,
    the_site_is_configured_in_two_places,
    every_module_is_looked_into,
)
