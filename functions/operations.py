"""For operators: is the app up, is an environment watched."""

import azure.functions as func

from functions.answers import answering, json_answer
from shared.bootstrap import house
from shared.domain.subscribing import environment_id
from shared.services.environment_status import environment_status

operations = func.Blueprint()


@operations.route(route="health/live", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def live(req: func.HttpRequest) -> func.HttpResponse:
    """The worker answers; nothing else is asked."""
    return json_answer(200, {"status": "live"})


@operations.route(route="environments/{environmentId}/status", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering
async def get_environment_status(req: func.HttpRequest) -> func.HttpResponse:
    """Heartbeat, health and counts of an environment."""
    status = await environment_status(house().ports, environment_id(req.route_params))
    return json_answer(200, status)
