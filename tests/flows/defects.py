"""What can be wrong with a solution: each defect, the check that it turns red, and what that says."""

from collections.abc import Mapping

from tests.flows.packing import (
    FLOW,
    HTTP_FLOW,
    REPORT_FLOW,
    Spoil,
    changing,
    having,
    one_id_twice,
    replacing,
    without,
)

Defect = tuple[str, str, Spoil]
TRIGGER = ("definition", "triggers", "When_a_data_source_refresh_fails")
POST = ("definition", "actions", "Post_to_the_channel")
FIELDS = (*TRIGGER, "inputs", "parameters")
PARAMETERS = ("definition", "parameters")
TEAM = "Team (cis_TeamId)"
READ = ("definition", "actions", "Read_the_client_secret")
WAIT = ("definition", "actions", "Refresh_and_wait")
SECRET_PARAMETER = {"defaultValue": "", "type": "String", "metadata": {"schemaName": "cis_ClientSecret"}}
TOKEN = "eyJhbGciOiJSUzI1NiJ9.e30.x"
VARIABLE = "environmentvariabledefinitions/cis_TeamId"
EMPTY_FLOW = (
    b'{"properties": {"connectionReferences": {}, "definition": {"triggers": {}, "actions": {}, "parameters": {}}}}'
)
NO_SOURCE = "@parameters('Signals address (cis_SignalsUrl)')"
STATE = "<StateCode>0</StateCode>"
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
    "untold ending": ("content_types_cover_all", "x.csx has no content type", having("Other/x.csx", b"")),
    "part without ending": ("content_types_cover_all", "Other/x has no", having("Other/x", b"")),
    "root component too many": (
        "root_components_are_defined",
        "is not in the solution",
        replacing("solution.xml", 'type="29" id="{4', 'type="29" id="{5'),
    ),
    "unlisted variable": (
        "root_components_are_defined",
        "cis_TeamId') is no root",
        replacing("solution.xml", 'schemaName="cis_TeamId"', 'schemaName="cis_EnvironmentId"'),
    ),
    "flow that is not there": ("named_parts_are_there", "named but not there", without(FLOW)),
    "flow that nothing names": ("named_parts_are_there", "nothing names it", having("Workflows/x.json", EMPTY_FLOW)),
    "variable elsewhere": (
        "variables_lie_where_they_belong",
        "defines cis_TeamIds",
        replacing(VARIABLE, 'schemaname="cis_TeamId"', 'schemaname="cis_TeamIds"'),
    ),
    "one id twice": ("ids_are_unique", "2 times", one_id_twice),
    "no id": ("ids_are_unique", "an empty id", changing(FLOW, *POST, "metadata")),
    "flow that is on": ("flows_are_off", "is on", replacing("customizations.xml", STATE, STATE.replace("0", "1"))),
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
    "untold need": ("needs_are_told", "no MissingDependency", replacing("solution.xml", "<Dependent", "<Other")),
    "undeclared connection": (
        "steps_call_declared_connections",
        "by shared_team, which",
        changing(FLOW, *POST, "inputs", "host", "connectionName", to="shared_team"),
    ),
    "another connector than declared": (
        "steps_call_declared_connections",
        "shared_slack",
        changing(FLOW, *POST, "inputs", "host", "apiId", to="/apis/shared_slack"),
    ),
    "unused connection": (
        "steps_call_declared_connections",
        "nothing uses shared_teams",
        changing(FLOW, *POST, to={"type": "Compose", "inputs": "x"}),
    ),
    "unknown parameter": (
        "names_lead_somewhere",
        "no parameter Crew",
        changing(FLOW, *FIELDS, "body/label", to="@parameters('Crew')"),
    ),
    "unknown action": (
        "names_lead_somewhere",
        "no action Nothing",
        changing(FLOW, *POST, "inputs", "parameters", "body/messageBody", to="@{body('Nothing')}"),
    ),
    "wrong neighbour": (
        "names_lead_somewhere",
        "runs after Nothing",
        changing(FLOW, *POST, "runAfter", "Nothing", to=["Succeeded"]),
    ),
    "parameter without variable": (
        "parameters_are_variables",
        "no environment variable",
        changing(FLOW, *PARAMETERS, TEAM, "metadata", "schemaName", to="cis_Crew"),
    ),
    "parameter with another name": (
        "parameters_are_variables",
        "otherwise",
        replacing(VARIABLE, 'displayname default="Team"', 'displayname default="Crew"'),
    ),
    "parameter with a value": (
        "parameters_are_variables",
        "has a value",
        changing(FLOW, *PARAMETERS, TEAM, "defaultValue", to="x"),
    ),
    "unused parameter": (
        "parameters_are_variables",
        "nothing uses",
        changing(FLOW, *POST, "inputs", "parameters", "body/recipient/groupId", to="x"),
    ),
    "unused variable": (
        "parameters_are_variables",
        "no flow uses the environment variable cis_DataSourceId",
        changing(HTTP_FLOW, *WAIT, "inputs", "uri", to=NO_SOURCE),
    ),
    "address with a signature": (
        "secrets_are_kept",
        "looks like a secret",
        changing(HTTP_FLOW, *WAIT, "inputs", "uri", to="https://x.example/run?sp=1&sig=abc"),
    ),
    "token": (
        "secrets_are_kept",
        "looks like a secret",
        changing(HTTP_FLOW, *WAIT, "inputs", "headers", "X", to=TOKEN),
    ),
    "written secret": (
        "secrets_are_kept",
        "looks like a secret",
        changing(HTTP_FLOW, *WAIT, "inputs", "authentication", "secret", to="hunter2"),
    ),
    "secret parameter": (
        "secrets_are_kept",
        "cannot be switched on",
        changing(HTTP_FLOW, *PARAMETERS, "Client secret (cis_ClientSecret)", to=SECRET_PARAMETER),
    ),
    "secret that is read openly": (
        "secrets_are_kept",
        "Read_the_client_secret shows",
        changing(HTTP_FLOW, *READ, "runtimeConfiguration"),
    ),
    "secret that is used openly": (
        "secrets_are_kept",
        "Refresh_and_wait shows",
        changing(HTTP_FLOW, *WAIT, "runtimeConfiguration"),
    ),
    "unknown operation": (
        "operations_exist",
        "is not in the definition",
        changing(FLOW, *TRIGGER, "inputs", "host", "operationId", to="WhenNothing"),
    ),
    "unknown field": (
        "operations_exist",
        "has no field body/dataSource",
        changing(FLOW, *FIELDS, "body/dataSource", to="x"),
    ),
    "internal field": (
        "operations_exist",
        "has no field body/callbackUrl",
        changing(FLOW, *FIELDS, "body/callbackUrl", to="x"),
    ),
    "required field": ("operations_exist", "lacks body/environmentId", changing(FLOW, *FIELDS, "body/environmentId")),
    "trigger of another kind": (
        "operations_exist",
        "OpenApiConnectionWebhook as a trigger",
        changing(FLOW, *TRIGGER, "type", to="OpenApiConnection"),
    ),
    "trigger as an action": (
        "operations_exist",
        "as a trigger",
        changing(
            REPORT_FLOW,
            "definition",
            "actions",
            "Make_the_status_report",
            "inputs",
            "host",
            "operationId",
            to="WhenProcessEnds",
        ),
    ),
}
CONNECTOR_DEFECTS: Mapping[str, Defect] = {
    "client secret": (
        "secrets_are_kept",
        "oAuthSettings/clientSecret looks like a secret",
        replacing(
            "Connector/cis_5Fcustomer-20insights-20signals_connectionp",
            '"clientId":',
            '"clientSecret": "x", "clientId":',
        ),
    ),
    "no definition": (
        "named_parts_are_there",
        "openapidefinition.json is named",
        without("Connector/cis_5Fcustomer-20insights-20signals_openapi"),
    ),
    "file that nothing names": ("named_parts_are_there", "nothing names it", having("Connector/x.json", b"{}")),
    "connector with another id": (
        "root_components_are_defined",
        "is no root component",
        replacing("customizations.xml", "<connectorid>6", "<connectorid>7"),
    ),
    "no icon type": (
        "content_types_cover_all",
        ".Png has no content type",
        replacing("[Content_Types].xml", 'Extension="Png"', 'Extension="gif"'),
    ),
}
