"""Which addresses are never dialled, in every form that hides them; and which may be."""

import ast
import ipaddress
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.domain import addresses
from shared.domain.addresses import is_forbidden

ROOT = Path(__file__).parents[2]
FORBIDDEN_4 = [
    "0.0.0.0", "0.0.0.1", "0.255.255.255",  # noqa: S104
    "10.0.0.0", "10.1.2.3", "10.255.255.255",
    "100.64.0.0", "100.100.100.200", "100.127.255.255",  # 100.100.100.200: metadata of another cloud
    "127.0.0.1", "127.0.0.53", "127.255.255.255",
    "168.63.129.16",  # Azure's platform
    "169.254.0.0", "169.254.129.1", "169.254.169.254", "169.254.170.2", "169.254.255.255",  # metadata, identity
    "172.16.0.0", "172.17.0.1", "172.31.255.255",
    "192.0.0.0", "192.0.0.8", "192.0.0.9", "192.0.0.192", "192.0.0.255",
    "192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1",
    "192.168.0.0", "192.168.1.1", "192.168.255.255",
    "192.175.48.1", "198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.9",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.254", "255.255.255.255",
]  # fmt: skip
FORBIDDEN_6 = [
    "::", "::1", "::2", "::ffff:0:0", "::ffff:0:127.0.0.1", "64:ff9b::", "64:ff9b:1::1", "64:ff9b:1:ffff::1",
    "100::1", "100:0:0:1::1", "2001::1", "2001:1::1", "2001:2::1", "2001:3::1", "2001:4:112::1", "2001:10::1",
    "2001:20::1", "2001:30::1", "2001:1ff:ffff::1", "2001:db8::1", "2002::1", "2620:4f:8000::1", "3fff::1",
    "3fff:fff:ffff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fdff:ffff::1", "fe80::1",
    "fe80::a9fe:a9fe", "febf::1", "fec0::1", "feff::1", "ff02::1", "ff0e::1", "1fff:ffff::1",
    "2603:1030::1%eth0", "2603:1030::1%1",
]  # fmt: skip
PUBLIC_4 = [
    "1.0.0.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "13.69.227.208", "20.50.2.10", "40.74.28.0", "52.232.188.0",
    "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "168.63.129.15", "168.63.129.17",
    "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0",
    "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
    "223.255.255.255",
]  # fmt: skip
PUBLIC_6 = [
    "2000::1", "2001:200::1", "2001:4860:4860::8888", "2003::1", "2603:1030::1", "2606:4700:4700::1111",
    "2620:4f:7fff::1", "2620:4f:8001::1", "2a01:111:f400::1", "3ffe::1", "3fff:1000::1",
]  # fmt: skip
NO_ADDRESS = [
    "", " ", "localhost", "a.logic.azure.com", "2130706433", "0x7f000001", "127.1", "127.0.0.1.", "0177.0.0.1",
    "010.8.8.8", "8.8.8.8 ", " 8.8.8.8", "8.8.8.8\n", "8.8.8.8/32", "8.8.8", "8.8.8.8.8", "8.8.8.256", "8.8.8.-1",
    "[2603:1030::1]", "2603:1030:::1", "2603:1030::1%", "2603:1030::g", "٨.٨.٨.٨", "⁸.8.8.8", "8.8.8.8:443",
    "8.8.8.8\x00", "fe80::1%a%b",
]  # fmt: skip


def number(address: str) -> int:
    return int(ipaddress.IPv4Address(address))


def six(high: int, low: int) -> str:
    return str(ipaddress.IPv6Address((high << 64) | low))


