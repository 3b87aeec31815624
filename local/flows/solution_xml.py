"""What is a solution called, and what is at its root? solution.xml, the content types, the environment variables."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from xml.etree import ElementTree as Xml

from local.flows.manifest import ConnectorPackage, FlowEntry, Manifest, Package, Publisher, Variable
from local.flows.xml_text import ENGLISH, XSI, add, add_all, add_names, written

PACKAGE_VERSION = "9.2"
ANY_BYTES = "application/octet-stream"
CONTENT_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
FLOW, CONNECTOR, VARIABLE, REFERENCE = "29", "372", "380", "connectionreference"
# Where a real export says that an unmanaged connector comes from, also when it is in a solution of its own.
ACTIVE = "Active"
STRING_VARIABLE, SECRET_VARIABLE = "100000000", "100000005"
_NILS = ("EMailAddress", "SupportingWebsiteUrl")
# Exports have two addresses of a publisher, empty as they are.
_ADDRESS = {
    "City": None, "County": None, "Country": None, "Fax": None, "FreightTermsCode": None, "ImportSequenceNumber": None,
    "Latitude": None, "Line1": None, "Line2": None, "Line3": None, "Longitude": None, "Name": None, "PostalCode": None,
    "PostOfficeBox": None, "PrimaryContactName": None, "ShippingMethodCode": 1, "StateOrProvince": None,
    "Telephone1": None, "Telephone2": None, "Telephone3": None, "TimeZoneRuleVersionNumber": None, "UPSZone": None,
    "UTCOffset": None, "UTCConversionTimeZoneCode": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Needing:
    """The flows that need the connector, which people call by its title."""

    title: str
    flows: tuple[FlowEntry, ...]


def solution_xml(manifest: Manifest, package: Package, version: str, needing: Needing | None = None) -> bytes:
    """The solution's name, publisher and root components, and what in it needs the connector."""
    attributes = {"version": f"{PACKAGE_VERSION}.0.0", "SolutionPackageVersion": PACKAGE_VERSION}
    root = Xml.Element("ImportExportXml", {**attributes, "languagecode": ENGLISH, "generatedBy": "CrmLive"})
    top = add(root, "SolutionManifest")
    add(top, "UniqueName", package.unique_name)
    add_names(top, "LocalizedNames", "LocalizedName", package.solution)
    add_names(top, "Descriptions", "Description", package.description)
    add_all(top, {"Version": version, "Managed": 0})
    _publisher(top, manifest.publisher)
    components = add(top, "RootComponents")
    for attributes in _components(manifest, package):
        add(components, "RootComponent", **attributes, behavior="0")
    missing = add(top, "MissingDependencies")
    if needing is not None:
        _needs_connector(missing, manifest, needing)
    return written(root)


def content_types(parts: Iterable[str]) -> bytes:
    """What kind every part is: by its ending, or by its name where it has none."""
    suffixes = sorted({PurePosixPath(part).suffix[1:] for part in parts} - {""})
    root = Xml.Element("Types", xmlns=CONTENT_TYPES)
    for suffix in suffixes:
        add(root, "Default", Extension=suffix, ContentType=ANY_BYTES)
    for part in sorted(part for part in parts if not PurePosixPath(part).suffix):
        add(root, "Override", PartName=f"/{part}", ContentType=ANY_BYTES)
    return written(root)


def variable_xml(variable: Variable, version: str) -> bytes:
    """The definition of an environment variable; it has no value, not even a default one."""
    root = Xml.Element("environmentvariabledefinition", schemaname=variable.schema_name)
    for tag, text in (("description", variable.description), ("displayname", variable.name)):
        add(add(root, tag, default=text), "label", description=text, languagecode=ENGLISH)
    kind = SECRET_VARIABLE if variable.secret else STRING_VARIABLE
    add_all(root, {"introducedversion": version, "iscustomizable": 1, "isrequired": 0, "secretstore": 0, "type": kind})
    return written(root)


def _publisher(top: Xml.Element, publisher: Publisher) -> None:
    made = add(top, "Publisher")
    add(made, "UniqueName", publisher.unique_name)
    add_names(made, "LocalizedNames", "LocalizedName", publisher.name)
    add(made, "Descriptions")
    _add_known(made, dict.fromkeys(_NILS))
    add_all(
        made,
        {
            "CustomizationPrefix": publisher.prefix,
            "CustomizationOptionValuePrefix": publisher.option_value_prefix,
        },
    )
    addresses = add(made, "Addresses")
    for number in (1, 2):
        _add_known(add(addresses, "Address"), {"AddressNumber": number, "AddressTypeCode": 1, **_ADDRESS})


def _add_known(parent: Xml.Element, values: Mapping[str, int | None]) -> None:
    for tag, value in values.items():
        if value is None:
            add(parent, tag).set(f"{{{XSI}}}nil", "true")
        else:
            add(parent, tag, value)


def _components(manifest: Manifest, package: Package) -> Iterator[dict[str, str]]:
    if isinstance(package, ConnectorPackage):
        yield {"type": CONNECTOR, "id": f"{{{package.id}}}", "schemaName": package.name}
        return
    for flow in manifest.flow:
        yield {"type": FLOW, "id": f"{{{flow.id}}}"}
    for variable in manifest.variable:
        yield {"type": VARIABLE, "schemaName": variable.schema_name}


def _needs_connector(missing: Xml.Element, manifest: Manifest, needing: Needing) -> None:
    """The connector comes in a solution of its own, which has to be there first."""
    connector = manifest.connector
    required = {"type": CONNECTOR, "schemaName": connector.name, "displayName": needing.title, "solution": ACTIVE}
    dependents = [{"type": FLOW, "displayName": flow.name, "id": f"{{{flow.id}}}"} for flow in needing.flows]
    dependents += [
        {"type": REFERENCE, "displayName": one.name, "id.connectionreferencelogicalname": one.logical_name}
        for one in manifest.reference
        if one.custom
    ]
    for dependent in dependents:
        entry = add(missing, "MissingDependency")
        add(entry, "Required", **required, id=f"{{{connector.id}}}")
        add(entry, "Dependent", **dependent)
