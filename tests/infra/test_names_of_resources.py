"""Does every environment get resource names that Azure takes, and that no other environment has?"""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from local.infra.plans import planned, plans_of
from local.infra.project import read_project

ROOT = Path(__file__).parents[2]
PROJECT = read_project(ROOT / "infra")
TOKEN = "abcdefghijklm"  # what uniqueString comes to in plans: 13 characters, of subscription, name and region
# Naming rules and restrictions for Azure resources (Microsoft Learn), as far as our names can break them.
RULES = {
    "Microsoft.Storage/storageAccounts": r"[a-z0-9]{3,24}",
    "Microsoft.KeyVault/vaults": r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{1,22}[a-zA-Z0-9]",
    "Microsoft.Web/sites": r"[a-z0-9][a-z0-9-]{0,58}[a-z0-9]",
    "Microsoft.Web/serverfarms": r"[a-zA-Z0-9-]{1,60}",
    "Microsoft.ManagedIdentity/userAssignedIdentities": r"[a-zA-Z0-9][\w-]{2,127}",
    "Microsoft.OperationalInsights/workspaces": r"[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]",
    "Microsoft.Insights/components": r"[a-zA-Z0-9-]{1,260}",
    "Microsoft.Network/virtualNetworks": r"[a-zA-Z0-9][\w.-]{0,62}\w",
    "Microsoft.Network/privateEndpoints": r"[a-zA-Z0-9][\w.-]{0,62}\w",
    "Microsoft.Network/natGateways": r"[a-zA-Z0-9][\w.-]{0,78}\w",
    "Microsoft.Insights/scheduledQueryRules": r"[^#<>*%&:?+/{}@]{1,259}[^#<>*%&:?+/{}@. ]",
}
NAMES = st.text("abcxyzABCXYZ019-_.", min_size=2, max_size=24)


@given(environment=NAMES, private=st.booleans())
def test_any_name_of_an_environment_gives_names_that_azure_takes(environment: str, private: bool) -> None:
    """And each of them, where it has to be unique in the world, ends in what makes it so."""
    main = plans_of(PROJECT).main
    plan = planned(PROJECT, main, {"environmentName": environment, "location": "x", "privateNetwork": private}, "any")
    for kind, rule in RULES.items():
        for one in plan.of(kind):
            assert re.fullmatch(rule, str(one.name)), f"{kind}: {one.name}"
    for kind in ("Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults", "Microsoft.Web/sites"):
        assert [str(one.name).endswith(TOKEN) for one in plan.of(kind)] == [True]
