"""How does Celery deliver? One task for each call of a flow, kept in Redis until the flow has taken it.

Run in Celery's own environment: `celery --app bench.peers.celery_tasks worker`.
"""

import os
from typing import Any

import requests
from celery import Celery, signals  # type: ignore[import-not-found]

TRIES = 5
TIMEOUT_SECONDS = 20

app = Celery("deliveries", broker=os.environ["REDIS_URL"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=16,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
)
session = requests.Session()
session.trust_env = False  # looking for proxies and a .netrc at each call costs more than the call


def post(url: str, event: dict[str, Any]) -> None:
    """Call a flow; what is no success is tried again later."""
    headers = {"webhook-id": event["id"]}
    session.post(url, json=event, headers=headers, timeout=TIMEOUT_SECONDS).raise_for_status()


def say_ready(**_: object) -> None:
    """Tell whoever waits for the worker."""
    print("ready", flush=True)


signals.worker_ready.connect(say_ready)
deliver = app.task(
    post,
    name="deliver",
    autoretry_for=(requests.RequestException,),
    max_retries=TRIES - 1,
    retry_backoff=True,
)
