"""Where are the partitions? A stand-in for the Azure Storage account that they are in: /storage, for bearer tokens."""

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from xml.sax.saxutils import escape

from aiohttp import web

from local.simulator.csv_files import content
from local.simulator.entities import Catalogue
from local.simulator.faulty import Answered, befall
from local.simulator.principal import Principal
from local.simulator.simulation import Seen, Simulation

AUDIENCE = "https://storage.azure.com"
PATH = "/storage/{instance_id}/{entity}/{partition}"
RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})?")
FIRST_VERSION_WITH_TOKENS = "2017-11-09"
CHALLENGE = f"Bearer resource_id={AUDIENCE}"
Check = Callable[[str, str], Principal | None]


def storage_routes(simulation: Simulation, check: Check) -> list[web.RouteDef]:
    """GET of a partition. `check` answers whose token an Authorization header carries for an audience."""

    async def partition(request: web.Request) -> web.StreamResponse:
        principal = check(request.headers.get("Authorization", ""), AUDIENCE)
        path, _, query = request.raw_path.partition("?")
        simulation.seen.append(Seen(request.method, path, query, principal.id if principal else ""))
        if refusal := _refusal(request, principal):
            return refusal

        async def answered() -> web.StreamResponse:
            return _answered(simulation, request)

        return await _with_faults(simulation, request, answered)

    return [web.get(PATH, partition)]


def _refusal(request: web.Request, principal: Principal | None) -> web.Response | None:
    if principal is None:
        return _error(401, "InvalidAuthenticationInfo", "Server failed to authenticate the request.")
    if request.headers.get("x-ms-version", "") < FIRST_VERSION_WITH_TOKENS:
        return _error(403, "AuthenticationFailed", "Authentication scheme Bearer is not supported in this version.")
    if not principal.role:
        return _error(403, "AuthorizationPermissionMismatch", "The caller is not authorized to do this.")
    return None


async def _with_faults(simulation: Simulation, request: web.Request, answered: Answered) -> web.StreamResponse:
    fault = simulation.faults.next_for(request.match_info["instance_id"], request.path, request.method)
    return await (befall(fault, request, answered) if fault else answered())


def _answered(simulation: Simulation, request: web.Request) -> web.Response:
    found = _file(simulation, request.match_info)
    if found is None:
        return _error(404, "BlobNotFound", "The specified blob does not exist.")
    headers = {"ETag": f'"{sha256(found).hexdigest()[:16]}"', "Accept-Ranges": "bytes"}
    if request.headers.get("If-Match", headers["ETag"]) != headers["ETag"]:
        return _error(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")
    wanted = RANGE.fullmatch(request.headers.get("Range", ""))
    if wanted is None:
        return web.Response(body=found, content_type="text/csv", headers=headers)
    first, last = int(wanted[1]), min(int(wanted[2] or len(found)), len(found) - 1)
    if first > last:
        headers["Content-Range"] = f"bytes */{len(found)}"
        return _error(416, "InvalidRange", "The range specified is invalid.", headers)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(found)}"
    return web.Response(status=206, body=found[first : last + 1], content_type="text/csv", headers=headers)


def _file(simulation: Simulation, route: Mapping[str, str]) -> bytes | None:
    environment = simulation.environment(route["instance_id"])
    entity = Catalogue(simulation, environment, simulation.now()).named(route["entity"]) if environment else None
    partitions = entity.partitions if entity else ()
    found = next((one for one in partitions if one.name == route["partition"]), None)
    return content(entity.columns, found.rows(), has_header=found.has_header) if entity and found else None


def _error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """An error as Azure Storage words it."""
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>'
    )
    challenge = {"WWW-Authenticate": CHALLENGE} if status == 401 else {}
    told = {"x-ms-error-code": code, **challenge, **(headers or {})}
    return web.Response(status=status, text=body, content_type="application/xml", headers=told)
