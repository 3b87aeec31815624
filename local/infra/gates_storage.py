"""Is storage reached by identity only, over TLS, and in a private network by its private endpoints only?"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from local.infra.findings import Finding
from local.infra.holding import Must, Rule, about, each, exactly, shown
from local.infra.plans import Plan, Planned, Plans
from local.infra.scope import known

ACCOUNT = "Microsoft.Storage/storageAccounts"
CONTAINER = f"{ACCOUNT}/blobServices/containers"
VAULT = "Microsoft.KeyVault/vaults"
ENDPOINT = "Microsoft.Network/privateEndpoints"
ZONE = "Microsoft.Network/privateDnsZones"
LINK = f"{ZONE}/virtualNetworkLinks"
NAMES = f"{ENDPOINT}/privateDnsZoneGroups"
GROUP = "Microsoft.Network/networkSecurityGroups"
NETWORK = "Microsoft.Network/virtualNetworks"
# Service of a private endpoint -> what it leads to, and the zone that its name is found in.
PRIVATE = {
    "blob": (ACCOUNT, "privatelink.blob.core.windows.net"),
    "queue": (ACCOUNT, "privatelink.queue.core.windows.net"),
    "table": (ACCOUNT, "privatelink.table.core.windows.net"),
    "vault": (VAULT, "privatelink.vaultcore.azure.net"),
}


def storage_has_no_keys(plans: Plans) -> Iterator[Finding]:
    """Are account keys, local users and SFTP off, and is identity what the portal asks for?"""
    off = [
        Must(ACCOUNT, f"properties.{name}", exactly(False), "false: there is no way in but by identity")
        for name in ("allowSharedKeyAccess", "isLocalUserEnabled", "isSftpEnabled")
    ]
    portal = Must(ACCOUNT, "properties.defaultToOAuthAuthentication", exactly(True), "true")
    return each(plans.every, [*off, portal])


def storage_shows_nothing_in_public(plans: Plans) -> Iterator[Finding]:
    """Are anonymous reads refused, by the account and by each container?"""
    return each(
        plans.every,
        [
            Must(ACCOUNT, "properties.allowBlobPublicAccess", exactly(False), "false"),
            Must(CONTAINER, "properties.publicAccess", exactly("None"), "'None'"),
        ],
    )


def storage_takes_only_tls(plans: Plans) -> Iterator[Finding]:
    """Does storage take nothing but HTTPS with TLS 1.2 or newer?"""
    return each(
        plans.every,
        [
            Must(ACCOUNT, "properties.supportsHttpsTrafficOnly", exactly(True), "true"),
            Must(ACCOUNT, "properties.minimumTlsVersion", exactly("TLS1_2", "TLS1_3"), "'TLS1_2' or 'TLS1_3'"),
        ],
    )


def storage_stays_in_its_tenant(plans: Plans) -> Iterator[Finding]:
    """Can nothing be replicated to another tenant?"""
    return each(plans.every, [Must(ACCOUNT, "properties.allowCrossTenantReplication", exactly(False), "false")])


def a_private_network_closes_public_ways(plans: Plans) -> Iterator[Finding]:
    """In a private network: do storage and vault refuse what comes from the internet?"""
    return each(
        _private(plans),
        [
            must
            for kind in (ACCOUNT, VAULT)
            for must in (
                Must(kind, "properties.publicNetworkAccess", exactly("Disabled"), "'Disabled'"),
                Must(kind, "properties.networkAcls.defaultAction", exactly("Deny"), "'Deny'"),
            )
        ],
    )


def a_private_network_has_private_ways(plans: Plans) -> Iterator[Finding]:
    """In a private network: has each service an endpoint, a zone that the network knows, and its name in it?"""
    for plan in _private(plans):
        for service, (kind, zone) in PRIVATE.items():
            yield from _private_way(plan, service, kind, zone)


def a_private_network_lets_nobody_in(plans: Plans) -> Iterator[Finding]:
    """In a private network: has each subnet a security group without rules, and one way out at most, which is known?"""
    groups = Must(GROUP, "properties.securityRules", lambda value: value is None or value == [], "left out")
    yield from each(_private(plans), [groups])
    for plan in _private(plans):
        for network in plan.of(NETWORK):
            subnets = network.at("properties.subnets")
            for subnet in subnets if isinstance(subnets, list) else [{}]:
                inside = subnet.get("properties", {})
                closed = inside.get("defaultOutboundAccess") is False and inside.get("networkSecurityGroup")
                if not closed:
                    wrong = f"the subnet {shown(subnet.get('name'))} is open"
                    yield about(network, "properties.subnets", wrong, "Give it a group; defaultOutboundAccess: false")


def _private(plans: Plans) -> tuple[Plan, ...]:
    return (plans.private, *(one for one in plans.known if one.of(NETWORK)))


def _private_way(plan: Plan, service: str, kind: str, zone: str) -> Iterator[Finding]:
    zones = [one for one in plan.of(ZONE) if one.name == zone]
    links = [one for one in plan.of(LINK) if one.at("parent.name") == zone and _leads_to_network(plan, one)]
    endpoints = [one for one in plan.of(ENDPOINT) if _leads_to(plan, one, service, kind)]
    names = [one for one in plan.of(NAMES) if _puts_into(one, service, {each.id for each in zones})]
    found = {"private endpoint": endpoints, f"zone {zone}": zones, "link of its zone": links, "name in its zone": names}
    for what, made in found.items():
        if not made:
            advice = "Add it, as the other services have it"
            yield Finding(_file(plan), 1, f"{service} has no {what}", advice, plans=(plan.name,))


def _file(plan: Plan) -> Path:
    return next((one.path for one in plan.of(ENDPOINT)), plan.path)


def _connections(endpoint: object) -> list[Mapping[str, object]]:
    """What the properties of a private endpoint lead to."""
    found = endpoint.get("privateLinkServiceConnections") if isinstance(endpoint, dict) else None
    return [one["properties"] for one in found if known(one)] if isinstance(found, list) else []


def _leads_to(plan: Plan, one: Planned, service: str, kind: str) -> bool:
    targets = {target.id for target in plan.of(kind)}
    return any(
        connection.get("groupIds") == [service] and connection.get("privateLinkServiceId") in targets
        for connection in _connections(one.at("properties"))
    )


def _leads_to_network(plan: Plan, link: Planned) -> bool:
    return link.at("properties.virtualNetwork.id") in {one.id for one in plan.of(NETWORK)}


def _puts_into(group: Planned, service: str, zones: set[str]) -> bool:
    """Whether the endpoint of a service gets its name in one of these zones."""
    configured = group.at("properties.privateDnsZoneConfigs")
    listed = configured if isinstance(configured, list) else []
    of_service = any(one.get("groupIds") == [service] for one in _connections(group.at("parent.properties")))
    return of_service and any(known(one) and one["properties"].get("privateDnsZoneId") in zones for one in listed)


RULES: tuple[Rule, ...] = (
    storage_has_no_keys,
    storage_shows_nothing_in_public,
    storage_takes_only_tls,
    storage_stays_in_its_tenant,
    a_private_network_closes_public_ways,
    a_private_network_has_private_ways,
    a_private_network_lets_nobody_in,
)
