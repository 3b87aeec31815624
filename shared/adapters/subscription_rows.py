"""How a subscription is written in a row: its secrets encrypted, its health as JSON that a person can read."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from shared.adapters.cipher import Cipher
from shared.adapters.rows import Row, aware
from shared.domain.signatures import SigningSecret
from shared.domain.subscribing import parse_filters
from shared.domain.subscriptions import Filters, Flow, Health, Subscription, SubscriptionState, Trigger
from shared.errors import RequestInvalid, SettingsInvalid


class _Secrets(msgspec.Struct, rename="camel"):
    callback_url: str
    signing: tuple[SigningSecret, ...] = ()


# What reading a row raises that somebody else wrote, or another version.
UNREADABLE = (
    *(ValueError, KeyError, TypeError, AttributeError, RecursionError),
    *(RequestInvalid, SettingsInvalid, msgspec.MsgspecError),
)
_secrets_decoder = msgspec.json.Decoder(_Secrets)
_fields_decoder = msgspec.json.Decoder(dict[str, Any])
_health_decoder = msgspec.json.Decoder(Health)


def to_row(subscription: Subscription, cipher: Cipher) -> Row:
    """The whole of a subscription."""
    return {
        "Trigger": str(subscription.trigger),
        "Fields": msgspec.json.encode(subscription.fields).decode(),
        "Label": subscription.label,
        "CreatedAt": subscription.created_at,
        "Owner": subscription.owner,
        "Flow": subscription.flow.name,
        "FlowEnvironment": subscription.flow.environment,
        "FlowStep": subscription.flow.step,
        "FlowKey": subscription.flow_key,
        "CallbackKey": subscription.callback_key,
        "Callback": subscription.callback_shown,
        "Batch": subscription.batch,
        **changes(subscription, cipher),
        "Secrets": _encrypted(subscription, cipher),
    }


def changes(subscription: Subscription, cipher: Cipher) -> Mapping[str, Any]:
    """What can change of a subscription; its secrets where it has them."""
    row: dict[str, Any] = {
        "PartitionKey": subscription.environment_id,
        "RowKey": subscription.id,
        "State": str(subscription.state),
        "ReplacedBy": subscription.replaced_by,
        "Health": msgspec.json.encode(subscription.health).decode(),
    }
    times = {"StateSince": subscription.state_since, "PolledAt": subscription.polled_at}
    row |= {name: moment for name, moment in times.items() if moment is not None}
    return row | ({"Secrets": _encrypted(subscription, cipher)} if subscription.signing_secrets else {})


def without_secrets(row: Row) -> Subscription:
    """A subscription as listings show it; one whose filters this version does not take has a problem.

    Raises UNREADABLE for a row that cannot be read at all.
    """
    trigger = Trigger(row["Trigger"])
    fields = _fields_decoder.decode(row["Fields"])
    filters, problem = _filters(trigger, fields)
    return Subscription(
        id=row["RowKey"],
        environment_id=row["PartitionKey"],
        trigger=trigger,
        fields=fields,
        filters=filters,
        callback_url="",
        created_at=aware(row["CreatedAt"]),
        label=row["Label"],
        state=SubscriptionState(row["State"]),
        state_since=aware(row["StateSince"]) if row.get("StateSince") else None,
        owner=row["Owner"],
        flow=Flow(row["Flow"], row["FlowEnvironment"], row["FlowStep"]),
        flow_key=row["FlowKey"],
        callback_key=row["CallbackKey"],
        callback_shown=row["Callback"],
        batch=row["Batch"],
        replaced_by=row["ReplacedBy"],
        polled_at=aware(row["PolledAt"]) if row.get("PolledAt") else None,
        health=_health_decoder.decode(row["Health"]),
        problem=problem,
    )


def with_secrets(row: Row, cipher: Cipher) -> Subscription:
    """A subscription as a call needs it. Raises UNREADABLE, of which SettingsInvalid when no key reads its secrets."""
    secrets = _secrets_decoder.decode(cipher.decrypt(row["Secrets"]))
    return replace(without_secrets(row), callback_url=secrets.callback_url, signing_secrets=secrets.signing)


def _filters(trigger: Trigger, fields: Mapping[str, Any]) -> tuple[Filters, str]:
    try:
        return parse_filters(trigger, fields), ""
    except RequestInvalid as error:
        return Filters(), str(error)


def keys_in(row: Row) -> tuple[str, ...]:
    """The keys that the subscription of a row can be found by."""
    return tuple(row[name] for name in ("FlowKey", "CallbackKey") if row.get(name))


def _encrypted(subscription: Subscription, cipher: Cipher) -> str:
    secrets = _Secrets(subscription.callback_url, subscription.signing_secrets)
    return cipher.encrypt(msgspec.json.encode(secrets).decode())
