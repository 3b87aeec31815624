"""Where templates and code say different things, the check for it turns red, and no other does."""

import re
from pathlib import Path

import pytest

from local.children import ROOT
from local.infra.agreement import AGREEMENT
from local.infra.findings import make
from local.infra.project import Project
from local.infra.storage_calls import OPERATIONS, calls_in
from tests.infra.seeding import called, red, seeded

STORAGE, SITE, ENTRA, ALERTS, TELEMETRY = (
    f"infra/modules/{name}.bicep" for name in ("storage", "function-app", "entra", "alerts", "monitoring")
)
MAIN, WORKBOOK, DEV = "infra/main.bicep", "infra/workbook.json", "infra/dev.bicepparam"
READ = {"settings are those that are read"}
TEXTS = {"settings are texts"}
FILLED_IN = {"parameter files are filled in right"}
ACCEPTED = {"settings are accepted"}
DEFAULTS = {"defaults are those of the code"}
LIMITS = {"limits are those of the code"}
QUEUES = {"queues are those of the code"}
TABLES = {"tables are those of the code"}
CONTAINERS = {"containers are those of the code"}
ALLOW = {"roles allow what the code does"}
FOR_SETTINGS = {"roles for settings are there"}
SCOPES = {"scopes are those of the code"}
ROLES = {"roles are those of the code"}
TOKENS = {"tokens are as the app reads them"}
TRUSTED = {"trusted apps are those of the page"}
CONSENTS = {"consents are the least"}
BOTH = {"both registrations may call"}
WALL = {"the wall lets in whom the app lets in"}
PYTHON = {"python versions are those of the project"}
EXPLAINED = {"variables are explained"}
OUTPUTS = {"outputs make a connector"}
SCRIPTS = {"scripts read what there is"}
QUERIES = {"queries are of what there is"}
ATTRIBUTES = {"queries know the attributes"}
SHOWN = {"every metric is on the workbook"}
GOES_OFF = {"every alert goes off"}
RUNBOOK = {"every alert is explained"}

