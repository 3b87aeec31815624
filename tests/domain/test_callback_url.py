"""Which callback URLs are called: a table of good and hostile ones, and what is shown of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.callback_url import MAX_LENGTH, CallbackUrl, parse_callback_url
from shared.errors import CallbackRejected

HOSTS = (".logic.azure.com", ".environment.api.powerplatform.com")
CLASSIC = "https://prod-01.westeurope.logic.azure.com"
PATH = "/workflows/abc/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Frun&sv=1.0&sig=s3cr3t"
NEW = "https://0123456789abcdef.01.environment.api.powerplatform.com"

GOOD = [
    CLASSIC + PATH,
    CLASSIC + ":443" + PATH,
    NEW + ":443/powerautomate/automations/direct/workflows/w/triggers/manual/paths/invoke?api-version=1&sig=s",
    NEW + "/x",
    "HTTPS://PROD-01.WestEurope.Logic.Azure.COM/x",
    "https://a.logic.azure.com",
    "https://a.logic.azure.com?sig=s",
    "https://a.logic.azure.com/x?next=https://evil.com/@b",
    "https://a.logic.azure.com/x?q=a@b.c:80",
    "https://a-b-c.logic.azure.com/x",
    "https://xn--bcher-kva.logic.azure.com/x",
    "https://a.b.c.d.logic.azure.com/x",
]

HOSTILE = [
    ("", "characters"),
    (" " + CLASSIC, "characters"),
    (CLASSIC + "/ x", "characters"),
    (CLASSIC + "/\n", "characters"),
    (CLASSIC + "/x\r\nHost: evil.com", "characters"),
    (CLASSIC + "/\t", "characters"),
    ("ht\ntps://a.logic.azure.com/", "characters"),
    (CLASSIC + "/\x00", "characters"),
    (CLASSIC + "/ø", "characters"),
    ("https://ⓔvil.logic.azure.com/", "characters"),
    ("https://a。logic.azure.com/", "characters"),
    ("https://evil.com\\.logic.azure.com/", "characters"),
    ("https:\\\\a.logic.azure.com/", "characters"),
    ("https://a.logic.azure.com\\@evil.com/", "characters"),
    (CLASSIC + "/" + "x" * MAX_LENGTH, "too_long"),
    ("http://a.logic.azure.com/x", "scheme"),
    ("ftp://a.logic.azure.com/x", "scheme"),
    ("file:///etc/passwd", "scheme"),
    ("javascript:alert(1)", "scheme"),
    ("//a.logic.azure.com/x", "scheme"),
    ("a.logic.azure.com/x", "scheme"),
    ("https://a.logic.azure.com:80/x", "port"),
    ("https://a.logic.azure.com:8443/x", "port"),
    ("https://a.logic.azure.com:0/x", "port"),
    ("https://a.logic.azure.com:99999/x", "unreadable"),
    ("https://a.logic.azure.com:-443/x", "unreadable"),
    ("https://a.logic.azure.com:443:80/x", "unreadable"),
    ("https://a.logic.azure.com:abc/x", "unreadable"),
    ("https://user@a.logic.azure.com/x", "userinfo"),
    ("https://user:pass@a.logic.azure.com/x", "userinfo"),
    ("https://a.logic.azure.com@evil.com/x", "userinfo"),
    ("https://@a.logic.azure.com/x", "userinfo"),
    (CLASSIC + "/x#", "fragment"),
    (CLASSIC + "/x#@evil.com", "fragment"),
    ("https://evil.com#.logic.azure.com", "fragment"),
    ("https://evil.com", "host_not_allowed"),
    ("https://evil.com/.logic.azure.com", "host_not_allowed"),
    ("https://evil.com?.logic.azure.com", "host_not_allowed"),
    ("https://evil.com;.logic.azure.com", "host"),
    ("https://evil.com%2f.logic.azure.com/", "host"),
    ("https://evil.com%00.logic.azure.com/", "host"),
    ("https://a.logic.azure.com.evil.com/", "host_not_allowed"),
    ("https://evillogic.azure.com/", "host_not_allowed"),
    ("https://logic.azure.com/", "host_not_allowed"),
    ("https://.logic.azure.com/", "host"),
    ("https://a..logic.azure.com/", "host"),
    ("https://a.logic.azure.com./", "host"),
    ("https://-a.logic.azure.com/", "host"),
    ("https://a-.logic.azure.com/", "host"),
    ("https://a_b.logic.azure.com/", "host"),
    (f"https://{'a' * 64}.logic.azure.com/", "host"),
    (f"https://{'a.' * 130}logic.azure.com/", "host"),
    ("https://environment.api.powerplatform.com/", "host_not_allowed"),
    ("https://api.powerplatform.com/", "host_not_allowed"),
    ("https://management.azure.com/", "host_not_allowed"),
    ("https://", "host"),
    ("https:///x", "host"),
    ("https:a.logic.azure.com/x", "host"),
    ("https://127.0.0.1/", "host"),
    ("https://169.254.169.254/metadata/identity", "host"),
    ("https://168.63.129.16/", "host"),
    ("https://[::1]/", "host"),
    ("https://[::ffff:169.254.169.254]/", "host"),
    ("https://[a.logic.azure.com/", "unreadable"),
    ("https://2130706433/", "host_not_allowed"),
    ("https://0x7f000001/", "host_not_allowed"),
    ("https://localhost/", "host_not_allowed"),
    ("http://localhost:7071/", "scheme"),
]


@pytest.mark.parametrize("url", GOOD)
def test_a_callback_of_power_automate_or_logic_apps_is_taken_as_it_is(url: str) -> None:
    parsed = parse_callback_url(url, allowed_suffixes=HOSTS)
    assert parsed.secret == url
    assert parsed.host.endswith(HOSTS)


@pytest.mark.parametrize(("url", "reason"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_url_is_rejected_with_its_reason(url: str, reason: str) -> None:
    with pytest.raises(CallbackRejected) as caught:
        parse_callback_url(url, allowed_suffixes=HOSTS)
    assert caught.value.reason == reason


@pytest.mark.parametrize("url", [*(url for url, _ in HOSTILE if len(url) > 20)])
def test_a_rejection_never_repeats_the_url(url: str) -> None:
    with pytest.raises(CallbackRejected) as caught:
        parse_callback_url(url, allowed_suffixes=HOSTS)
    assert url not in str(caught.value)


@pytest.mark.parametrize("url", GOOD)
def test_without_an_allowed_host_nothing_is_called(url: str) -> None:
    with pytest.raises(CallbackRejected):
        parse_callback_url(url, allowed_suffixes=())


LOOPBACK = ["http://127.0.0.1:9000/flow?sig=s", "http://localhost:9000/flow", "https://localhost/x"]


@pytest.mark.parametrize("url", LOOPBACK)
def test_loopback_is_called_only_where_it_is_allowed(url: str) -> None:
    assert parse_callback_url(url, allowed_suffixes=HOSTS, allow_loopback=True).secret == url
    with pytest.raises(CallbackRejected):
        parse_callback_url(url, allowed_suffixes=HOSTS)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.evil.com/",
        "http://localhost.evil.com/",
        "http://evil.com/",
        "http://user@127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:80\\@evil.com/",
        "http://a.logic.azure.com/",
        "ftp://127.0.0.1/",
        "http://0.0.0.0/",
        "http://169.254.169.254/",
    ],
)
def test_allowing_loopback_allows_nothing_else(url: str) -> None:
    with pytest.raises(CallbackRejected):
        parse_callback_url(url, allowed_suffixes=HOSTS, allow_loopback=True)


def test_the_secret_is_in_no_text_of_the_url() -> None:
    parsed = parse_callback_url(CLASSIC + PATH, allowed_suffixes=HOSTS)
    for shown in (repr(parsed), str(parsed), f"{parsed}", parsed.fingerprint):
        assert "s3cr3t" not in shown
        assert "sig" not in shown
    assert "prod-01.westeurope.logic.azure.com" in str(parsed)


def test_the_fingerprint_tells_urls_apart_and_is_short() -> None:
    one, two = (CallbackUrl(f"{CLASSIC}/x?sig={sig}", "h") for sig in "ab")
    assert one.fingerprint != two.fingerprint
    assert one.fingerprint == CallbackUrl(one.secret, "h").fingerprint
    assert len(one.fingerprint) == 8


_PIECES = st.sampled_from(
    ["https://", "http://", "a", "evil.com", ".logic.azure.com", ":443", ":80", "@", "/", "\\", "#", "?", "%2e", "[",
     ":", "127.0.0.1", " ", "\n", "ø", ".", "-", "localhost", ".environment.api.powerplatform.com", ";", "&sig=x"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=9).map("".join) | st.text(max_size=60).map("https://a.logic.azure.com".__add__))
def test_whatever_is_accepted_is_https_on_port_443_of_an_allowed_host(url: str) -> None:
    try:
        parsed = parse_callback_url(url, allowed_suffixes=HOSTS)
    except CallbackRejected:
        return
    authority = url[len("https://") :].replace("?", "/").split("/")[0].lower()
    assert url.lower().startswith("https://")
    assert authority in (parsed.host, f"{parsed.host}:443", f"{parsed.host}:")
    assert parsed.host.endswith(HOSTS)
    assert not set(url) & set("\\#\n \t")
