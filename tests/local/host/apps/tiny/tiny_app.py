"""A small Functions app with one function of each kind, and one of each that fails."""

import json
import logging

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
log = logging.getLogger("tiny")


@app.timer_trigger(arg_name="tick", schedule="%TICK_SCHEDULE%", use_monitor=True)
async def tick(tick: func.TimerRequest) -> None:
    """Say what it knows of its schedule."""
    status = tick.schedule_status  # type: ignore[attr-defined]  # azure-functions 1.x declares past_due only
    log.info("seen %s", json.dumps({"past_due": tick.past_due, "status": status}))


@app.queue_trigger(arg_name="message", queue_name="%JOBS_QUEUE%", connection="AzureWebJobsStorage")
async def work(message: func.QueueMessage) -> None:
    """Say what came, or fail when told to."""
    text = message.get_body().decode()
    log.info("seen %s", json.dumps({"text": text, "count": message.dequeue_count, "id": message.id}))
    if text == "fail":
        raise ValueError("told to fail")


@app.queue_trigger(arg_name="message", queue_name="json-jobs", connection="AzureWebJobsStorage")
def work_json(message: func.QueueMessage) -> None:
    """Say what came as JSON; runs on a thread."""
    log.info("seen %s", json.dumps({"json": message.get_json(), "inserted": str(message.insertion_time)}))


@app.route(route="echo/{name}/{number:int?}", methods=["GET", "POST"])
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with all that the request held."""
    answer = {
        "method": req.method,
        "url": req.url,
        "route": dict(req.route_params),
        "query": dict(req.params),
        "header": req.headers.get("X-Colour"),
        "body": req.get_body().decode(),
    }
    headers = {"X-Answer": "yes", "Set-Cookie": "a=1; Path=/"}
    return func.HttpResponse(json.dumps(answer), status_code=201, headers=headers, mimetype="application/json")


@app.route(route="plain", methods=["GET"])
def plain(req: func.HttpRequest) -> str:
    """Answer with text; runs on a thread."""
    return f"plain {req.params.get('word', '')}".strip()


@app.route(route="broken", methods=["GET"])
async def broken(req: func.HttpRequest) -> func.HttpResponse:
    """Fail."""
    raise RuntimeError(f"broken by {req.method}")


@app.route(route="nothing", methods=["GET"])
async def nothing(req: func.HttpRequest) -> func.HttpResponse:
    """Forget to answer."""
    return None  # type: ignore[return-value]


@app.route(route="context", methods=["GET"])
def whoami(req: func.HttpRequest, context: func.Context) -> str:
    """Answer with the invocation's function and id."""
    return f"{context.function_name} {context.invocation_id}"
