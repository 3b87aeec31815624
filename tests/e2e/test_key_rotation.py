"""Encryption keys are rotated without a flow noticing: a new key in front, one call, the old key taken out."""

from collections.abc import Sequence
from uuid import uuid4

import azure.functions as func
from cryptography.fernet import Fernet

from tests.e2e.app import running_app

CALLBACK = "http://127.0.0.1:9/workflows/w/run?sp=%2Frun&sig=secret"


async def test_after_the_rotation_the_new_key_alone_reads_everything(
    azurite: str, functions: Sequence[func.Function]
) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    order = {"environmentId": str(uuid4()), "callbackUrl": CALLBACK}
    async with running_app(functions, azurite, CALLBACK_ENCRYPTION_KEYS=old) as app:
        made = (await app.ask("POST", "triggers/unification-completed", order)).json["id"]
        before = await app.house.ports.subscriptions.find(made)
    async with running_app(functions, azurite, CALLBACK_ENCRYPTION_KEYS=f"{new},{old}") as app:
        answer = await app.ask("POST", "operations/reencrypt")
        assert (answer.status, answer.json["rewritten"]) == (200, 1)
        assert (await app.ask("POST", "operations/reencrypt")).json["rewritten"] == 0
    async with running_app(functions, azurite, CALLBACK_ENCRYPTION_KEYS=new) as app:
        assert await app.house.ports.subscriptions.find(made) == before
        assert (await app.ask("DELETE", f"subscriptions/{made}")).status == 204
