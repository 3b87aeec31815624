"""Tables and containers of a test's own, which nobody used yet, and rows in them that cannot be read."""

from uuid import uuid4

import pytest
from azure.data.tables import UpdateMode

from shared.adapters import blobs, dead_table, event_table, subscription_table
from shared.adapters.storage import StorageAccount

PLACES = [
    (blobs, "CHECKPOINTS"),
    (blobs, "CLAIMS"),
    (dead_table, "DEAD_LETTERS"),
    (event_table, "EVENTS"),
    (subscription_table, "ENVIRONMENTS"),
    (subscription_table, "SUBSCRIPTIONS"),
    (subscription_table, "KEYS"),
]


def own_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every table and container another name, which begins as its own."""
    for module, name in PLACES:
        monkeypatch.setattr(module, name, f"{name.replace('_', '').lower()}{uuid4().hex[:12]}")


async def rewrite(account: StorageAccount, subscription_id: str, **columns: str) -> None:
    """Write columns of a subscription's row as another version of the app would have."""
    row = {"PartitionKey": subscription_id.partition(".")[0], "RowKey": subscription_id, **columns}
    await account.tables.get_table_client(subscription_table.SUBSCRIPTIONS).update_entity(row, UpdateMode.MERGE)


async def lose_body(account: StorageAccount, table: str, partition: str, row_key: str) -> None:
    """Take away the blob that holds what a row of a table names."""
    row = await account.tables.get_table_client(table).get_entity(partition, row_key)
    await account.blobs.get_blob_client(blobs.CLAIMS, row["Claim"]).delete_blob()
