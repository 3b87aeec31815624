"""Each gate turns red at its defect, and no other does."""

from pathlib import Path

import pytest

from local.children import ROOT
from local.infra.agreement import AGREEMENT
from local.infra.findings import make
from local.infra.gates import GATES
from local.infra.project import read_project
from tests.infra.seeding import called, red, seeded

STORAGE, VAULT, SITE, WAYS, TELEMETRY = (
    f"infra/modules/{name}.bicep" for name in ("storage", "vault", "function-app", "private-endpoints", "monitoring")
)
MAIN, NETWORK = "infra/main.bicep", "infra/modules/network.bicep"
KEYS = {"storage has no keys"}
PUBLIC = {"storage shows nothing in public"}
TLS = {"storage takes only tls"}
CLOSED = {"a private network closes public ways"}
PRIVATE = {"a private network has private ways"}
SITE_TLS = {"the site takes only tls"}
DOORS = {"the site has no side doors"}
PASSWORDS = {"nobody deploys with a password"}
IDENTITY = {"the site is an identity"}
WALL = {"a wall asks for tokens"}
REACH = {"roles reach one resource"}
LEAST = {"roles are the least"}
READ = {"the vault is read by role"}
LOST = {"the vault cannot be lost"}
# While Application Insights takes keys, its connection string is one.
KEYED = {"telemetry is taken by identity only", "no key of a resource is read", "other settings hold no secret"}
WRITTEN = {"no secret is written out"}
REFERENCES = {"secret settings are references"}
OUTPUTS = {"outputs hold no secret"}
THROUGH = {"no secret passes through"}
RECORD = {"who reads secrets is on record"}
OPEN = {"a private network lets nobody in"}
KINDS = {"every kind is looked at"}
PLACES = {"the site is configured in two places"}
FILLED_IN = {"parameter files are filled in right"}
REFUSED = {"no setting is refused by the plan", "settings are those that are read"}

