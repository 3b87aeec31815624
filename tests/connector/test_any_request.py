"""Requests of all kinds that the definition allows or forbids, made up by schemathesis, with a real token."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import azure.functions as func

from local.children import ROOT
from local.entra.directory import MAKER
from tests.actions.conftest import entra
from tests.actions.table import things
from tests.connector.day import Day, played_day
from tests.connector.designed import designed, everywhere
from tests.entra import Entra
from tests.functions.conftest import functions
from tests.tokens import bearer

__all__ = ["entra", "functions"]
LEAST_CASES = 2000
SECONDS = 500
# Another day: SCHEMATHESIS_EXAMPLES=100 tries more, and others each time.
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "4")
REPEATABLE = [] if "SCHEMATHESIS_EXAMPLES" in os.environ else ["--generation-deterministic"]
# Azure's host answers a method that no function takes with 404, before any app is asked (azure-functions-host #10098).
NOT_OURS = "unsupported_method"
# Here the rules of Customer Insights decide too, such as which columns there are: its 400 is no surprise.
THEIRS = (
    "GetItems",
    "GetItem",
    "CreateItem",
    "UpdateItem",
    "SearchCustomers",
    "GetCustomer",
    "GetCustomerActivities",
    "GetSegmentMembers",
    "CancelJob",
)
CLI = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]


async def test_every_request_gets_an_answer_that_the_definition_has(
    functions: Sequence[func.Function], entra: Entra, tmp_path: Path
) -> None:
    """Allowed ones are accepted, forbidden ones refused, nobody without a token gets in, nothing fails."""
    async with played_day(functions, entra, tmp_path / "azurite") as day:
        found = things(day.site)
        given = {"environmentId": day.site.environment_id, "entityName": "Customer", "measureName": "Revenue"}
        callback = f"{day.receiver}/anybody"
        document = await designed(day.designer, everywhere(given), callback)
        (tmp_path / "designed.json").write_text(json.dumps(document), encoding="utf-8")
        known = {**given, "itemId": found["customer"], "customerId": found["customer"], "jobId": found["job"]}
        known["text"] = "ana"
        (tmp_path / "schemathesis.toml").write_text(configuration(known, await ids(day)), encoding="utf-8")
        status, said = await schemathesis(day, tmp_path)
    assert status == 0, said
    cases = re.search(r"(\d+) generated", said)
    assert cases is not None, said
    assert int(cases[1]) >= LEAST_CASES


async def ids(day: Day) -> Mapping[str, str]:
    """By operation, the id of something that is there."""
    dead = await day.designer.pages("ListDeadDeliveries", {})
    subscription = day.locations["WhenFullRefreshCompletes"].rpartition("/")[2]
    return {"GetSubscription": subscription, "ReplayEvents": subscription, "ReplayDeadDelivery": dead[0]["id"]}


def configuration(known: Mapping[str, str], ids: Mapping[str, str]) -> str:
    """Which values to send, and whose rules decide."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in known.items()]
    parts = ["[parameters]", *lines]
    statuses = json.dumps(["2xx", "400", "401", "403", "404", "409", "429", "5xx"])
    for name in THEIRS:
        parts += ["[[operations]]", f'include-operation-id = "{name}"']
        parts += [f"checks.positive_data_acceptance.expected-statuses = {statuses}"]
    for name, value in ids.items():
        parts += ["[[operations]]", f'include-operation-id = "{name}"', f"parameters.id = {json.dumps(value)}"]
    return "\n".join(parts) + "\n"


async def schemathesis(day: Day, folder: Path) -> tuple[int, str]:
    """Its exit code and what it said; the same requests each time."""
    options = ["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", EXAMPLES, *REPEATABLE]
    options += ["--checks", "all", "--exclude-checks", NOT_OURS, "--continue-on-failure", "--no-color"]
    options += ["--suppress-health-check", "filter_too_much"]
    token = day.site.token(MAKER)
    command = [*CLI, "--config-file", str(folder / "schemathesis.toml"), "run", str(folder / "designed.json")]
    command += ["--url", day.site.app.base, *options, "--header", f"Authorization: {bearer(token)['Authorization']}"]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.connector.hooks", "PYTHONPATH": str(ROOT)}
    run = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        said, _ = await asyncio.wait_for(run.communicate(), SECONDS)
    finally:
        if run.returncode is None:
            run.kill()
            await run.wait()
    return run.returncode or 0, said.decode(errors="replace")
