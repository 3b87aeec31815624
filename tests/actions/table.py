"""Every action once: how it is called, what it answers, and what Customer Insights is asked for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from local.simulator.entities import Catalogue
from local.simulator.people import customers
from tests.actions.site import Site

ITEM = {"CustomerId": "c-1", "FirstName": "Nina", "LoyaltyPoints": 7}


@dataclass(frozen=True, slots=True)
class Action:
    """One action; what is in braces stands for a thing of the site."""

    name: str
    method: str
    path: str
    asks: tuple[str, ...] = ()
    status: int = 200
    body: object = None

    @property
    def writes(self) -> bool:
        return self.method != "GET"


def things(site: Site) -> Mapping[str, str]:
    """What the actions of the table are tried on."""
    scenario, environment = site.simulation.scenario, site.simulation.scenario.environments[0]
    newest = site.simulation.world(environment).jobs(site.simulation.now())
    sources = [one.name for one in Catalogue(site.simulation, environment, site.simulation.now()) if one.source]
    return {
        "environment": environment.id,
        "source": environment.data_sources[1].id,
        "segment": "HighValue",
        "measure": "Revenue",
        "running": newest[0].id,
        "job": newest[1].id,
        "customer": customers(scenario.seed, environment.id)[7]["CustomerId"],
        "big": sources[0],
    }


def _started(name: str, path: str, operation: str, identifier: str = "") -> tuple[Action, Action]:
    """An action that starts work, and the same with waiting."""
    named = f"&identifiers='{identifier}'" if identifier else ""
    asks = (f"POST /workflows/main/jobs?operationType={operation}&forceRunRequested=true{named}",)
    return Action(name, "POST", path, asks, 201), Action(f"{name}_and_wait", "POST", f"{path}-and-wait", asks, 202)


_JOBS = "GET /workflows/main/jobs?top=50"
_SEGMENTS = "GET /manage/segments?includeHistoricStats=true&historicStatsDays=10"
_ENTITY = "GET /manage/entities/"
_NAME = "GET /v1/instances"
_EVERYTHING = (_NAME, "GET /manage/datasources", _JOBS, "GET /workflows/main/jobs/", _SEGMENTS, "GET /manage/measures")
ACTIONS = (
    Action("get_environments", "GET", "/environments", ("GET /v1/instances",)),
    Action("list_data_sources", "GET", "datasources", ("GET /manage/datasources",)),
    Action("get_data_source", "GET", "datasources/{source}", ("GET /manage/datasources/{source}?includeModel=false",)),
    Action("list_segments", "GET", "segments", ("GET /manage/segments",)),
    Action("get_segment", "GET", "segments/{segment}", (_SEGMENTS,)),
    Action("activate_segment", "POST", "segments/{segment}/activate", ("PUT /manage/segments/{segment}/activate",)),
    Action(
        "deactivate_segment", "POST", "segments/{segment}/deactivate", ("PUT /manage/segments/{segment}/deactivate",)
    ),
    Action("list_measures", "GET", "measures", ("GET /manage/measures",)),
    Action("get_measure", "GET", "measures/{measure}", ("GET /manage/measures/{measure}",)),
    Action("list_measure_aliases", "GET", "measures/{measure}/aliases", ("GET /manage/measures/{measure}",)),
    Action(
        "get_measure_dimensions_schema",
        "GET",
        "measures/{measure}/dimensions/schema",
        ("GET /manage/measures/{measure}",),
    ),
    Action("list_operation_types", "GET", "/operation-types"),
    Action("list_report_types", "GET", "/report-types"),
    Action("list_jobs", "GET", "jobs?top=3", ("GET /workflows/main/jobs?top=3",)),
    Action("get_job", "GET", "jobs/{job}", ("GET /workflows/main/jobs/{job}?includeTasks=true",)),
    Action("get_job_outcome", "GET", "jobs/{job}/outcome", ("GET /workflows/main/jobs/{job}?includeTasks=true",)),
    Action("cancel_job", "POST", "jobs/{running}/cancel", ("POST /workflows/main/jobs/{running}/cancel",)),
    *_started("refresh_data_source", "datasources/{source}/refresh", "ingestion", "{source}"),
    *_started("refresh_segment", "segments/{segment}/refresh", "segmentation", "{segment}"),
    *_started("refresh_measure", "measures/{measure}/refresh", "measures", "{measure}"),
    *_started("run_unification", "unification/run", "merge"),
    *_started("run_full_refresh", "refresh", "all"),
    Action("get_entities", "GET", "entities", ("GET /manage/entities",)),
    Action("get_entity_schema", "GET", "entities/Customer/schema", (f"{_ENTITY}Customer",)),
    Action("get_items", "GET", "entities/Customer/items?$top=2", ("GET /data/Customer?$top=2",)),
    Action(
        "get_item",
        "GET",
        "entities/Customer/items/{customer}",
        ("GET /data/Customer?$filter=CustomerId eq '{customer}'&$top=1",),
    ),
    Action("create_item", "POST", "entities/Customer/items", ("POST /data/Customer",), 201, ITEM),
    Action(
        "update_item",
        "PATCH",
        "entities/Customer/items/{customer}",
        ("PATCH /data/Customer/{customer}",),
        200,
        {"City": "Malmö"},
    ),
    Action("search_customers", "GET", "customers?text=ana&$top=5", ('GET /data/Customer?$search="ana"&$top=5',)),
    Action(
        "get_customer",
        "GET",
        "customers/{customer}",
        ("GET /data/Customer?$filter=CustomerId eq '{customer}'&$top=1",),
    ),
    Action(
        "get_customer_activities",
        "GET",
        "customers/{customer}/activities",
        ("GET /data/UnifiedActivity?$filter=CustomerId eq '{customer}'&$top=100",),
    ),
    Action(
        "get_segment_members",
        "GET",
        "segments/{segment}/members?$top=3",
        ("GET /data/Customer?$filter=IsMemberOfSegment('{segment}')&$top=3",),
    ),
    Action("retrieve_partitions", "GET", "entities/{big}/partitions", (f"{_ENTITY}{{big}}",)),
    Action(
        "retrieve_partitions_v2",
        "GET",
        "/v2/environments/{environment}/entities/{big}/partitions",
        (f"{_ENTITY}{{big}}", f"{_ENTITY}{{big}}/entitysize"),
    ),
    Action(
        "retrieve_partition_data",
        "GET",
        "entities/{big}/partitions/part-00000/data",
        (f"{_ENTITY}{{big}}", "GET /storage/{environment}/{big}/part-00000"),
    ),
    Action("send_status_report", "GET", "reports/segments", (_NAME, _SEGMENTS)),
    Action("send_status_report_v2", "GET", "/v2/environments/{environment}/reports/environment", _EVERYTHING),
)
NAMES = [action.name for action in ACTIONS]
