"""What does a solution bring? customizations.xml: its flows, its connector, its connection references."""

from xml.etree import ElementTree as Xml

from local.flows.manifest import ConnectorPackage, FlowEntry, Json, Manifest, Reference
from local.flows.xml_text import ENGLISH, add, add_all, add_names, written

# The order of Microsoft's own exports.
CONTAINERS = (
    "Entities", "Roles", "Workflows", "FieldSecurityProfiles", "Templates", "EntityMaps", "EntityRelationships",
    "OrganizationSettings", "optionsets", "CustomControls", "EntityDataProviders", "Connectors", "connectionreferences",
    "Languages",
)  # fmt: skip
CLOUD_FLOW = 5
# Off, as drafts: a sample must not run before its maker has filled it in.
OFF = {"StateCode": 0, "StatusCode": 1}


def customizations(manifest: Manifest, version: str, connector: tuple[Json, Json] | None = None) -> bytes:
    """The connector's, made of its `info` and its properties; without one, the flows'."""
    root = Xml.Element("ImportExportXml")
    places = {name: add(root, name) for name in CONTAINERS}
    add(places["Languages"], "Language", ENGLISH)
    if connector is not None:
        _connector(places["Connectors"], manifest.connector, *connector)
        return written(root)
    for flow in manifest.flow:
        _flow(places["Workflows"], flow, version)
    for reference in manifest.reference:
        _reference(places["connectionreferences"], manifest, reference)
    return written(root)


def _flow(parent: Xml.Element, flow: FlowEntry, version: str) -> None:
    made = add(parent, "Workflow", WorkflowId=f"{{{flow.id}}}", Name=flow.name, Description=flow.description)
    none = ("OnDemand", "TriggerOnCreate", "TriggerOnDelete", "AsyncAutodelete", "SyncWorkflowLogOnFailure")
    add_all(
        made,
        {
            "JsonFileName": f"/{flow.part}",
            "Type": 1,
            "Subprocess": 0,
            "Category": CLOUD_FLOW,
            "Mode": 0,
            "Scope": 4,
            **dict.fromkeys(none, 0),
            **OFF,
            "RunAs": 1,
            "IsTransacted": 1,
            "IntroducedVersion": version,
            "IsCustomizable": 1,
            "BusinessProcessType": 0,
            "IsCustomProcessingStepAllowedForOtherPublishers": 1,
            "ModernFlowType": 0,
            "PrimaryEntity": "none",
        },
    )
    add_names(made, "LocalizedNames", "LocalizedName", flow.name)
    add_names(made, "Descriptions", "Description", flow.description)


def _connector(parent: Xml.Element, package: ConnectorPackage, info: Json, properties: Json) -> None:
    place = f"/Connector/{package.name}"
    add_all(
        add(parent, "Connector"),
        {
            "connectorid": package.id,
            "description": info.get("description", ""),
            "displayname": info.get("title", ""),
            "iconbrandcolor": properties.get("iconBrandColor", ""),
            "name": package.name,
            "connectortype": 1,
            "openapidefinition": f"{place}_openapidefinition.json",
            "connectionparameters": f"{place}_connectionparameters.json",
            "policytemplateinstances": f"{place}_policytemplateinstances.json",
            "iconblob": f"{place}_iconblob.Png",
        },
    )


def _reference(parent: Xml.Element, manifest: Manifest, reference: Reference) -> None:
    made = add(parent, "connectionreference", connectionreferencelogicalname=reference.logical_name)
    add(made, "connectionreferencedisplayname", reference.name)
    add(made, "connectorid", manifest.api_of(reference))
    if reference.custom:
        add(add(made, "customconnectorid"), "connectorid", manifest.connector.id)
    add_all(made, {"iscustomizable": 1, "promptingbehavior": 0, "statecode": 0, "statuscode": 1})
