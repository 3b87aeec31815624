"""Checkpoints and claims as blobs.

`checkpoints/{environmentId}.json.gz`: one document an environment, committed by ETag. `claims/{sha256}.json`: the body
of a message or a log row that is too big for its place; named by its content, so that writing it again changes nothing.
"""

import hashlib
from contextlib import suppress
from datetime import datetime
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import BlobServiceClient

from shared.adapters.documents import decode_state, encode_state
from shared.adapters.storage import or_create
from shared.domain.checkpoint import EnvironmentState
from shared.errors import CheckpointConflict, MessageInvalid
from shared.stores import StoredState

CHECKPOINTS = "checkpoints"
CLAIMS = "claims"
_NOT_MODIFIED = 304
_GZIP = ContentSettings(content_type="application/gzip")
_JSON = ContentSettings(content_type="application/json")


class BlobCheckpoints:
    """The checkpoint store. What was read or written last is remembered, so that an unchanged document has no body."""

    def __init__(self, service: BlobServiceClient) -> None:
        self._container = service.get_container_client(CHECKPOINTS)
        self._known: dict[str, StoredState] = {}

    async def read(self, environment_id: str) -> StoredState | None:
        """One conditional read."""
        known = self._known.get(environment_id)
        blob = self._container.get_blob_client(f"{environment_id}.json.gz")
        try:
            download = await blob.download_blob(**_if(MatchConditions.IfModified, known.etag if known else None))
            body = await download.readall()
        except ResourceNotFoundError:
            self._known.pop(environment_id, None)
            return None
        except HttpResponseError as error:
            if error.status_code != _NOT_MODIFIED:
                raise
            return known
        stored = StoredState(decode_state(body), download.properties.etag)
        self._known[environment_id] = stored
        return stored

    async def write(self, environment_id: str, state: EnvironmentState, etag: str | None) -> str:
        """Commit by ETag."""
        body = encode_state(state)
        blob = self._container.get_blob_client(f"{environment_id}.json.gz")
        condition = _if(MatchConditions.IfNotModified, etag)
        try:
            answer = await or_create(
                lambda: blob.upload_blob(body, overwrite=bool(etag), content_settings=_GZIP, **condition),
                self._container.create_container,
            )
        except (ResourceModifiedError, ResourceExistsError, ResourceNotFoundError):
            self._known.pop(environment_id, None)
            raise CheckpointConflict from None
        self._known[environment_id] = StoredState(state, answer["etag"])
        return str(answer["etag"])


class BlobClaims:
    """Bodies that are too big for a queue message or a table row."""

    def __init__(self, service: BlobServiceClient) -> None:
        self._container = service.get_container_client(CLAIMS)

    async def put(self, body: bytes) -> str:
        """Keep a body and answer its name."""
        name = f"{hashlib.sha256(body).hexdigest()}.json"
        blob = self._container.get_blob_client(name)
        await or_create(
            lambda: blob.upload_blob(body, overwrite=True, content_settings=_JSON), self._container.create_container
        )
        return name

    async def get(self, name: str) -> bytes:
        """The body that was kept. Raises MessageInvalid when it is gone."""
        try:
            download = await self._container.get_blob_client(name).download_blob()
            return bytes(await download.readall())
        except ResourceNotFoundError:
            raise MessageInvalid("The message's body is no longer in storage.") from None

    async def forget(self, before: datetime) -> int:
        """Remove the bodies that were written before a time. Writing one again makes it new."""
        count = 0
        try:
            async for blob in self._container.list_blobs():
                if blob.last_modified < before:
                    with suppress(ResourceModifiedError, ResourceNotFoundError):
                        await self._container.delete_blob(blob.name, if_unmodified_since=before)
                        count += 1
        except ResourceNotFoundError:  # no container: nothing was ever too big
            return count
        return count


def _if(condition: MatchConditions, etag: str | None) -> dict[str, Any]:
    """The SDK's arguments for a condition; without an ETag there must be none at all."""
    return {"etag": etag, "match_condition": condition} if etag else {}
