"""What do the services that we call answer when all is well? A sample of each answer, to begin damaging with."""

from typing import Any

AT = "2026-03-02T12:00:00.1234567Z"
_ERROR = {"errorCode": "ProcessFailed", "message": "The source refused.", "name": "ProcessFailed"}
_TASK = {
    "taskId": "t1",
    "operationType": "ingestion",
    "taskStatus": "failed",
    "friendlyName": "Orders",
    "submittedTimestamp": AT,
    "endTimestamp": AT,
    "ciError": _ERROR,
    "ciErrors": [_ERROR],
}
_JOB = {
    "jobId": "j1",
    "operationType": "all",
    "jobStatus": "failed",
    "jobSubmissionKind": "onDemand",
    "submittedTimestamp": AT,
    "endTimestamp": AT,
    "idList": ["d1"],
    "tasks": [_TASK],
}
_NODE = {**_TASK, "identifier": "d1", "jobIds": ["j1"], "lastSuccessfulTimestamp": AT}
_SOURCE = {
    "dataSourceMetadata": {
        "dataSourceId": "d1",
        "name": "Orders",
        "friendlyName": "Ordrer Ærø",
        "kind": "powerQuery",
        "isActive": True,
        "refreshState": "updated",
        "lastRefresh": AT,
        "entityNames": ["Orders"],
    }
}
_EVALUATION = {"jobStatus": "CompletedSuccess", "evaluationDate": AT, "entityCount": 12}
_SEGMENT = {
    "name": "Loyal",
    "friendlyName": "Loyal customers",
    "description": "",
    "state": "active",
    "createdUtc": AT,
    "evaluationStatus": _EVALUATION,
    "evaluationStatusHistory": [_EVALUATION, _EVALUATION],
}
_OUTPUT = {"evaluationTime": AT, "values": {"Total": "12345678901234567890.5", "Count": 3, "Share": 0.25}}
_MEASURE = {
    "name": "Revenue",
    "displayName": "Revenue",
    "createdUtc": AT,
    "definition": {"isScalar": True, "aggregates": [{"alias": "Total"}], "dimensions": [{"name": "Country"}]},
    "latestEvaluation": {"state": "succeeded", "endTime": AT},
    "output": _OUTPUT,
    "outputHistory": [_OUTPUT],
    "errorDescription": {"value": "None."},
}
_ATTRIBUTE = {"name": "CustomerId", "friendlyName": "Id", "dataType": "string"}
_ENTITY = {
    "name": "Customer",
    "qualifiedEntityName": "Customer",
    "entityType": "profile",
    "dataSourceName": "Orders",
    "refreshTime": AT,
    "attributes": [_ATTRIBUTE],
    "keys": [[_ATTRIBUTE]],
    "partitions": [
        {"name": "p1", "location": "https://a.blob.core.windows.net/p1", "refreshTime": AT, "hasHeader": True}
    ],
}
_ROWS = {"@odata.count": 2, "value": [{"Country": "NO", "Total": 12.5, "Name": "Mia"}, {"Country": None}]}
PARTLY = [{**_JOB, "endTimestamp": "soon", "tasks": 5}, {"jobStatus": "a job without an id"}, _JOB]
# In the order of the calls in targets_vendors.py.
POLLED: tuple[Any, ...] = ([_JOB], _JOB, [_NODE], [_SOURCE], [_SEGMENT], [_MEASURE], _MEASURE, _ROWS, [_SOURCE])
ACTED: tuple[Any, ...] = (
    *([{"instanceId": "E1", "name": "Contoso", "instanceType": "sandbox", "azureRegion": "eu"}], {"roles": ["Admin"]}),
    *([_SOURCE], _SOURCE, [_SEGMENT], [_MEASURE], _MEASURE, [_JOB], _JOB, _JOB, _JOB),
    *({"entities": [_ENTITY]}, _ENTITY, {"size": 12, "rowCount": 2}, _ROWS, {"value": {"CustomerId": "c1"}}, {}),
)
EXCHANGED: tuple[Any, ...] = (
    {"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 3599, "refresh_token": "r", "scope": "s"},
    {"error": "invalid_grant", "suberror": "consent_required", "error_codes": [65001], "error_description": "AADSTS"},
    {"error": "interaction_required", "error_codes": [50079], "claims": '{"access_token": {"capolids": {}}}'},
    {"error": "temporarily_unavailable"},
)