CASES: list[tuple[str, str, str, set[str]]] = [
    (STORAGE, "allowSharedKeyAccess: false", "allowSharedKeyAccess: true", KEYS),
    (STORAGE, "allowSharedKeyAccess: false", "", KEYS),
    (STORAGE, "allowSharedKeyAccess: false", "allowSharedKeyAccess: privateNetwork", KEYS),
    (STORAGE, "allowSharedKeyAccess: false", "allowSharedKeyAccess: zoneRedundant && privateNetwork", KEYS),
    (STORAGE, "isLocalUserEnabled: false", "isLocalUserEnabled: true", KEYS),
    (STORAGE, "isSftpEnabled: false", "isSftpEnabled: true", KEYS),
    (STORAGE, "defaultToOAuthAuthentication: true", "defaultToOAuthAuthentication: false", KEYS),
    (STORAGE, "allowBlobPublicAccess: false", "allowBlobPublicAccess: true", PUBLIC),
    (STORAGE, "publicAccess: 'None'", "publicAccess: 'Blob'", PUBLIC),
    (STORAGE, "publicAccess: 'None'", "publicAccess: each == 'claims' ? 'Blob' : 'None'", PUBLIC),
    (STORAGE, "TLS1_2", "TLS1_0", TLS),
    (STORAGE, "minimumTlsVersion: 'TLS1_2'", "minimumTlsVersion: zoneRedundant ? 'TLS1_2' : 'TLS1_1'", TLS),
    (STORAGE, "supportsHttpsTrafficOnly: true", "supportsHttpsTrafficOnly: false", TLS),
    (STORAGE, "Replication: false", "Replication: true", {"storage stays in its tenant"}),
    (STORAGE, "privateNetwork ? 'Disabled' : 'Enabled'", "'Enabled'", CLOSED),
    (STORAGE, "privateNetwork ? 'Deny' : 'Allow'", "'Allow'", CLOSED),
    (STORAGE, "privateNetwork ? 'Deny' : 'Allow'", "privateNetwork && zoneRedundant ? 'Deny' : 'Allow'", CLOSED),
    (VAULT, "privateNetwork ? 'Disabled' : 'Enabled'", "'Enabled'", CLOSED),
    (VAULT, "privateNetwork ? 'Deny' : 'Allow'", "'Allow'", CLOSED),
    (WAYS, "  { service: 'table', ", "  // { service: 'table', ", PRIVATE),
    (WAYS, "'privatelink.queue.", "'privatelink.qeue.", PRIVATE),
    (WAYS, "virtualNetwork: { id: networkId }", "virtualNetwork: { id: subnetId }", PRIVATE),
    (WAYS, "privateLinkServiceId: target.resourceId", "privateLinkServiceId: storageId", PRIVATE),
    (WAYS, "groupIds: [target.service]", "groupIds: ['blob']", PRIVATE),
    (WAYS, "privateDnsZoneId: zone[place].id", "privateDnsZoneId: zone[0].id", PRIVATE),
    (
        MAIN,
        "'modules/private-endpoints.bicep' = if (privateNetwork)",
        "'modules/private-endpoints.bicep' = if (false)",
        PRIVATE | KINDS,
    ),
    (SITE, "httpsOnly: true", "httpsOnly: false", SITE_TLS),
    (SITE, "minTlsVersion: '1.2'", "minTlsVersion: '1.1'", SITE_TLS),
    (SITE, "scmMinTlsVersion: '1.2'", "", SITE_TLS),
    (SITE, "http20Enabled: true", "ftpsState: 'FtpsOnly'", DOORS),
    (SITE, "http20Enabled: true", "remoteDebuggingEnabled: true", DOORS),
    (SITE, "http20Enabled: true", "cors: { allowedOrigins: ['https://a.example', '*'] }", DOORS),
    (SITE, "name: 'FC1'", "name: 'EP1'", DOORS),
    (SITE, "name: 'ftp'\n  properties: { allow: false }", "name: 'ftp'\n  properties: { allow: true }", PASSWORDS),
    (SITE, "name: 'scm'\n", "name: 'web'\n", PASSWORDS),
    (SITE, "    type: 'UserAssigned'", "    type: 'SystemAssigned, UserAssigned'", IDENTITY),
    (SITE, "type: 'UserAssignedIdentity'", "type: 'StorageAccountConnectionString'", IDENTITY),
    (SITE, "keyVaultReferenceIdentity: identityId", "keyVaultReferenceIdentity: 'SystemAssigned'", IDENTITY),
    (SITE, "  AZURE_CLIENT_ID:", "  FUNCTIONS_WORKER_RUNTIME: 'python'\n  AZURE_CLIENT_ID:", REFUSED),
    (SITE, "  AZURE_CLIENT_ID:", "  WEBSITE_RUN_FROM_PACKAGE: '1'\n  AZURE_CLIENT_ID:", REFUSED),
    (SITE, "http20Enabled: true", "linuxFxVersion: 'Python|3.13'", {"no setting is refused by the plan"}),
    (SITE, "requireAuthentication: true", "requireAuthentication: false", WALL),
    (SITE, "requireAuthentication: true", "requireAuthentication: zoneRedundant", WALL),
    (SITE, "'Return401'", "'AllowAnonymous'", WALL),
    (SITE, "['/api/health/live']", "['/api/health/live', '/api/events']", WALL),
    (SITE, "['/api/health/live']", "[]", WALL),
    (SITE, "requireHttps: true", "requireHttps: false", WALL),
    (SITE, "platform: { enabled: true }", "platform: { enabled: false }", WALL),
    (SITE, "tokenStore: { enabled: false }", "tokenStore: { enabled: true }", WALL),
    (
        SITE,
        "          clientId: clientId",
        "          clientId: clientId\n          clientSecretSettingName: 'X'",
        WALL,
    ),
    (SITE, "      azureActiveDirectory: {", "      google: { enabled: true }\n      azureActiveDirectory: {", WALL),
    (SITE, "[clientId, appIdUri]", "[]", WALL | {"the wall lets in whom the app lets in"}),
    (SITE, "name: 'authsettingsV2'", "name: 'authsettings'", WALL | PLACES),
    (STORAGE, "  scope: account\n", "", REACH),
    (STORAGE, "  scope: account\n", "  scope: resourceGroup()\n", REACH),
    (STORAGE, "  scope: account\n", "  scope: blobs\n", REACH),
    (STORAGE, "principalType: 'ServicePrincipal'", "principalType: 'User'", {"roles go to the identity"}),
    (VAULT, "principalId: readerPrincipalId", "principalId: workspaceId", {"roles go to the identity"}),
    (
        STORAGE,
        "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
        "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",  # Owner
        LEAST | WRITTEN | {"roles allow what the code does"},
    ),
    (
        VAULT,
        "4633458b-17de-408a-b874-0445c86b69e6",
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",  # Key Vault Administrator
        LEAST | WRITTEN | {"roles for settings are there"},
    ),
    (
        VAULT,
        "resource diagnostics",
        "resource more 'Microsoft.Authorization/roleDefinitions@2022-04-01' = { name: 'x' }\nresource diagnostics",
        LEAST | KINDS,
    ),
    (VAULT, "enableRbacAuthorization: true", "enableRbacAuthorization: false", READ),
    (VAULT, "enabledForDeployment: false", "enabledForDeployment: true", READ),
    (VAULT, "enabledForTemplateDeployment: false", "enabledForTemplateDeployment: true", READ),
    (VAULT, "enableSoftDelete", "accessPolicies: [{}]\n    enableSoftDelete", READ),
    (VAULT, "enableSoftDelete: true", "enableSoftDelete: false", LOST),
    (VAULT, "enablePurgeProtection: true", "enablePurgeProtection: retentionDays > 7", LOST),
    (TELEMETRY, "DisableLocalAuth: true", "DisableLocalAuth: false", KEYED),
    (TELEMETRY, "disableLocalAuth: true", "disableLocalAuth: false", KEYED),
    (TELEMETRY, "DisableIpMasking: false", "DisableIpMasking: true", {"telemetry keeps no addresses"}),
    (VAULT, "categoryGroup: 'audit', enabled: true", "categoryGroup: 'audit', enabled: false", RECORD),
    (VAULT, "  scope: vault\n  name: 'to-workspace'", "  name: 'to-workspace'", RECORD),
    (NETWORK, "defaultOutboundAccess: false", "defaultOutboundAccess: true", OPEN),
    (NETWORK, "          networkSecurityGroup: { id: endpointGroup.id }\n", "", OPEN),
    (
        NETWORK,
        "  name: 'nsg-app-${name}'\n",
        "  name: 'nsg-app-${name}'\n  properties: { securityRules: [{ name: 'in' }] }\n",
        OPEN,
    ),
    (STORAGE, "output id", "output more string = account.listKeys()[0]\noutput id", {"no keys are asked for"}),
    (VAULT, "output id", "output more object = listSecrets(vault.id, '1')\noutput id", {"no keys are asked for"}),
    (SITE, "var plainIds", "var more = 'AccountKey=x'\nvar plainIds", WRITTEN),
    (SITE, "var plainIds", "var more = 'a?code=${name}&sig=abc'\nvar plainIds", WRITTEN),
    (SITE, "var plainIds", "var more = 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7aB0cD3eF6gH9jK2='\nvar plainIds", WRITTEN),
    (SITE, "var plainIds", "var more = '1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b'\nvar plainIds", WRITTEN),
    ("infra/dev.bicepparam", "param alertEmails = []", "param alertEmails = ['Password=x']", WRITTEN | FILLED_IN),
    (
        SITE,
        "insights.properties.ConnectionString",
        "insights.properties.InstrumentationKey",
        {"no key of a resource is read", "settings are accepted"},
    ),
    (
        STORAGE,
        "output id",
        "output more string = account.properties.primaryKey\noutput id",
        {"no key of a resource is read"},
    ),
    (SITE, "secrets/${callbackKeysSecret})", "secrets/${callbackKeysSecret}/0123456789abcdef)", REFERENCES),
    (SITE, "'@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${secret})'", "secret", REFERENCES),
    (SITE, "'managedidentity'", "'Password=x'", WRITTEN | {"other settings hold no secret"}),
    (VAULT, "output id", "output secretText string = vault.name\noutput id", OUTPUTS),
    (
        VAULT,
        "var keyVaultSecretsUser",
        "@secure()\nparam given string\noutput more string = given\nvar keyVaultSecretsUser",
        OUTPUTS | THROUGH,
    ),
    (MAIN, "var sizes", "param adminPassword string = ''\nvar sizes", THROUGH),
    (
        VAULT,
        "resource diagnostics",
        "resource more 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = { name: 'x' }\nresource diagnostics",
        THROUGH | KINDS,
    ),
    (SITE, "var plainIds", "// the old key: AccountKey=x\nvar plainIds", WRITTEN),
    ("infra/workbook.json", "### Environments", "### eyJ0eXAiOiJKV1QiLCJhbGciOi", WRITTEN),
    (
        STORAGE,
        "output id",
        "resource more 'Microsoft.Storage/storageAccounts/localUsers@2025-06-01' = { name: 'x' }\noutput id",
        KINDS,
    ),
    (
        MAIN,
        "if (hasBudget)",
        "if (false)",
        KINDS,
    ),
    (
        SITE,
        "resource ftpPassword",
        "resource more 'Microsoft.Web/sites/config@2025-03-01' = { parent: app, name: 'web' }\nresource ftpPassword",
        PLACES,
    ),
    (MAIN, "'modules/budget.bicep'", "'br/public:avm/res/budget:1.0.0'", {"every module is looked into"} | KINDS),
]


