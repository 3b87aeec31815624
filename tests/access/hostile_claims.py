"""Tokens that the tenant's key really signed, one claim of each being wrong."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from local.entra.directory import API, API_APP, CONNECTOR, FOREIGN_TENANT, NOBODYS_APP, TENANT
from tests.access.forging import APPLICATIONS, CONSUMERS, KINDS, USERS, V1, V2, opened, signed
from tests.tokens import AUTHORITY

GONE = object()
STS = "https://sts.windows.net"
GRAPH = "00000003-0000-0000-c000-000000000000"
ALL = tuple(KINDS)


@dataclass(frozen=True, slots=True)
class Row:
    """A token, and how it is to be refused."""

    name: str
    token: str
    reason: str
    status: int = 401


def saying(name: str, kinds: Sequence[str], reason: str, status: int = 401, /, **changed: object) -> Iterator[Row]:
    """The kinds of tokens with these claims in place of theirs; GONE leaves one out."""
    for kind in kinds:
        header, before = opened(KINDS[kind]())
        after = {claim: value for claim, value in {**before, **changed}.items() if value is not GONE}
        yield Row(f"{kind}: {name}", signed(header, after), reason, status)


def times() -> Iterator[Row]:
    """When it counts."""
    now = int(time.time())
    for claim in ("exp", "nbf", "iat"):
        odd: Sequence[tuple[str, Sequence[str], str, object]] = (
            ("is missing", ALL, "claims_incomplete", GONE),
            ("is null", USERS, "claims_incomplete", None),
            ("in a list", USERS, "not_a_token", [now + 9]),
            ("in words", USERS, "not_a_token", "tomorrow"),
            ("is no number", APPLICATIONS, "not_a_token", float("nan")),
            ("is endless", ALL, "not_a_token", float("inf")),
            ("as a text of digits", ALL, "claims_unreadable", str(now + 9)),
            ("with a fraction", V2, "claims_unreadable", now + 9.5),
        )
        for name, kinds, reason, value in odd:
            yield from saying(f"{claim} {name}", kinds, reason, **{claim: value})
    yield from saying("ended", ALL, "expired", exp=now - 61)
    yield from saying("ended long ago", V2, "expired", exp=1)
    yield from saying("ended before time began", V2, "expired", exp=-(10**30))
    yield from saying("exp is true", USERS, "expired", exp=True)
    yield from saying("not yet", ALL, "not_yet_valid", nbf=now + 120)
    yield from saying("made in the future", ALL, "not_yet_valid", iat=now + 120)
    yield from saying("made in a far future", V2, "not_yet_valid", iat=10**30)


def issuers() -> Iterator[Row]:
    """Who made it."""
    v1, v2 = f"{STS}/{TENANT}/", f"{AUTHORITY}/{TENANT}/v2.0"
    for claim in ("iss", "aud", "sub", "tid", "oid", "ver"):
        reason = "tenant_not_allowed" if claim == "tid" else "claims_incomplete"
        yield from saying(f"no {claim}", ALL, reason, **{claim: GONE})
        yield from saying(f"{claim} is null", V2, reason, **{claim: None})
    for name, issuer in {
        "of another tenant": f"{AUTHORITY}/{FOREIGN_TENANT}/v2.0",
        "of another tenant, version 1": f"{STS}/{FOREIGN_TENANT}/",
        "with a slash behind it": f"{v2}/",
        "with something behind it": f"{v2}.evil.example",
        "with something before it": f"https://evil.example/{v2}",
        "in capitals": v2.upper(),
        "the start of ours": f"{AUTHORITY}/{TENANT}",
        "version 1 without its slash": v1.rstrip("/"),
        "version 1 with something behind it": f"{v1}x",
        "over http": v2.replace("https", "http"),
        "a template": f"{AUTHORITY}/{{tenantid}}/v2.0",
        "common": f"{AUTHORITY}/common/v2.0",
        "organizations": f"{AUTHORITY}/organizations/v2.0",
        "the consumers' tenant": f"{AUTHORITY}/{CONSUMERS}/v2.0",
        "empty": "",
        "in a list": [v1, v2],
    }.items():
        yield from saying(f"iss {name}", ALL, "issuer_not_allowed", iss=issuer)
    yield from saying("iss of version 2", V1, "issuer_of_another_version", iss=v2)
    yield from saying("iss of version 1", V2, "issuer_of_another_version", iss=v1)
    for version in ("3.0", "2", "", 2.0, ["2.0"]):
        yield from saying(f"ver {version!r}", ALL, "issuer_of_another_version", ver=version)
    for tenant in (FOREIGN_TENANT, CONSUMERS, "common", "", TENANT.upper(), f"{TENANT} ", [TENANT], {"tid": TENANT}, 7):
        yield from saying(f"tid {tenant!r}", ALL, "tenant_not_allowed", tid=tenant)


def audiences() -> Iterator[Row]:
    """For whom it is."""
    for name, audience in {
        "Graph": GRAPH,
        "Graph by its address": "https://graph.microsoft.com",
        "Customer Insights": "https://api.ci.ai.microsoft.com",
        "storage": "https://storage.azure.com",
        "another app": NOBODYS_APP.id,
        "the connector": CONNECTOR.id,
        "a list with ours": [API_APP.id, API.uri],
        "a list of ours": [API_APP.id],
        "ours and more": f"{API_APP.id} {GRAPH}",
        "ours with a slash": f"{API.uri}/",
        "ours in capitals": API_APP.id.upper(),
        "empty": "",
        "a number": 5,
    }.items():
        yield from saying(f"aud {name}", ALL, "audience_not_ours", aud=audience)
    yield from saying("aud is the App ID URI", V2, "audience_not_ours", aud=API.uri)


def who() -> Iterator[Row]:
    """Whom it speaks of, and through which application."""
    yield from saying("no calling app", ALL, "claims_incomplete", azp=GONE, appid=GONE)
    other = "the calling app as the other version names it"
    yield from saying(other, V1, "claims_incomplete", appid=GONE, azp=CONNECTOR.id)
    yield from saying(other, V2, "claims_incomplete", azp=GONE, appid=CONNECTOR.id)
    for app in ("*", "", "connector", f"{CONNECTOR.id}\n", [CONNECTOR.id], None):
        yield from saying(f"calling app {app!r}", ALL, "claims_incomplete", azp=app, appid=app)
    nobodys = {"azp": NOBODYS_APP.id, "appid": NOBODYS_APP.id}
    yield from saying("a calling app that nobody listed", ALL, "calling_app_not_listed", 403, **nobodys)
    mia = "a1b2c3d4-0001-4a5b-8c6d-7e8f90a1b2c1"
    for oid in ("mia", "", f"{{{mia}}}", f"{mia}\n", [mia], 1):
        yield from saying(f"oid {oid!r}", ALL, "claims_incomplete", oid=oid)
    yield from saying("sub is a number", ALL, "not_a_token", sub=1)


def scopes() -> Iterator[Row]:
    """What a user's token allows: asked at a route that needs Triggers.Manage."""
    for scope in ("", "  ", ["Triggers.Manage"], None, {"Triggers.Manage": True}):
        yield from saying(f"scp {scope!r}", USERS, "claims_unreadable", scp=scope)
    for scope in (
        "Insights.Read",
        "triggers.manage",
        "Triggers.ManageAll",
        "Triggers.Manage.All",
        "Insights.Read,Triggers.Manage",
        "Triggers",
        "Manage Triggers",
        ".default",
        "user_impersonation",
        "*",
        "Insights.Admin",
    ):
        yield from saying(f"scp {scope!r}", USERS, "permission_missing", 403, scp=scope)
    roles, administrator = ["Triggers.Manage"], ["Insights.Admin"]
    yield from saying("no scp", USERS, "neither_user_nor_application", scp=GONE)
    yield from saying("no scp but roles", USERS, "neither_user_nor_application", scp=GONE, roles=roles)
    yield from saying("no scp, a ruler", USERS, "neither_user_nor_application", scp=GONE, roles=administrator)
    yield from saying("roles for the scope", USERS, "permission_missing", 403, scp="User.Read", roles=roles)
    yield from saying("a ruler without scope", USERS, "permission_missing", 403, scp="x", roles=administrator)
    yield from saying("a user and an application", USERS, "claims_unreadable", idtyp="app")


