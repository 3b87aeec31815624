"""What does the code ask of storage, and which permission does each request need?"""

import ast
from collections.abc import Mapping
from functools import cache
from inspect import isfunction
from pathlib import Path
from typing import NamedTuple

from local.infra.known_roles import BLOB, QUEUE, TABLE

Needs = tuple[frozenset[str], ...]  # any of these sets does

ADAPTERS = "shared/adapters"
_BLOBS = f"{BLOB}/containers/blobs"
_MESSAGES = f"{QUEUE}/queues/messages"
_ENTITIES = f"{TABLE}/tables/entities"


def _one(*actions: str) -> Needs:
    return tuple(frozenset({action}) for action in actions)


_TAKE_MESSAGES: Needs = (
    frozenset({f"{_MESSAGES}/process/action"}),
    frozenset({f"{_MESSAGES}/read", f"{_MESSAGES}/delete"}),
)
_PUT_ENTITY: Needs = (
    frozenset({f"{_ENTITIES}/write"}),
    frozenset({f"{_ENTITIES}/add/action", f"{_ENTITIES}/update/action"}),
)
# Facts of Microsoft's page on permissions for the REST operations of blobs, queues and tables, by method of the SDK.
OPERATIONS: Mapping[str, tuple[Needs, ...]] = {
    "create_container": (_one(f"{BLOB}/containers/write"),),
    "upload_blob": (_one(f"{_BLOBS}/write"),),
    "download_blob": (_one(f"{_BLOBS}/read"),),
    "delete_blob": (_one(f"{_BLOBS}/delete"),),
    "list_blobs": (_one(f"{_BLOBS}/read"),),
    "create_queue": (_one(f"{QUEUE}/queues/write"),),
    "send_message": (_one(f"{_MESSAGES}/add/action", f"{_MESSAGES}/write"),),
    "receive_messages": (_TAKE_MESSAGES,),
    "delete_message": (_one(f"{_MESSAGES}/process/action", f"{_MESSAGES}/delete"),),
    "create_table": (_one(f"{TABLE}/tables/write"),),
    "get_entity": (_one(f"{_ENTITIES}/read"),),
    "query_entities": (_one(f"{_ENTITIES}/read"),),
    "upsert_entity": (_PUT_ENTITY,),
    "update_entity": (_one(f"{_ENTITIES}/write", f"{_ENTITIES}/update/action"),),
    "delete_entity": (_one(f"{_ENTITIES}/delete"),),
    # Each operation inside is asked about by itself: ours create, replace, merge and delete.
    "submit_transaction": (_PUT_ENTITY, _one(f"{_ENTITIES}/delete")),
}
# What the Functions host does in the same account, by what it does it for.
BY_THE_HOST: Mapping[str, tuple[Needs, ...]] = {
    "locks of timers and singletons": (
        _one(f"{BLOB}/containers/write"),
        _one(f"{_BLOBS}/write"),
        _one(f"{_BLOBS}/read"),
    ),
    "the app's code": (_one(f"{_BLOBS}/read"),),
    "taking queue messages": (_TAKE_MESSAGES,),
    "renewing and postponing messages": (_one(f"{_MESSAGES}/write"),),
    "poison queues": (_one(f"{QUEUE}/queues/write"), _one(f"{_MESSAGES}/add/action", f"{_MESSAGES}/write")),
    "how long a queue is, to scale": (_one(f"{QUEUE}/queues/read"),),
}
# Methods of the SDK's clients that send nothing.
SILENT = frozenset({"close", "from_connection_string", "from_blob_url", "from_container_url", "from_queue_url"})


class CallOf(NamedTuple):
    """A place in the code that calls the SDK, or hands a method of it on."""

    path: Path
    line: int
    method: str


@cache
def methods_of_the_sdk() -> frozenset[str]:
    """The public methods of the clients that send requests."""
    from azure.data.tables.aio import TableClient, TableServiceClient
    from azure.storage.blob.aio import BlobClient, BlobServiceClient, ContainerClient
    from azure.storage.queue.aio import QueueClient, QueueServiceClient

    clients = (TableClient, TableServiceClient, BlobClient, ContainerClient, BlobServiceClient)
    found = [vars(client) for client in (*clients, QueueClient, QueueServiceClient)]
    names = {name for methods in found for name, one in methods.items() if isfunction(one)}
    return frozenset(one for one in names if not one.startswith("_") and not one.endswith("_client")) - SILENT


@cache
def calls_in(repository: Path) -> tuple[CallOf, ...]:
    """Every use of such a method in the adapters."""
    found: list[CallOf] = []
    for path in sorted((repository / ADAPTERS).glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        nodes = ast.walk(tree) if _uses_storage(tree) else ()
        used = [node for node in nodes if isinstance(node, ast.Attribute) and node.attr in methods_of_the_sdk()]
        found += [CallOf(path, node.lineno, node.attr) for node in used]
    return tuple(found)


def _uses_storage(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("azure.data", "azure.storage"))
        for node in ast.walk(tree)
    )
