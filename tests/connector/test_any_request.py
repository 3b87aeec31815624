"""Requests of all kinds that the definition allows or forbids, made up by schemathesis, with a real token."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import azure.functions as func
import pytest
import pytest_asyncio

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
pytestmark = pytest.mark.asyncio(loop_scope="module")
LEAST_CASES = 2000
SECONDS = 500
# Another day: SCHEMATHESIS_EXAMPLES=100 tries more, and others each time.
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "4")
REPEATABLE = [] if "SCHEMATHESIS_EXAMPLES" in os.environ else ["--generation-deterministic"]
# Azure's host answers a method that no function takes with 404, before any app is asked (azure-functions-host #10098).
NOT_OURS = "unsupported_method"
# Not decided by the definition alone (hooks.py), and the plain text with which a host refuses long addresses.
UNDECIDED = ("positive_data_acceptance", "negative_data_rejection", "content_type_conformance")
HOOKS = "tests.connector.hooks"
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


@dataclass(frozen=True, slots=True)
class Run:
    """One run of schemathesis: its exit code and what it said."""

    status: int
    said: str

    def require_good(self, least: int) -> None:
        assert self.status == 0, self.said
        cases = re.search(r"(\d+) generated", self.said)
        assert cases is not None, self.said
        assert int(cases[1]) >= least


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def day(
    functions: Sequence[func.Function], entra: Entra, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Day]:
    async with played_day(functions, entra, tmp_path_factory.mktemp("azurite")) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(day: Day, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The definition with the lists that the app offers, and what to send where nobody can list it."""
    made, found = tmp_path_factory.mktemp("schemathesis"), things(day.site)
    given = {"environmentId": day.site.environment_id, "entityName": "Customer", "measureName": "Revenue"}
    document = await designed(day.designer, everywhere(given), f"{day.receiver}/anybody")
    (made / "designed.json").write_text(json.dumps(document), encoding="utf-8")
    customer = found["customer"]
    known = {**given, "itemId": customer, "customerId": customer, "jobId": found["job"], "text": "ana"}
    (made / "schemathesis.toml").write_text(configuration(known, await ids(day)), encoding="utf-8")
    return made


async def test_allowed_requests_are_accepted_and_forbidden_ones_refused(day: Day, folder: Path) -> None:
    """Nobody without a token gets in, nothing fails, and every answer is as it is documented."""
    run = await schemathesis(day, folder, [NOT_OURS], ["examples", "coverage", "fuzzing", "stateful"], hooks=HOOKS)
    run.require_good(LEAST_CASES)


async def test_no_request_at_all_makes_the_app_fail(day: Day, folder: Path) -> None:
    """Also of those of which the definition cannot say whether they will do: the statuses are the documented ones."""
    run = await schemathesis(day, folder, [NOT_OURS, *UNDECIDED], ["fuzzing"], hooks="")
    run.require_good(len(day.designer.definition.operations))


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


async def schemathesis(day: Day, folder: Path, without: Sequence[str], phases: Sequence[str], *, hooks: str) -> Run:
    """All checks but those, of the same requests each time."""
    token = bearer(day.site.token(MAKER))["Authorization"]
    command = [*CLI, "--config-file", str(folder / "schemathesis.toml"), "run", str(folder / "designed.json")]
    command += ["--url", day.site.app.base, "--header", f"Authorization: {token}", "--no-color"]
    command += ["--checks", "all", "--exclude-checks", ",".join(without), "--continue-on-failure"]
    command += ["--phases", ",".join(phases), "--max-examples", EXAMPLES, *REPEATABLE]
    command += ["--suppress-health-check", "filter_too_much,too_slow"]  # how busy the machine is, is no finding
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **({"SCHEMATHESIS_HOOKS": hooks} if hooks else {})}
    run = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        said, _ = await asyncio.wait_for(run.communicate(), SECONDS)
    finally:
        if run.returncode is None:
            run.kill()
            await run.wait()
    return Run(run.returncode or 0, said.decode(errors="replace"))
