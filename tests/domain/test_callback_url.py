"""Which callback URLs are called: a table of good and hostile ones, and what is shown of them."""

import re

import pytest
from hypothesis import example, find, given, settings
from hypothesis import strategies as st
from yarl import URL

from shared.domain.callback_url import MAX_LENGTH, CallbackUrl, parse_callback_url
from shared.errors import CallbackRejected
from tests.domain.callback_urls import BRACKETS, CLASSIC, GOOD, HOSTILE, HOSTS, PATH


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


@pytest.mark.parametrize("url", BRACKETS)
def test_brackets_make_no_url_acceptable(url: str) -> None:
    with pytest.raises(CallbackRejected) as caught:
        parse_callback_url(url, allowed_suffixes=HOSTS)
    assert caught.value.reason in ("host", "unreadable")


def test_each_url_stands_in_the_tables_once() -> None:
    urls = [*GOOD, *(url for url, _ in HOSTILE), *BRACKETS]
    assert len(urls) == len(set(urls)) > 180


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
     ":", "127.0.0.1", " ", "\n", "ø", ".", "-", "localhost", ".environment.api.powerplatform.com", ";", "&sig=x", "]",
     "xn--", "0", "169.254.169.254", "%40", "*", "_", "::1", ",", "\t", "。"]
)  # fmt: skip


@st.composite
def _spoilt(draw: st.DrawFn) -> str:
    """A good URL into which something was put, over nothing or over a part of it."""
    url = draw(st.sampled_from([url for url in GOOD if len(url) < 400]))
    start = draw(st.integers(0, len(url)))
    piece = draw(_PIECES | st.text(max_size=3))
    return url[:start] + piece + url[start + draw(st.integers(0, 12)) :]


URLS = (
    st.lists(_PIECES, max_size=9).map("".join)
    | st.text(max_size=60).map("https://a.logic.azure.com".__add__)
    | st.text(max_size=20).map("https://{}.logic.azure.com/x".format)
    | _spoilt()
)
many = settings(max_examples=1500, deadline=None)


def accepted(url: str) -> CallbackUrl | None:
    try:
        return parse_callback_url(url, allowed_suffixes=HOSTS)
    except CallbackRejected:
        return None


@many
@given(URLS)
def test_whatever_is_accepted_is_https_on_port_443_of_an_allowed_host(url: str) -> None:
    """Read by hand, as RFC 3986 says, with no library that could share an error with the code."""
    parsed = accepted(url)
    if parsed is None:
        return
    assert url.lower().startswith("https://")
    authority = re.split("[/?#]", url[len("https://") :])[0].lower()
    host, _, port = authority.partition(":")
    assert "@" not in authority
    assert not port or (port.isdigit() and int(port) == 443)
    assert host == parsed.host
    assert host.endswith(HOSTS)
    assert re.fullmatch(r"[a-z0-9.-]+", host)
    assert url == parsed.secret
    assert not set(url) & set("\\#\n \t")


@many
@given(URLS)
@example("https://evil.com.logic.azure.com/?")
def test_whatever_is_accepted_is_what_the_http_client_will_call(url: str) -> None:
    """Two parsers that disagree are a way around the check. A query that is empty loses its question mark."""
    parsed = accepted(url)
    if parsed is None:
        return
    called = URL(url, encoded=True)
    assert (called.scheme, (called.raw_host or "").lower(), called.port) == ("https", parsed.host, 443)
    assert (called.user, called.password, called.raw_fragment) == (None, None, "")
    assert url.lower().removeprefix("https://").partition("/")[2].removesuffix("?") in called.raw_path_qs.lower()


def test_good_urls_survive_the_strategy_that_spoils_them() -> None:
    """Else the two promises above would be about nothing."""
    assert find(URLS, lambda url: accepted(url) is not None and ":443" in url and "?" in url)


LONG_HOST = ".".join(["a" * 63] * 3 + ["b" * 45])
WORDS = {
    "https://" + "a" * 2041: f"is longer than {MAX_LENGTH} characters",
    "https://a.logic.azure.com/ø": "has characters that a URL cannot have",
    "https://[a.logic.azure.com/": "is not a URL",
    "https://me@a.logic.azure.com/": "has a user name in it; leave it away",
    "https://a.logic.azure.com/#x": "has a fragment; leave it away",
    "http://a.logic.azure.com/": "must start with https://",
    "https://a.logic.azure.com:444/": "must use port 443",
    "https://10.0.0.1/": "must name a host of Power Automate or Logic Apps",
    f"https://{LONG_HOST}b.logic.azure.com/": "must name a host of Power Automate or Logic Apps",
    "https://example.com/": "must be on a host that this app may call (CALLBACK_ALLOWED_HOSTS)",
}


def test_a_refusal_says_what_is_wrong() -> None:
    for url, words in WORDS.items():
        with pytest.raises(CallbackRejected) as caught:
            parse_callback_url(url, allowed_suffixes=HOSTS)
        assert str(caught.value) == words


def test_a_host_may_have_253_letters_and_a_url_2048() -> None:
    assert len(parse_callback_url(f"https://{LONG_HOST}.logic.azure.com/", allowed_suffixes=HOSTS).host) == 253
    url = "https://a.logic.azure.com/"
    assert parse_callback_url(url + "x" * (MAX_LENGTH - len(url)), allowed_suffixes=HOSTS).host == "a.logic.azure.com"


def test_a_url_of_this_machine_has_its_host_too() -> None:
    for host in ("127.0.0.1", "localhost"):
        taken = parse_callback_url(f"http://{host.upper()}:8080/x", allowed_suffixes=HOSTS, allow_loopback=True)
        assert taken == CallbackUrl(f"http://{host.upper()}:8080/x", host)