def app_roles() -> Iterator[Row]:
    """What an application's token allows."""
    neither = "neither_user_nor_application"
    yield from saying("an application and a user", APPLICATIONS, "claims_unreadable", scp="Triggers.Manage")
    yield from saying("no roles", APPLICATIONS, "permission_missing", 403, roles=GONE)
    for named in ([], ["triggers.manage"], ["Triggers.ManageAll"], ["Insights.Read"], ["*"]):
        yield from saying(f"roles {named!r}", APPLICATIONS, "permission_missing", 403, roles=named)
    for unreadable in ("Triggers.Manage", None, {"Triggers.Manage": True}, [["Triggers.Manage"]], [7]):
        yield from saying(f"roles {unreadable!r}", APPLICATIONS, "claims_unreadable", roles=unreadable)
    yield from saying("no idtyp, and another subject", APPLICATIONS, neither, idtyp=GONE, sub="x")
    for proof in ("0", GONE, 1):
        named_so = "none" if proof is GONE else repr(proof)
        yield from saying(
            f"no idtyp, proof {named_so}", APPLICATIONS, neither, idtyp=GONE, azpacr=proof, appidacr=proof
        )
    for kind in ("user", "device", "APP", ["app"], None):
        yield from saying(f"idtyp {kind!r}", APPLICATIONS, neither, idtyp=kind)