def test_the_infrastructure_passes_every_gate_and_agreement() -> None:
    project = read_project(ROOT / "infra")
    assert {check.name: make(check, project).findings for check in (*GATES, *AGREEMENT)} == {
        check.name: () for check in (*GATES, *AGREEMENT)
    }


@pytest.mark.parametrize("case", CASES, ids=called)
def test_a_defect_turns_its_gate_red_and_no_other(case: tuple[str, str, str, set[str]], tmp_path: Path) -> None:
    name, old, new, expected = case
    assert red(seeded(tmp_path, [(name, old, new)])) == expected


def test_every_gate_has_a_defect() -> None:
    assert {name for *_, names in CASES for name in names} >= {gate.name for gate in GATES}


def test_a_finding_says_where_it_is_and_what_to_do(tmp_path: Path) -> None:
    project = seeded(tmp_path, [(STORAGE, "allowSharedKeyAccess: false", "allowSharedKeyAccess: true")])
    (finding,) = make(next(gate for gate in GATES if gate.name == "storage has no keys"), project).findings
    line = finding.path.read_text(encoding="utf-8").splitlines()[finding.line - 1]
    assert (finding.path.name, line.strip()) == ("storage.bicep", "allowSharedKeyAccess: true")
    assert finding.wrong == "account: properties.allowSharedKeyAccess is true"
    assert finding.advice.startswith("It must be false")
