"""Each action and each failure of the API: what the caller is told, and how often Customer Insights was asked."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from azure.core.pipeline.transport import AsyncHttpTransport
from msgspec import structs

from local.entra.directory import DAEMON, MAKER, App, User
from local.simulator.faults import Fault, FaultRequest
from shared.adapters import acting_for, insights_actions
from tests.actions.site import Site
from tests.actions.table import ACTIONS, Action, things
from tests.e2e.app import Answered

pytestmark = pytest.mark.asyncio(loop_scope="module")
CLAIMS = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7InZhbHVlIjoiMTYwNDEwNjY1MSJ9fX0="
ASKING = [action for action in ACTIONS if action.asks]
STARTING = {action.name for action in ASKING if action.name.startswith(("refresh_", "run_"))}
UNREAD = {"activate_segment", "deactivate_segment", "create_item", "update_item"}  # whose answers say nothing more
READS, UNKNOWN = 3, (409, "outcome_unknown")


@dataclass(frozen=True, slots=True)
class Failure:
    """What goes wrong, the status and code of the answer, and whether a read is tried again."""

    name: str
    fault: Mapping[str, Any]
    told: tuple[int, str]
    repeated: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    unknown: bool = False  # nobody can tell whether a write was done
    turn: int = 0


FAILURES = (
    Failure("401", {"kind": "refuse", "status": 401}, (403, "insights_forbidden")),
    Failure(
        "401 with claims",
        {"kind": "refuse", "status": 401, "claims": CLAIMS},
        (401, "claims_needed"),
        headers={"WWW-Authenticate": f'error="insufficient_claims", claims="{CLAIMS}"'},
    ),
    Failure("403", {"kind": "refuse"}, (403, "insights_forbidden")),
    Failure("404", {"kind": "missing"}, (404, "insights_not_found")),
    Failure("409", {"kind": "conflict"}, (409, "insights_conflict")),
    Failure("400", {"kind": "reject"}, (400, "insights_declined")),
    Failure(
        "429 for long",
        {"kind": "throttle", "retry_after": 77},
        (429, "insights_throttled"),
        headers={"Retry-After": "7"},
    ),
    Failure("429 for a moment", {"kind": "throttle", "retry_after": 2}, (429, "insights_throttled"), True),
    Failure("429", {"kind": "throttle", "retry_after": 0}, (429, "insights_throttled"), True),
    Failure("500", {"kind": "fail"}, (502, "insights_unavailable"), True, unknown=True),
    Failure(
        "503", {"kind": "fail", "status": 503, "retry_after": 0}, (502, "insights_unavailable"), True, unknown=True
    ),
    Failure(
        "503 for long",
        {"kind": "fail", "status": 503, "retry_after": 44},
        (502, "insights_unavailable"),
        unknown=True,
        headers={"Retry-After": "4"},
    ),
    Failure("a drip", {"kind": "drip", "seconds": 0.01}, (504, "insights_timeout"), unknown=True),
    Failure("broken JSON", {"kind": "garbage"}, (502, "insights_answer_invalid"), unknown=True),
    Failure("wrong types", {"kind": "garbage"}, (502, "insights_answer_invalid"), unknown=True, turn=1),
    Failure("a huge answer", {"kind": "bulk"}, (502, "answer_too_large"), unknown=True),
    Failure("a redirect", {"kind": "redirect"}, (502, "insights_answer_invalid"), unknown=True),
)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No wait before another try, and a low limit; what would have been waited."""
    waits: list[float] = []

    async def at_once(_: object, seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(AsyncHttpTransport, "sleep", at_once)
    monkeypatch.setattr(insights_actions, "_MAX_BYTES", 1024 * 1024)
    return waits


async def do(site: Site, action: Action, who: User | App = MAKER) -> Answered:
    return await site.ask(action.method, action.path.format(**things(site)), action.body, who=who)


def befall(site: Site, failure: Failure, **where: Any) -> None:
    """From now on; an answer of garbage is broken or of wrong types, by turns."""
    wanted = FaultRequest(**{**failure.fault, **where})
    if wanted.kind == "garbage":
        once = Fault(structs.replace(wanted, times=failure.turn + 1), failure.turn)
        site.simulation.faults._on += [once] * 20
    else:
        site.simulation.faults.set(wanted)


def counted(site: Site) -> tuple[Counter[tuple[str, str, str]], Counter[tuple[str, str, str]]]:
    """How often each read and each write was sent."""
    asked = Counter((one.method, one.path, one.query) for one in site.asked())
    reads = Counter({one: n for one, n in asked.items() if one[0] == "GET"})
    return reads, asked - reads


def expected(action: Action, failure: Failure) -> tuple[int, str]:
    garbled = failure.fault["kind"] == "garbage"
    rows = failure.name == "wrong types" and action.asks[0].startswith("GET /data/")
    if (garbled and action.name in UNREAD) or rows:
        return action.status, ""  # rows go through as they are
    return UNKNOWN if failure.unknown and action.writes else failure.told


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_of_the_api(
    site: Site, failure: Failure, hurried: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its status, code and headers for every action; reads are sent three times at most, writes once."""
    if failure.fault["kind"] == "drip":
        monkeypatch.setattr(insights_actions, "_DEADLINE_SECONDS", 0.1)
    for action in ASKING:
        site.reset()
        befall(site, failure)
        path = action.path.format(**things(site))
        answer = await do(site, action)
        status, code = expected(action, failure)
        what = (failure.name, action.name, path, answer)
        assert answer.status == status, what
        assert not code or answer.json["error"]["code"] == code, what
        for name, value in failure.headers.items() if (status, code) != UNKNOWN else ():
            assert value in answer.headers[name], what
        reads, writes = counted(site)
        most = READS if failure.repeated else 1
        assert all(times <= most for times in reads.values()), (what, reads)
        assert all(times == 1 for times in writes.values()), (what, writes)
        assert len(writes) == (
            0 if not action.writes else 2 if failure.name == "404" and "jobs" in action.asks[0] else 1
        )
    assert all(wait <= 5 for wait in hurried)


STORAGE = (
    ({"kind": "refuse", "status": 401}, 403, "storage_forbidden", 1),
    ({"kind": "refuse"}, 403, "storage_forbidden", 1),
    ({"kind": "missing"}, 404, "insights_not_found", 1),
    ({"kind": "conflict"}, 502, "insights_unavailable", 1),
    ({"kind": "throttle", "retry_after": 77}, 502, "insights_unavailable", 1),
    ({"kind": "throttle", "retry_after": 1}, 502, "insights_unavailable", 3),
    ({"kind": "fail"}, 502, "insights_unavailable", 3),
    ({"kind": "fail", "status": 503, "retry_after": 2}, 502, "insights_unavailable", 3),
    ({"kind": "drip", "seconds": 0.01}, 504, "insights_timeout", 1),
    ({"kind": "bulk"}, 502, "answer_too_large", 1),
    ({"kind": "redirect"}, 502, "insights_unavailable", 1),
)


@pytest.mark.parametrize(("fault", "status", "code", "times"), STORAGE)
async def test_a_failure_of_the_storage(
    site: Site, fault: dict[str, Any], status: int, code: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault["kind"] == "drip":
        monkeypatch.setattr(acting_for, "_FILE_SECONDS", 0.2)
    site.simulation.faults.set(FaultRequest(**fault, path="/storage/"))
    answer = await site.ask("GET", "entities/Customer/partitions/part-00000/data")
    assert (answer.status, answer.json["error"]["code"]) == (status, code), answer
    reads = [one for one in site.asked() if one.path.startswith("/storage/")]
    assert len(reads) == times


@pytest.mark.parametrize("action", ASKING, ids=lambda action: action.name)
@pytest.mark.parametrize("status", [401, 403])
async def test_that_the_app_itself_is_refused_is_no_fault_of_the_application(
    site: Site, action: Action, status: int
) -> None:
    site.fault("refuse", status=status)
    answer = await do(site, action, DAEMON)
    assert (answer.status, answer.json["error"]["code"]) == (502, f"insights_{status}"), answer
    assert "subscription key" in answer.json["error"]["message"]


UNHEARD = [
    (action, failure)
    for action in ASKING
    for failure in FAILURES
    if action.name in STARTING and failure.unknown and (failure.name != "a drip" or action.name == "refresh_segment")
]


@pytest.mark.parametrize(
    ("action", "failure"), UNHEARD, ids=[f"{action.name}, {failure.name}" for action, failure in UNHEARD]
)
async def test_a_start_without_an_answer_finds_its_job(
    site: Site, action: Action, failure: Failure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job was started although nobody heard of it; it is not started again, and is the answer."""
    unheard = await do(site, action)
    befall(site, failure, method="POST")
    if failure.fault["kind"] == "drip":
        monkeypatch.setattr(insights_actions, "_DEADLINE_SECONDS", 2.0)
    answer = await do(site, action)
    newest = next(one for one in (await site.get("jobs"))["value"] if one["submission"] == "onDemand")
    assert (answer.status, answer.json["jobId"]) == (action.status, newest["jobId"]), answer
    assert failure.fault["kind"] == "garbage" or newest["jobId"] == unheard.json["jobId"]
    assert sum(one.method == "POST" for one in site.asked()) == 2


async def test_a_job_of_somebody_else_or_of_long_ago_is_not_taken_for_the_started_one(site: Site) -> None:
    """Another segment's, and the same segment's of four minutes ago."""
    assert (await site.ask("POST", "segments/AtRisk/refresh")).status == 201
    assert (await site.ask("POST", "segments/HighValue/refresh")).status == 201
    site.wait(minutes=4)
    assert (await site.ask("POST", "segments/Newsletter/refresh")).status == 201
    site.fault("fail", method="POST")
    answer = await site.ask("POST", "segments/HighValue/refresh")
    assert (answer.status, answer.json["error"]["code"]) == UNKNOWN
    assert "list the jobs" in answer.json["error"]["message"]


async def test_a_failure_that_passes_is_not_noticed_by_who_reads(site: Site) -> None:
    for action in ASKING:
        if not action.writes:
            site.reset()
            site.fault("fail", times=2)
            assert (await do(site, action)).status == action.status, action.name


async def test_an_answer_of_thirty_megabytes_is_not_kept(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the limit as it is."""
    monkeypatch.undo()
    site.fault("bulk")
    answer = await site.ask("GET", "entities/Customer/items")
    assert (answer.status, answer.json["error"]["code"]) == (502, "answer_too_large")


async def test_a_redirect_is_not_followed(site: Site) -> None:
    """Neither the token nor the key go where it leads."""
    here = site.app.house.settings.api_url
    site.fault("redirect", path=f"{site.environment_id}", location=f"{here}/elsewhere")
    for action in ASKING[1:]:
        await do(site, action)
    assert "/v1/elsewhere" not in {one.path for one in site.asked()}


async def test_no_failure_tells_a_secret(site: Site) -> None:
    """No token, key, stack or place in any answer."""
    for failure in FAILURES:
        for action in ASKING:
            if failure.fault["kind"] != "drip":
                site.simulation.faults._on.clear()
                befall(site, failure)
                await do(site, action)
    told = b"".join(str(dict(answer.headers)).encode() + answer.body for answer in site.app.answers).decode()
    assert len(site.app.answers) == (len(FAILURES) - 1) * len(ASKING)
    allowed = told.replace(CLAIMS, "")
    for secret in (site.token(MAKER), "local-key", "eyJ", "Traceback", ".py", "127.0.0.1", "/storage/"):
        assert secret not in allowed.replace(site.entra.issuer.authority, "").replace(site.app.base, ""), secret
