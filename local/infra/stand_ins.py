"""What stands for what only Azure can say (ids, addresses, names made by hashing), where a deployment is computed?"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from local.infra.expressions import ArrayOf, Call, Entry, Expression, Literal, Name, ObjectOf, Text
from local.infra.known_functions import NAMESPACES

SUBSCRIPTION = "/subscriptions/00000000-0000-4000-8000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
TENANT = "00000000-0000-4000-8000-000000000002"
PRINCIPAL = "00000000-0000-4000-8000-000000000003"
IDENTITY = "00000000-0000-4000-8000-000000000004"
IMPERSONATION = "user_impersonation"
USER_SCOPE = "00000000-0000-4000-8000-000000000006"
APP_ROLE = "00000000-0000-4000-8000-000000000007"
VAULT = "https://kv.vault.azure.net/"
HOST = "signals.azurewebsites.net"
SERVICES = {service: f"https://st.{service}.core.windows.net/" for service in ("blob", "queue", "table")}
CONNECTION_STRING = "InstrumentationKey=00000000-0000-4000-8000-000000000005;IngestionEndpoint=https://in.ai.azure.com/"
FIRST_OF_MONTH = "2026-11-01"
# Azure gives these to a resource when it has made it.
GIVEN: Mapping[str, Mapping[str, object]] = {
    "Microsoft.ManagedIdentity/userAssignedIdentities": {
        "properties": {"principalId": PRINCIPAL, "clientId": IDENTITY, "tenantId": TENANT}
    },
    "Microsoft.Storage/storageAccounts": {"properties": {"primaryEndpoints": SERVICES}},
    "Microsoft.KeyVault/vaults": {"properties": {"vaultUri": VAULT}},
    "Microsoft.Insights/components": {"properties": {"ConnectionString": CONNECTION_STRING}},
    "Microsoft.Web/sites": {"properties": {"defaultHostName": HOST}},
    "Microsoft.Graph/servicePrincipals": {
        "oauth2PermissionScopes": [{"value": IMPERSONATION, "id": USER_SCOPE}],
        "appRoles": [{"value": "api.access", "id": APP_ROLE}],
    },
}
REGISTRATIONS = "Microsoft.Graph/applications"


def id_of(kind: str, symbol: str, name: object) -> str:
    """The resource id; with the symbol where the name cannot be known."""
    return f"{GROUP}/providers/{kind}/{name if isinstance(name, str) else symbol}"


def given_to(kind: str, symbol: str, name: object) -> dict[str, object]:
    """What Azure gives to a resource of this kind and symbol: an id and what `GIVEN` says."""
    given: dict[str, object] = {"id": id_of(kind, symbol, name), "type": kind, "symbol": symbol}
    if kind == REGISTRATIONS:
        given["appId"] = app_id(symbol)
    return {**given, **GIVEN.get(kind, {})}


def app_id(symbol: str) -> str:
    """The client id of a registration: the same for the same symbol, another for another."""
    return f"00000000-0000-4000-9000-{int.from_bytes(symbol.encode()[-6:].rjust(6, b'_'), 'big'):012x}"


def filled_in(expression: Expression, folder: Path, variables: Mapping[str, str] | None = None) -> Expression:
    """The expression with stand-ins for calls of Azure; `variables` are what a parameter file's environment holds."""

    def change(one: Expression) -> Expression:
        if not isinstance(one, Call) or not (one.of is None or (isinstance(one.of, Name) and one.of.id in NAMESPACES)):
            return one
        if one.name == "loadTextContent" and isinstance(one.arguments[0], Literal):
            return Literal((folder / str(one.arguments[0].value)).read_text(encoding="utf-8"), one.line)
        if one.name == "readEnvironmentVariable" and isinstance(one.arguments[0], Literal):
            found = (variables or {}).get(str(one.arguments[0].value))
            return one.arguments[1] if found is None else Literal(found, one.line)
        stand_in = STAND_INS.get(one.name)
        return stand_in(one) if stand_in else one

    return rewritten(expression, change)


def rewritten(expression: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The expression with everything in it changed, from the inside out."""

    def of(value: object) -> object:
        if isinstance(value, Entry):
            return replace(value, key=of(value.key), value=of(value.value))  # type: ignore[arg-type]
        if isinstance(value, tuple):
            return tuple(of(item) for item in value)
        return rewritten(value, change) if isinstance(value, Expression) else value

    parts: dict[str, Any] = {one.name: of(getattr(expression, one.name)) for one in fields(expression)}
    return change(type(expression)(**parts))


def written(value: object, line: int) -> Expression:
    """A value as one would write it."""
    if isinstance(value, dict):
        return ObjectOf(tuple(Entry(str(key), written(one, line), line) for key, one in value.items()), line)
    if isinstance(value, list):
        return ArrayOf(tuple(written(one, line) for one in value), line)
    return Literal(value if value is None or isinstance(value, str | int) else str(value), line)


def _fixed(value: object) -> Callable[[Call], Expression]:
    return lambda call: written(value, call.line)


def _joined(call: Call, start: str, parts: Iterable[Expression]) -> Expression:
    """A text that is the same for the same arguments, and another for others."""
    pieces: list[Expression] = [Literal(start, call.line)]
    for part in parts:
        pieces += [Literal("/", call.line), part]
    return Text(tuple(pieces), call.line)


STAND_INS: Mapping[str, Callable[[Call], Expression]] = {
    "tenant": _fixed({"tenantId": TENANT}),
    "subscription": _fixed({"id": SUBSCRIPTION, "tenantId": TENANT}),
    "resourceGroup": _fixed({"id": GROUP, "name": "rg", "location": "westeurope"}),
    "environment": _fixed(
        {
            "suffixes": {"storage": "core.windows.net", "keyvaultDns": ".vault.azure.net"},
            "authentication": {"loginEndpoint": "https://login.microsoftonline.com/"},
        }
    ),
    "uniqueString": _fixed("abcdefghijklm"),
    "utcNow": _fixed(FIRST_OF_MONTH),
    "guid": lambda call: _joined(call, "guid", call.arguments),
    "cidrSubnet": lambda call: _joined(call, "subnet", call.arguments),
    "subscriptionResourceId": lambda call: _joined(call, f"{SUBSCRIPTION}/providers", call.arguments),
}