CASES: list[tuple[str, str, str, set[str]]] = [
    (
        MAIN,
        "    SUSPENDED_DAYS: string(suspendedDays)\n",
        "    SUSPENDEDDAYS: string(suspendedDays)\n",
        READ | DEFAULTS,
    ),
    (MAIN, "    PUBLIC_BASE_URL: publicBaseUrl\n", "", READ | DEFAULTS),
    (SITE, "  AZURE_CLIENT_ID:", "  NEW_THING: 'x'\n  AZURE_CLIENT_ID:", READ),
    (SITE, "  WEBSITE_AUTH_AAD_ALLOWED_TENANTS: join(tenantIds, ',')\n", "", READ | WALL),
    (SITE, "  AZURE_CLIENT_ID:", "  AzureWebJobsStorage__accountName: 'st'\n  AZURE_CLIENT_ID:", READ),
    (SITE, "  AzureWebJobsStorage__tableServiceUri: tableUri\n", "", READ | ACCEPTED),
    (SITE, "'APPLICATION_ENVIRONMENTS__${one.key}'", "'APPLICATION_ENVIRONMENT__${one.key}'", READ),
    (SITE, "toLower(replace(id, '-', ''))", "toLower(replace(id, '-', '_'))", READ),
    (MAIN, "pollSchedule string = '0 * * * * *'", "pollSchedule string = 'often'", ACCEPTED),
    (SITE, "  ENVIRONMENTS: join(environmentIds, ',')", "  ENVIRONMENTS: join(environmentIds, ';')", ACCEPTED),
    (
        SITE,
        "  AZURE_CLIENT_ID:",
        "  CUSTOMER_INSIGHTS_API_SCOPE: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/x)'\n  AZURE_CLIENT_ID:",
        READ | {"unresolved secrets are refused"},
    ),
    (MAIN, "string(fastPollSeconds)", "fastPollSeconds", TEXTS),
    (SITE, "  AZURE_CLIENT_ID:", "  PARTITION_HOSTS: true\n  AZURE_CLIENT_ID:", READ | TEXTS),
    (DEV, "param environmentIds = []", "param environmentIds = ['contoso-prod']", FILLED_IN),
    (MAIN, "fastPollSeconds int = 20", "fastPollSeconds int = 30", DEFAULTS),
    (MAIN, "suspendedDays int = 14", "suspendedDays int = 7", DEFAULTS),
    (MAIN, "@maxValue(3600)\nparam fastPollSeconds", "@maxValue(7200)\nparam fastPollSeconds", LIMITS),
    (MAIN, "@maxValue(3600)\nparam suspendedDays", "param suspendedDays", LIMITS),
    (STORAGE, "  'redeliveries'\n", "", QUEUES),
    (STORAGE, "  'redeliveries'\n", "  'redeliveries'\n  'more'\n", QUEUES),
    (STORAGE, "'${each}-poison'", "'${each}-dead'", QUEUES),
    ("functions/deliveries.py", 'queue_name="redeliveries"', 'queue_name="deliveries"', QUEUES),
    ("functions/events.py", 'connection="AzureWebJobsStorage"', 'connection="Storage"', QUEUES),
    (STORAGE, ", 'deadletters'", "", TABLES),
    (STORAGE, "'deadletters'", "'deadletters', 'more'", TABLES),
    (STORAGE, "'claims', ", "", CONTAINERS),
    (STORAGE, "'claims', ", "'claims', 'more', ", CONTAINERS),
    (STORAGE, "['checkpoints', 'claims', deploymentContainer]", "['checkpoints', 'claims', 'code']", CONTAINERS),
    (STORAGE, "  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'\n", "", ALLOW),
    (STORAGE, "  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'\n", "", ALLOW),
    ("shared/adapters/queues.py", "client.create_queue", "client.delete_queue", ALLOW),
    (SITE, ";Authorization=AAD", "", FOR_SETTINGS),
    (
        TELEMETRY,
        "resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {",
        "resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (false) {",
        FOR_SETTINGS,
    ),
    (
        ENTRA,
        "{ value: 'Insights.Write', title: 'Change",
        "{ value: 'Insights.Change', title: 'Change",
        SCOPES | CONSENTS,
    ),
    (ENTRA, "      type: 'User'\n      isEnabled: true", "      type: 'Admin'\n      isEnabled: true", SCOPES),
    (ENTRA, "members: ['User', 'Application']", "members: ['Application']", ROLES),
    (ENTRA, "{ value: 'Insights.Admin'", "{ value: 'Insights.Root'", ROLES),
    (ENTRA, "requestedAccessTokenVersion: 2", "requestedAccessTokenVersion: 1", TOKENS),
    (ENTRA, "name: 'idtyp'", "name: 'email'", TOKENS),
    (ENTRA, "subject: identityPrincipalId", "subject: uniqueName", TOKENS),
    (ENTRA, "'api://AzureADTokenExchange'", "'api://TokenExchange'", TOKENS),
    (ENTRA, "identifierUris:", "passwordCredentials: [{ displayName: 'x' }]\n  identifierUris:", TOKENS),
    (ENTRA, "union([apiConnectionsApp, connector.appId]", "union([connector.appId]", TRUSTED),
    (ENTRA, "delegatedPermissionIds: scopeIds", "delegatedPermissionIds: take(scopeIds, 1)", TRUSTED),
    (ENTRA, "role.value == 'api.access'", "role.value == 'api.all'", CONSENTS),
    (ENTRA, "  scope: userImpersonation\n", "  scope: 'Directory.ReadWrite.All'\n", CONSENTS),
    (ENTRA, "          type: 'Scope'", "          type: 'Role'", CONSENTS),
    ("docs/connector.md", "client application, `fe053c5f", "client application, `fe053c5e", TRUSTED),
    (SITE, "union([connectorClientId, clientId], callingApps)", "union([connectorClientId], callingApps)", BOTH),
    (SITE, "{ allowedApplications: callers }", "{ allowedApplications: [connectorClientId] }", WALL),
    (SITE, "[clientId, appIdUri]", "[clientId]", WALL),
    (SITE, "          clientId: clientId\n", "          clientId: connectorClientId\n", WALL),
    (SITE, "'organizations'}/v2.0'", "'organizations'}/'", WALL),
    (SITE, "  WEBSITE_AUTH_AAD_ALLOWED_TENANTS: join(tenantIds, ',')", "  WEBSITE_AUTH_AAD_ALLOWED_TENANTS: ''", WALL),
    (MAIN, "@allowed(['3.11', '3.12', '3.13', '3.14'])", "@allowed(['3.12', '3.13', '3.14'])", PYTHON),
    (
        SITE,
        "runtime: { name: 'python', version: pythonVersion }",
        "runtime: { name: 'python', version: '3.10' }",
        PYTHON,
    ),
    ("pyproject.toml", ">=3.11,<3.15", ">=3.11,<3.16", PYTHON),
    ("host.json", "[4.*, 5.0.0)", "[3.*, 4.0.0)", {"the host has its extensions"}),
    ("azure.yaml", "\n  signals:\n", "\n  app:\n", {"azd finds the app"}),
    (SITE, "'azd-service-name': 'signals'", "'azd-service': 'signals'", {"azd finds the app"}),
    ("infra/main.bicepparam", "'SIGNALS_PUBLIC_BASE_URL'", "'SIGNALS_BASE_URL'", EXPLAINED),
    ("docs/deploy.md", "| `BUDGET_START` |", "| `BUDGET_BEGIN` |", EXPLAINED),
    (MAIN, "output SIGNALS_HOST string", "output HOST string", OUTPUTS | SCRIPTS),
    (MAIN, "output SIGNALS_HOST string = app.outputs.host", "output SIGNALS_HOST string = 'https://x'", OUTPUTS),
    (MAIN, "output KEY_VAULT_NAME string", "output VAULT string", SCRIPTS),
    (ALERTS, "summarize messages = sum(Sum)", "summarize messages = sum(Total)", QUERIES),
    (ALERTS, "toint(ResultCode)", "toint(StatusCode)", QUERIES),
    (ALERTS, "      AppRequests\n      | where Success", "      Requests\n      | where Success", QUERIES),
    (ALERTS, "maxif(TimeGenerated, outcome", "maxwhen(TimeGenerated, outcome", QUERIES),
    (ALERTS, "'signals.detection.lag'", "'signals.detection.delay'", QUERIES),
    (ALERTS, "tostring(Properties.queue)", "tostring(Properties.lane)", ATTRIBUTES),
    (ALERTS, "tostring(Properties.outcome) == 'dead'", "tostring(Properties.outcome) == 'died'", ATTRIBUTES),
    (ALERTS, "outcome == 'ok') by", "outcome == 'good') by", ATTRIBUTES),
    (WORKBOOK, "outcome == 'failed'", "outcome == 'broken'", ATTRIBUTES),
    (WORKBOOK, "'signals.delivery.lag'", "'signals.detection.lag'", SHOWN),
    (WORKBOOK, '"items": [', '"things": [', QUERIES | SHOWN),
    (WORKBOOK, "project state, Subscriptions = Max", "project state, Subscriptions = Sum", QUERIES),
    (WORKBOOK, "Properties.action", "Properties.deed", ATTRIBUTES),
    (ALERTS, "severity: 2\n    enabled: true", "severity: 2\n    enabled: false", GOES_OFF),
    (ALERTS, "empty(emails) ? [] : [receivers.id]", "[]", GOES_OFF),
    (ALERTS, "key: 'throttling'", "key: 'throttled'", RUNBOOK),
    ("docs/operate.md", "### detection-lag", "### detection", RUNBOOK),
]


