"""Tokens whose header, signature or form is wrong, and good tokens of others."""

import json
from collections.abc import Iterator
from dataclasses import replace

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.entra import directory
from local.entra.directory import API, API_APP, CONNECTOR, DAEMON, FOREIGN_TENANT, IDENTITY, MAKER, NOBODYS_APP
from local.entra.issuer import Issuer
from local.entra.mint import Mint
from tests.access import forging
from tests.access.forging import KINDS, flipped, header_of, opened, segment, signed, unsigned
from tests.access.hostile_claims import Row
from tests.tokens import AUTHORITY, ISSUER, MINT


def claims(kind: str = "v2 user") -> forging.Claims:
    """What a good token says."""
    return opened(KINDS[kind]())[1]


def algorithms() -> Iterator[Row]:
    """What signed it."""
    refused, good = "algorithm_not_allowed", claims()
    spellings = ("none", "None", "NONE", "nOnE", " none", "", "rs256", "RS256 ", "HS256", "HS512", ["RS256"], 0, True)
    for spelling in spellings:
        header = header_of(alg=spelling)
        yield Row(f"alg {spelling!r}", unsigned(header, good), refused)
        yield Row(f"alg {spelling!r}, well signed", signed(header, good), refused)
    yield Row("no alg", signed(header_of(alg=None), good), refused)
    for name, encoding, form in (
        ("PEM", Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        ("PEM of PKCS 1", Encoding.PEM, PublicFormat.PKCS1),
        ("DER", Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    ):
        yield Row(f"HS256 with our public key as {name}", forging.with_our_public_key(good, form, encoding), refused)
    for algorithm in ("RS384", "PS256"):
        yield Row(algorithm, forging.signed_otherwise(algorithm, good), refused)
    yield Row("ES256", forging.signed_on_a_curve(good), refused)


def keys() -> Iterator[Row]:
    """Whose key."""
    strange, good = forging.strange_key(), claims()
    for kind in KINDS:
        said = claims(kind)
        yield Row(f"{kind}: a strange key as ours", signed(header_of(), said, strange.private), "signature_wrong")
        header = header_of(kid=strange.id)
        yield Row(f"{kind}: a strange key", signed(header, said, strange.private), "unknown_key")
    published = {**strange.published(f"{AUTHORITY}/x"), "kid": strange.id}
    for name, way in (
        ("jku", "https://evil.example/keys"),
        ("jwk", published),
        ("x5u", "https://evil.example/chain.pem"),
        ("x5c", ["MIIB"]),
    ):
        ours, theirs = header_of(**{name: way}), header_of(kid=strange.id, **{name: way})
        yield Row(f"{name}, our key id", signed(ours, good, strange.private), "signature_wrong")
        yield Row(f"{name}, its own key id", signed(theirs, good, strange.private), "unknown_key")
    for name, key in (("of another tenant", forging.consumers_key()), ("for encryption", forging.encryption_key())):
        yield Row(f"a key {name}", signed(header_of(kid=key.id), good, key.private), "unknown_key")


def key_ids() -> Iterator[Row]:
    """How the key is named."""
    good, ours = claims(), ISSUER.key.id
    yield Row("no kid", signed(header_of(kid=None), good), "key_not_named")
    yield Row("no kid but x5t", signed(header_of(kid=None, x5t=ours), good), "key_not_named")
    yield Row("an empty kid", signed(header_of(kid=""), good), "key_not_named")
    for odd in (7, [ours], {"kid": ours}, True):
        yield Row(f"kid {odd!r}", signed(header_of(kid=odd), good), "not_a_token")
    for name in ("../../etc/passwd", "' OR 1=1 --", "a" * 5000, ours.swapcase(), f"{ours} ", "\ud800", "\x00"):
        yield Row(f"kid {name[:20]!r}", signed(header_of(kid=name), good), "unknown_key")


def headers() -> Iterator[Row]:
    """What else the header says."""
    good = claims()
    for critical in (["evil"], ["b64", "evil"], "exp", [], [7], None):
        yield Row(f"crit {critical!r}", signed({**header_of(), "crit": critical}, good), "not_a_token")
    detached = header_of(b64=False, crit=["b64"])
    yield Row("b64 false", signed(detached, good), "not_a_token")
    yield Row("b64 false, no payload", f"{segment(detached)}..{segment(b'x')}", "not_a_token")
    odd: tuple[object, ...] = ([], "RS256", None, b"\xff\xfe", b"", b"{", b"[" * 6000, b'{"alg":"RS256"')
    for header in odd:
        yield Row(f"header {str(header)[:20]}", signed(header, good), "not_a_token")


def forms() -> Iterator[Row]:
    """What is no token at all, or not whole."""
    good = KINDS["v2 user"]()
    start, payload, signature = good.split(".")
    texts = {"blank": " ", "a dot": ".", "two dots": "..", "three dots": "...", "a word": "token", "null": "null"}
    texts |= {"no signature": f"{start}.{payload}", "an empty signature": f"{start}.{payload}."}
    texts |= {"no header": f".{payload}.{signature}", "no payload": f"{start}..{signature}"}
    texts |= {"a part too many": f"{good}.{signature}", "five parts": f"{good}.a.b", "a dot behind it": f"{good}."}
    texts |= {"two tokens": f"{good}, Bearer {good}", "two tokens, a comma": f"{good},{good}", "quoted": f'"{good}"'}
    texts |= {"a blank before it": f" {good}", "a blank behind it": f"{good} ", "a line end behind it": f"{good}\n"}
    texts |= {"a NUL behind it": f"{good}\x00", "padded": f"{good}==", "standard base64": f"{good[:-4]}+/+/"}
    texts |= {"unicode": "tökén.ünd.mehr", "digits of others": f"{good[:-3]}٣٤٥", "a surrogate": f"{good}\ud800"}
    texts |= {"17 KB": f"{start}.{payload}.{'A' * 17_000}", "17 KB of dots": "." * 17_000, "a megabyte": "a" * 2**20}
    texts |= {"a refresh token": f"0.AXEAmoQ-9fbB2k6PH1Q0xO1k.AgABAwEAAADnfolhJpSnRYB1SVj-{'x' * 900}"}
    texts |= {"not canonical": good[:-1] + ("B" if good[-1] in "AQgw" else "x")}
    for name, text in texts.items():
        yield Row(name, text, "not_a_token")


def contents() -> Iterator[Row]:
    """What is not what was signed, or nothing that a token says."""
    good = KINDS["v2 user"]()
    start, payload, signature = good.split(".")
    for length in (2, 100, 340):
        yield Row(f"a signature of {length}", f"{start}.{payload}.{'A' * length}", "signature_wrong")
    changed = segment({**claims(), "oid": FOREIGN_TENANT})
    yield Row("another payload", f"{start}.{changed}.{signature}", "signature_wrong")
    yield Row("a flipped signature", flipped(good, 2), "signature_wrong")
    others = KINDS["v1 application"]().split(".")[2]
    yield Row("another's signature", f"{start}.{payload}.{others}", "signature_wrong")
    long = b"1" * 5000
    odd: tuple[object, ...] = (
        [claims()], "text", 7, None, b"", b"\xff\xfe", b"{", b"[" * 8000, b'{"a":' * 1500, long, b'{"exp":%b}' % long,
    )  # fmt: skip
    for content in odd:
        yield Row(f"payload {str(content)[:20]}", signed(header_of(), content), "not_a_token")
    twice = json.dumps(claims()).encode()[:-1] + b',"aud":"x"}'
    yield Row("a claim twice", signed(header_of(), twice), "audience_not_ours")


def of_others() -> Iterator[Row]:
    """Tokens that are good, but not for us."""
    abroad, evil = Mint(Issuer(AUTHORITY)), Mint(Issuer("https://evil.example"))
    for version in (1, 2):
        user = abroad.user(MAKER, tenant=FOREIGN_TENANT, version=version)
        yield Row(f"another tenant's user, version {version}", user, "tenant_not_allowed")
        application = abroad.app(DAEMON, tenant=FOREIGN_TENANT, version=version)
        yield Row(f"another tenant's application, version {version}", application, "tenant_not_allowed")
        yield Row(f"another Entra ID's, version {version}", abroad.user(MAKER, version=version), "unknown_key")
    yield Row("another cloud's", evil.user(MAKER), "unknown_key")
    yield Row("another cloud's, our key", signed(header_of(), opened(evil.user(MAKER))[1]), "issuer_not_allowed")
    exchange = replace(API, uri=directory.EXCHANGE, client_id="")
    for name, token, reason in (
        ("an ID token of the connector", MINT.id_token(MAKER, CONNECTOR), "audience_not_ours"),
        ("an ID token of our own app", MINT.id_token(MAKER, API_APP), "neither_user_nor_application"),
        ("on behalf of", MINT.user(MAKER, app=API_APP, resource=directory.INSIGHTS), "audience_not_ours"),
        ("an identity's for storage", MINT.app(IDENTITY, resource=directory.STORAGE), "audience_not_ours"),
        ("an identity's for the exchange", MINT.app(IDENTITY, resource=exchange, version=2), "audience_not_ours"),
    ):
        yield Row(name, token, reason)
    yield Row("an app that nobody listed", MINT.app(NOBODYS_APP), "calling_app_not_listed", 403)
    yield Row("a user through it", MINT.user(MAKER, app=NOBODYS_APP), "calling_app_not_listed", 403)
