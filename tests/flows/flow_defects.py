"""What can be wrong with a flow of a solution: each defect, the check that it turns red, and what that says."""

from collections.abc import Mapping

from tests.flows.defects import POST, TEAM, Defect
from tests.flows.packing import FLOW, HTTP_FLOW, REPORT_FLOW, changing, replacing

TRIGGER = ("definition", "triggers", "When_a_data_source_refresh_fails")
FIELDS = (*TRIGGER, "inputs", "parameters")
TEXT = (*POST, "inputs", "parameters", "body/messageBody")
PARAMETERS = ("definition", "parameters")
TEAM_ID = "Team (cis_TeamId)"
READ = ("definition", "actions", "Read_the_client_secret")
WAIT = ("definition", "actions", "Refresh_and_wait")
END = ("definition", "actions", "Did_it_succeed")
REPORT = ("definition", "actions", "Make_the_status_report")
SECRET_PARAMETER = {"defaultValue": "", "type": "String", "metadata": {"schemaName": "cis_ClientSecret"}}
SECRET = "environmentvariabledefinitions/cis_ClientSecret"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.e30.x"
NO_SOURCE = "@parameters('Signals address (cis_SignalsUrl)')"
EVERY_DAY = ("definition", "triggers", "Every_morning", "recurrence")
FLOW_DEFECTS: Mapping[str, Defect] = {
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
    "action beside its way": (
        "names_lead_somewhere",
        "What_became_of_downstream names Run_downstream, which is not on its way",
        changing(REPORT_FLOW, *REPORT, "runAfter", to={"Tasks_that_did_not_succeed": ["Succeeded"]}),
    ),
    "action of a trigger": (
        "names_lead_somewhere",
        "not on its way",
        changing(FLOW, *FIELDS, "body/label", to="@{outputs('Post_to_the_channel')}"),
    ),
    "parameter of the platform": (
        "names_lead_somewhere",
        "lacks $authentication",
        changing(FLOW, *PARAMETERS, "$authentication"),
    ),
    "wrong neighbour": (
        "steps_have_an_order",
        "runs after Nothing",
        changing(FLOW, *POST, "runAfter", "Nothing", to=["Succeeded"]),
    ),
    "parameter without variable": (
        "parameters_are_variables",
        "no environment variable",
        changing(FLOW, *PARAMETERS, TEAM_ID, "metadata", "schemaName", to="cis_Crew"),
    ),
    "parameter with another name": (
        "parameters_are_variables",
        "otherwise",
        replacing(TEAM, 'displayname default="Team"', 'displayname default="Crew"'),
    ),
    "parameter with a value": (
        "parameters_are_variables",
        "has a value",
        changing(FLOW, *PARAMETERS, TEAM_ID, "defaultValue", to="x"),
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
        changing(HTTP_FLOW, *WAIT, "inputs", "uri", to="https://x.example/run?sp=1&sig=abcdefghijklmnop"),
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
    "unknown status": (
        "steps_have_an_order",
        "which is no status",
        changing(REPORT_FLOW, *REPORT, "runAfter", "Did_everything_go_well", to=["Success"]),
    ),
    "circle": (
        "steps_have_an_order",
        "Refresh_and_wait waits for itself",
        changing(HTTP_FLOW, *READ, "runAfter", to={"Did_it_succeed": ["Succeeded"]}),
    ),
    "no trigger": ("flows_begin_once", "has 0 triggers", changing(FLOW, *TRIGGER)),
    "two triggers": (
        "flows_begin_once",
        "has 2 triggers",
        changing(FLOW, "definition", "triggers", "Also", to={"type": "Recurrence", "recurrence": {}}),
    ),
    "time of day without a start": (
        "flows_begin_once",
        "it runs at once",
        changing(HTTP_FLOW, *EVERY_DAY, "startTime"),
    ),
    "unknown kind of step": (
        "steps_are_of_known_kinds",
        "no known type: Mail",
        changing(FLOW, *POST, "type", to="Mail"),
    ),
    "action as a trigger": (
        "steps_are_of_known_kinds",
        "no known type: Compose",
        changing(FLOW, *TRIGGER, "type", to="Compose"),
    ),
    "secret in another place": (
        "secrets_are_kept",
        "names in /inputs/headers/X",
        changing(HTTP_FLOW, *WAIT, "inputs", "headers", "X", to="@{body('Read_the_client_secret')}"),
    ),
    "secret by a whole step": (
        "secrets_are_kept",
        "names in /expression/and/0/equals/0",
        changing(HTTP_FLOW, *END, "expression", to={"and": [{"equals": ["@actions('Read_the_client_secret')", 1]}]}),
    ),
    "variable with a value": (
        "secrets_are_kept",
        "cis_TeamId has a value",
        replacing(TEAM, "<introducedversion>", "<defaultvalue>x</defaultvalue><introducedversion>"),
    ),
    "secret that anybody can read": (
        "secrets_are_kept",
        "which is no secret variable",
        replacing(SECRET, "<type>100000005", "<type>100000000"),
    ),
    "field that Teams does not have": (
        "operations_exist",
        "has no field body/message",
        changing(FLOW, *POST, "inputs", "parameters", "body/message", to="x"),
    ),
    "field that Teams needs": (
        "operations_exist",
        "lacks body/recipient/channelId",
        changing(FLOW, *POST, "inputs", "parameters", "body/recipient/channelId"),
    ),
    "action that nobody knows": (
        "operations_exist",
        "PostMessage) is not known here",
        changing(FLOW, *POST, "inputs", "host", "operationId", to="PostMessage"),
    ),
    "action of an undeclared connection": (
        "operations_exist",
        "by shared_team, which is not declared",
        changing(FLOW, *POST, "inputs", "host", "connectionName", to="shared_team"),
    ),
}
