"""What can be wrong with a solution: each defect, the check that it turns red, and what that says."""

from collections.abc import Mapping

from local.connector.deployment import NO_HOST, NO_ID
from tests.flows.packing import DEPLOYMENT, FLOW, Spoil, changing, copied, having, one_id_twice, replacing, without

Defect = tuple[str, str, Spoil]
POST = ("definition", "actions", "Post_to_the_channel")
TEAM = "environmentvariabledefinitions/cis_TeamId"
STATE = "<StateCode>0</StateCode>"
UTF_16 = "<x/>".encode("utf-16")
OURS = "shared_customerinsightssignals"
STEM = "Connector/cis_5Fcustomer-20insights-20signals"
# Each: the check that it turns red, what it says, and how the flows' solution is spoilt.
DEFECTS: Mapping[str, Defect] = {
    "no manifest": ("parts_are_there", "solution.xml is missing", without("solution.xml")),
    "no customizations": ("parts_are_there", "customizations.xml is missing", without("customizations.xml")),
    "no content types": ("parts_are_there", "Content_Types", without("[Content_Types].xml")),
    "open element": ("parts_are_readable", "not well-formed", replacing("solution.xml", "</Version>", "")),
    "document type": (
        "parts_are_readable",
        "document type",
        replacing("customizations.xml", "<Entities />", "<!DOCTYPE x>"),
    ),
    "broken JSON": ("parts_are_readable", "malformed", replacing(FLOW, "{", "")),
    "another encoding": (
        "parts_are_readable",
        "is not UTF-8",
        replacing("solution.xml", 'encoding="utf-8"', 'encoding="iso-8859-1"'),
    ),
    "letters of another encoding": (
        "parts_are_readable",
        "is not UTF-8",
        having("solution.xml", UTF_16),
    ),
    "the same without a mark": (
        "parts_are_readable",
        "is not UTF-8",
        having("solution.xml", UTF_16[2:]),
    ),
    "JSON of another encoding": (
        "parts_are_readable",
        "codec",
        having(f"{TEAM}/environmentvariablevalues.json", b'"\xff"'),
    ),
    "flow that is a list": ("flows_are_formed", "got `array`", having("Workflows/x.json", b"[]")),
    "flow that is empty": ("flows_are_formed", "`properties`", having("Workflows/x.json", b"{}")),
    "flow without a schema version": ("flows_are_formed", "`schemaVersion`", changing(FLOW, "schemaVersion")),
    "flow without connections": ("flows_are_formed", "`connectionReferences`", changing(FLOW, "connectionReferences")),
    "connection without a connector": (
        "flows_are_formed",
        "`api`",
        changing(FLOW, "connectionReferences", "shared_teams", "api"),
    ),
    "step without a type": ("flows_are_formed", "`type`", changing(FLOW, *POST, "type")),
    "call of nothing": ("flows_are_formed", "`host`", changing(FLOW, *POST, "inputs", "host")),
    "no name": ("manifest_is_whole", "no UniqueName", replacing("solution.xml", "CustomerInsightsSignalsFlows", "")),
    "stray file": ("parts_are_expected", "Other/x.json belongs nowhere", having("Other/x.json", b"{}")),
    "untold ending": ("content_types_cover_all", "x.csx has no content type", having("Other/x.csx", b"")),
    "part without ending": ("content_types_cover_all", "Other/x has no", having("Other/x", b"")),
    "root component too many": (
        "root_components_are_defined",
        "is not in the solution",
        replacing("solution.xml", 'type="29" id="{4', 'type="29" id="{5'),
    ),
    "root component twice": (
        "root_components_are_defined",
        "there 2 times",
        replacing("solution.xml", 'schemaName="cis_TeamId"', 'schemaName="cis_ChannelId"'),
    ),
    "unlisted variable": (
        "root_components_are_defined",
        "cis_TeamId') is no root",
        replacing("solution.xml", 'schemaName="cis_TeamId"', 'schemaName="cis_EnvironmentId"'),
    ),
    "flow that is not there": ("named_parts_are_there", "named but not there", without(FLOW)),
    "flow that nothing names": ("named_parts_are_there", "nothing names it", copied(FLOW, "Workflows/x.json")),
    "variable elsewhere": (
        "variables_lie_where_they_belong",
        "defines cis_TeamIds",
        replacing(TEAM, 'schemaname="cis_TeamId"', 'schemaname="cis_TeamIds"'),
    ),
    "one id twice": ("ids_are_unique", "2 times", one_id_twice),
    "flow that is on": ("flows_are_off", "is on", replacing("customizations.xml", STATE, STATE.replace("0", "1"))),
    "flow of another category": (
        "flows_are_off",
        "has the Category 0",
        replacing("customizations.xml", "<Category>5", "<Category>0"),
    ),
    "reference twice": (
        "references_are_declared",
        "cis_Teams is there 2 times",
        replacing("customizations.xml", 'logicalname="cis_Outlook"', 'logicalname="cis_Teams"'),
    ),
    "undeclared reference": (
        "references_are_declared",
        "no connection reference",
        replacing("customizations.xml", 'name="cis_Teams"', 'name="cis_Team"'),
    ),
    "reference to another connector": (
        "references_are_declared",
        "for shared_teams is no",
        replacing("customizations.xml", "shared_teams", "shared_slack"),
    ),
    "untold need": (
        "needs_are_told",
        "DataSourceRefreshFailed",
        replacing("solution.xml", '<Dependent type="29"', '<Dependent type="28"'),
    ),
    "untold need of a reference": (
        "needs_are_told",
        "cis_CustomerInsightsSignals needs",
        replacing("solution.xml", 'logicalname="cis_C', 'logicalname="cis_D'),
    ),
    "need of another connector": (
        "needs_are_told",
        "schemaName cis_5Fother",
        replacing("solution.xml", 'schemaName="cis_5Fcustomer-20insights-20signals"', 'schemaName="cis_5Fother"'),
    ),
    "need of another id": ("needs_are_told", "id {757", replacing("solution.xml", 'id="{657', 'id="{757')),
    "need of a certain solution": ("needs_are_told", "solution X", replacing("solution.xml", '"Active"', '"X"')),
    "reference to another custom connector": (
        "references_are_of_this_connector",
        "customconnectorid is 757",
        replacing("customizations.xml", "<connectorid>657", "<connectorid>757"),
    ),
    "flow of another custom connector": (
        "references_are_of_this_connector",
        "is not cis_5F",
        changing(FLOW, "connectionReferences", OURS, "api", "logicalName", to="cis_5Fother"),
    ),
}
CONNECTOR_DEFECTS: Mapping[str, Defect] = {
    "client secret": (
        "secrets_are_kept",
        "oAuthSettings/clientSecret looks like a secret",
        replacing(
            f"{STEM}_connectionp",
            '"clientId":',
            '"clientSecret": "x", "clientId":',
        ),
    ),
    "no definition": (
        "named_parts_are_there",
        "openapidefinition.json is named",
        without(f"{STEM}_openapi"),
    ),
    "file that nothing names": ("named_parts_are_there", "nothing names it", having("Connector/x.json", b"{}")),
    "connector with another id": (
        "root_components_are_defined",
        "is no root component",
        replacing("customizations.xml", "<connectorid>6", "<connectorid>7"),
    ),
    "connector with another name": (
        "root_components_are_defined",
        "is no root component",
        replacing("customizations.xml", "<name>cis_5F", "<name>cis_5f"),
    ),
    "connector of another manifest": (
        "references_are_of_this_connector",
        "the connector is 757",
        replacing("customizations.xml", "<connectorid>657", "<connectorid>757"),
    ),
    "file with another name": (
        "named_parts_are_there",
        "not called by the connector's name",
        replacing("customizations.xml", "<name>cis_5F", "<name>cis_5f"),
    ),
    "no icon": ("icons_are_pictures", "no PNG", having(f"{STEM}_iconblob.Png", b"")),
    "icon that is no PNG": ("icons_are_pictures", "no PNG", having(f"{STEM}_iconblob.Png", b"<svg/>")),
    "host that is not filled in": (
        "connector_is_filled_in",
        "run ./dev connector build",
        replacing(f"{STEM}_openapi", DEPLOYMENT.host, NO_HOST),
    ),
    "id that is not filled in": (
        "connector_is_filled_in",
        "run ./dev connector build",
        replacing(f"{STEM}_connectionp", DEPLOYMENT.client_id, NO_ID),
    ),
    "no icon type": (
        "content_types_cover_all",
        ".Png has no content type",
        replacing("[Content_Types].xml", 'Extension="Png"', 'Extension="gif"'),
    ),
}
