"""Every door of the app: what is asked there in the test, and how it answers to whom it lets in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import azure.functions as func

from shared.domain.subscriptions import Trigger
from tests.access.scene import DEAD, JOB, SUBSCRIPTION
from tests.factories import ENVIRONMENT
from tests.services.stage import callback

BASE = "https://signals.example.com/api"
HERE = {"environmentId": ENVIRONMENT}


@dataclass(frozen=True, slots=True)
class Door:
    """A request, and the answers: `right` to who may, `unlisted` to an application at an environment that is not
    listed for it, `roleless` to a user without a role at Customer Insights, `stranger` to who does not own the thing.
    """

    right: int = 200
    unlisted: int = 403
    roleless: int = 403
    stranger: int = 0
    route: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    looks_first: bool = False

    def asked(self, headers: Mapping[str, str], **more: str) -> func.HttpRequest:
        """The request, as somebody makes it."""
        body = b"" if self.body is None else json.dumps(self.body).encode()
        query = {**self.query, **more}
        return func.HttpRequest("POST", BASE, headers=headers, params=query, route_params=self.route, body=body)


def own(
    right: int = 200,
    *,
    stranger: int = 404,
    by: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    body: object = None,
) -> Door:
    """At something that belongs to somebody; which environment it is about was asked when it was made."""
    route = {"id": SUBSCRIPTION} if by is None else by
    return Door(right, right, right, stranger, route, query or {}, body)


def at(
    route: Mapping[str, str] | None = None,
    right: int = 200,
    *,
    query: Mapping[str, str] | None = None,
    body: object = None,
) -> Door:
    """At an environment, with the rights that the caller has there."""
    return Door(right, route={**HERE, **(route or {})}, query=query or {}, body=body)


SINCE = {"from": "2026-05-04T00:00:00Z"}
ORDER = {**HERE, "callbackUrl": callback("new")}
SEGMENT, MEASURE, SOURCE = {"segmentName": "s1"}, {"measureName": "m1"}, {"dataSourceId": "d1"}
CUSTOMERS, PARTITION = {"entityName": "Customer"}, {"entityName": "Customer", "partitionName": "p1"}
ITEM, CUSTOMER = {**CUSTOMERS, "itemId": "c1"}, {"customerId": "c1"}
ONE_JOB, REPORT = {"jobId": JOB}, {"reportType": "environment"}
FAILED = {"trigger": Trigger.REFRESH_FAILED}
EVERYBODY = Door(unlisted=200, roleless=200)

DOORS: Mapping[str, Door] = {
    "subscribe_to_trigger": Door(201, roleless=404, route=FAILED, body=ORDER, looks_first=True),
    "poll_trigger_events": Door(202, roleless=404, route=FAILED, query=HERE),
    "get_subscriptions": EVERYBODY,
    "get_subscription": own(),
    "unsubscribe_from_trigger": own(204, stranger=204),
    "unsubscribe_without_location": own(204, stranger=204, by={}, body={"callbackUrl": callback("one")}),
    "replay_to_subscription": own(200, query=SINCE),
    "renew_signing_secret": own(),
    "get_dead_deliveries": own(by={}, query={"subscriptionId": SUBSCRIPTION}),
    "replay_dead_delivery": own(200, by={"id": DEAD}),
    "get_environment_status": Door(roleless=404, route=HERE),
    "get_events": Door(roleless=404, query=HERE),
    "reencrypt_secrets": EVERYBODY,
    "get_environments": EVERYBODY,
    "list_operation_types": EVERYBODY,
    "list_report_types": EVERYBODY,
    "list_data_sources": at(),
    "get_data_source": at(SOURCE),
    "list_segments": at(),
    "get_segment": at(SEGMENT),
    "get_segment_members": at(SEGMENT),
    "activate_segment": at(SEGMENT),
    "deactivate_segment": at(SEGMENT),
    "list_measures": at(),
    "get_measure": at(MEASURE),
    "list_measure_aliases": at(MEASURE),
    "get_measure_dimensions_schema": at(MEASURE),
    "list_jobs": at(),
    "get_job": at(ONE_JOB),
    "get_job_outcome": at(ONE_JOB, 202),
    "cancel_job": at(ONE_JOB),
    "refresh_data_source": at(SOURCE, 201),
    "refresh_data_source_and_wait": at(SOURCE, 202),
    "refresh_segment": at(SEGMENT, 201),
    "refresh_segment_and_wait": at(SEGMENT, 202),
    "refresh_measure": at(MEASURE, 201),
    "refresh_measure_and_wait": at(MEASURE, 202),
    "run_unification": at(right=201),
    "run_unification_and_wait": at(right=202),
    "run_full_refresh": at(right=201),
    "run_full_refresh_and_wait": at(right=202),
    "get_entities": at(),
    "get_entity_schema": at(CUSTOMERS),
    "get_items": at(CUSTOMERS),
    "get_item": at(ITEM),
    "create_item": at(CUSTOMERS, 201, body={"CustomerId": "c2"}),
    "update_item": at(ITEM, body={"Name": "Mia"}),
    "search_customers": at(query={"text": "Mia"}),
    "get_customer": at(CUSTOMER),
    "get_customer_activities": at(CUSTOMER),
    "retrieve_partitions": at(CUSTOMERS),
    "retrieve_partitions_v2": at(CUSTOMERS),
    "retrieve_partition_data": at(PARTITION),
    "send_status_report": at(REPORT),
    "send_status_report_v2": at(REPORT),
}