@pytest.mark.parametrize("case", CASES, ids=called)
def test_a_difference_turns_its_check_red_and_no_other(case: tuple[str, str, str, set[str]], tmp_path: Path) -> None:
    name, old, new, expected = case
    assert red(seeded(tmp_path, [(name, old, new)])) == expected


def test_the_table_of_storage_requests_holds_those_of_the_code_and_no_others() -> None:
    assert {call.method for call in calls_in(ROOT)} == OPERATIONS.keys()


def test_every_check_has_a_difference() -> None:
    without = {"no role is needless"}  # below
    assert {name for *_, names in CASES for name in names} >= {check.name for check in AGREEMENT} - without


def test_a_role_for_what_no_code_does_is_needless(tmp_path: Path) -> None:
    """An app that uses no tables needs no role for them."""
    project = seeded(tmp_path, [("docs/operate.md", "# Operating", "# Operating it")])
    for path in (tmp_path / "shared/adapters").glob("*.py"):
        if "azure.data.tables" in path.read_text(encoding="utf-8"):
            path.unlink()
    assert red(project) == {"no role is needless"}


def said(project: Project, name: str) -> list[str]:
    """What a check says: file, text of the line, what is wrong and what to do."""
    check = next(one for one in AGREEMENT if one.name == name)
    return [
        f"{one.path.name}: {one.path.read_text(encoding='utf-8').splitlines()[one.line - 1].strip()}: "
        f"{one.wrong}. {one.advice}"
        for one in make(check, project).findings
    ]


def test_a_setting_of_another_name_is_told_from_both_sides(tmp_path: Path) -> None:
    project = seeded(tmp_path, [(MAIN, "    SUSPENDED_DAYS: ", "    SUSPENSION_DAYS: ")])
    there, here = sorted(said(project, *READ), key=lambda one: one.startswith("main.bicep"))
    assert here.startswith(
        "main.bicep: SUSPENSION_DAYS: string(suspendedDays): SUSPENSION_DAYS is set here, and nothing"
    )
    assert re.search(r"Rename it: shared/settings\.py:\d+ reads SUSPENDED_DAYS$", here)
    assert re.match(
        r'settings\.py: .*"SUSPENDED_DAYS".*: SUSPENDED_DAYS is read here, and no deployment sets it', there
    )
    assert re.search(r"Set it: main\.bicep:\d+ sets SUSPENSION_DAYS, which nobody reads$", there)


def test_a_table_of_another_name_is_told_by_its_name(tmp_path: Path) -> None:
    project = seeded(tmp_path, [(STORAGE, "'deadletters'", "'deadletter'")])
    assert "deadletters is used by the code, and no table of that name is made. Make it" in said(project, *TABLES)[0]