HIDDEN: dict[str, Callable[[str], str]] = {
    "bare": lambda address: address,
    "mapped": lambda address: f"::ffff:{address}",
    "mapped in hexadecimal": lambda address: six(0, 0xFFFF << 32 | number(address)),
    "mapped, written out": lambda address: f"0:0:0:0:0:FFFF:{address}",
    "compatible": lambda address: f"::{address}",
    "translated": lambda address: f"::ffff:0:{address}",
    "NAT64": lambda address: f"64:ff9b::{address}",
    "local NAT64": lambda address: f"64:ff9b:1::{address}",
    "6to4": lambda address: six(0x2002 << 48 | number(address) << 16, 1),
    "Teredo server": lambda address: six(0x2001 << 48 | number(address), 0xFFFF << 32),
    "Teredo client": lambda address: six(0x2001 << 48 | number("8.8.8.8"), number(address) ^ 0xFFFFFFFF),
}


@pytest.mark.parametrize("form", HIDDEN)
@pytest.mark.parametrize("address", FORBIDDEN_4)
def test_a_forbidden_address_is_forbidden_however_it_is_dressed(address: str, form: str) -> None:
    assert is_forbidden(HIDDEN[form](address))


@pytest.mark.parametrize("address", FORBIDDEN_6)
def test_what_is_no_public_ipv6_address_is_forbidden(address: str) -> None:
    assert is_forbidden(address)


@pytest.mark.parametrize("address", PUBLIC_4 + PUBLIC_6)
def test_a_public_address_may_be_dialled(address: str) -> None:
    assert not is_forbidden(address)


@pytest.mark.parametrize("form", [form for form in HIDDEN if form != "bare"])
@pytest.mark.parametrize("address", PUBLIC_4)
def test_a_public_address_inside_another_one_is_not_dialled_either(address: str, form: str) -> None:
    """No flow is reached that way, and who unwraps differs from machine to machine."""
    assert is_forbidden(HIDDEN[form](address))


@pytest.mark.parametrize("text", NO_ADDRESS)
def test_what_is_no_address_is_forbidden(text: str) -> None:
    assert is_forbidden(text)


@given(st.text() | st.from_regex(r"\A[0-9a-fA-F:.%x]{1,40}\Z"))
def test_any_text_has_a_verdict(text: str) -> None:
    assert is_forbidden(text) in (True, False)


@given(st.ip_addresses(v=4).map(str))
def test_what_is_public_to_us_is_global_to_python_too(address: str) -> None:
    """The other way round it need not be: our table is the longer one."""
    assume(not is_forbidden(address))
    assert ipaddress.ip_address(address).is_global


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_is_the_same_in_every_spelling(address: ipaddress.IPv6Address) -> None:
    spellings = {str(address), address.exploded, address.exploded.upper(), str(address).upper()}
    assert len({is_forbidden(spelling) for spelling in spellings}) == 1


def test_the_verdict_is_ours_and_never_pythons() -> None:
    """Its is_private, is_global and the like change from version to version."""
    tree = ast.parse(Path(addresses.__file__).read_text(encoding="utf-8"))
    asked = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not {name for name in asked if name.startswith("is_") or name in ("ipv4_mapped", "sixtofour", "teredo")}


ANSWER = (
    "import json, sys; from shared.domain.addresses import is_forbidden as f; print([*map(f, json.load(sys.stdin))])"
)


def pythons() -> list[str]:
    """Every Python of the PATH that the app supports, and the one that runs this."""
    named = [shutil.which(f"python3.{minor}") for minor in range(11, 15)]
    return [sys.executable, *sorted({path for path in named if path})]


@pytest.mark.parametrize("python", pythons(), ids=lambda python: Path(python).name)
def test_every_python_gives_the_same_verdicts(python: str) -> None:
    forbidden = [hide(address) for hide in HIDDEN.values() for address in FORBIDDEN_4] + FORBIDDEN_6 + NO_ADDRESS
    public = PUBLIC_4 + PUBLIC_6
    said = subprocess.run(
        [python, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {ANSWER}"],
        input=json.dumps(forbidden + public),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    if said.returncode == 127:
        pytest.skip("a shim with no Python behind it")
    assert said.stdout.strip() == str([True] * len(forbidden) + [False] * len(public)), said.stderr
