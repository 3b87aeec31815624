"""Which roles may an identity be given here, and what does each allow? Facts of Azure's built-in roles."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

BLOB = "Microsoft.Storage/storageAccounts/blobServices"
QUEUE = "Microsoft.Storage/storageAccounts/queueServices"
TABLE = "Microsoft.Storage/storageAccounts/tableServices"


@dataclass(frozen=True, slots=True)
class Role:
    """A built-in role: what it allows (actions and data actions, * for any rest) and on which kind of resource."""

    name: str
    scope: str
    allows: tuple[str, ...]

    def covers(self, action: str) -> bool:
        """Whether it allows an action."""
        return any(fnmatchcase(action, pattern) for pattern in self.allows)


ROLES: Mapping[str, Role] = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": Role(
        "Storage Blob Data Owner",
        "Microsoft.Storage/storageAccounts",
        (f"{BLOB}/containers/*", f"{BLOB}/generateUserDelegationKey/action"),
    ),
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": Role(
        "Storage Queue Data Contributor",
        "Microsoft.Storage/storageAccounts",
        tuple(f"{QUEUE}/queues/{verb}" for verb in ("delete", "read", "write"))
        + tuple(f"{QUEUE}/queues/messages/{verb}" for verb in ("delete", "read", "write", "process/action")),
    ),
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": Role(
        "Storage Table Data Contributor",
        "Microsoft.Storage/storageAccounts",
        tuple(f"{TABLE}/tables/{verb}" for verb in ("delete", "read", "write"))
        + tuple(
            f"{TABLE}/tables/entities/{verb}" for verb in ("read", "write", "delete", "add/action", "update/action")
        ),
    ),
    "4633458b-17de-408a-b874-0445c86b69e6": Role(
        "Key Vault Secrets User",
        "Microsoft.KeyVault/vaults",
        ("Microsoft.KeyVault/vaults/secrets/getSecret/action", "Microsoft.KeyVault/vaults/secrets/readMetadata/action"),
    ),
    "3913510d-42f4-4e42-8a64-420c390055eb": Role(
        "Monitoring Metrics Publisher",
        "Microsoft.Insights/components",
        (
            "Microsoft.Insights/Register/Action",
            "Microsoft.Support/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Insights/Metrics/Write",
            "Microsoft.Insights/Telemetry/Write",
        ),
    ),
}
