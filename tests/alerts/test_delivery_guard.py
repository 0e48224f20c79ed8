"""The guard: no road back inside, whatever it is written as."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.errors import DeliveryError, ForbiddenAddressError, ForbiddenUrlError
from alerts.delivery.guard import check_address, check_url

HOSTILE = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.254.0.0 100.64.0.1 100.100.100.200 127.0.0.1 127.1.2.3 168.63.129.16
    169.254.169.254 169.254.45.1 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1
    192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1 192.175.48.1 198.18.0.1 198.19.255.255
    198.51.100.1 203.0.113.6 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1
    ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1
    64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2001::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1
    2002:7f00:1:: 2002:a9fe:a9fe::1 2620:4f:8000::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1
    fe80::1%1 fec0::1 ff02::1 2606:4700::1111%1
""".split()  # noqa: SIM905 - fifty literals read better in a block
"""Every kind of special address, as literals; none may be dialled."""

PUBLIC = ("1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001:81a::200e", "::ffff:8.8.8.8")
LOOPBACK = (ipaddress.ip_network("127.0.0.1/32"),)


@pytest.mark.parametrize("literal", HOSTILE)
def test_hostile_addresses(literal: str) -> None:
    """No special address may be dialled, and the refusal names it and why."""
    with pytest.raises(ForbiddenAddressError) as caught:
        check_address(ipaddress.ip_address(literal), allowed=(), plain=False)
    assert ipaddress.ip_address(caught.value.address) == ipaddress.ip_address(literal)
    assert caught.value.why


@pytest.mark.parametrize("literal", PUBLIC)
def test_public_addresses(literal: str) -> None:
    """A public address may be dialled over https and not over http."""
    check_address(ipaddress.ip_address(literal), allowed=(), plain=False)
    with pytest.raises(ForbiddenAddressError, match="http is not encrypted"):
        check_address(ipaddress.ip_address(literal), allowed=LOOPBACK, plain=True)


@given(st.ip_addresses(v=4))
def test_mapped_is_judged_as_what_it_is(address: ipaddress.IPv4Address) -> None:
    """An IPv4 address mapped into IPv6 gets the verdict of the IPv4 address."""
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    assert _refused(address) == _refused(mapped)


@given(st.ip_addresses())
def test_never_laxer_than_is_global(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """Whatever passes is global and no multicast address."""
    if not _refused(address):
        assert address.is_global
        assert not address.is_multicast


def test_allowed_network() -> None:
    """An allowed network may be dialled over http, its neighbour and its mapped neighbour may not."""
    check_address(ipaddress.ip_address("127.0.0.1"), allowed=LOOPBACK, plain=True)
    check_address(ipaddress.ip_address("::ffff:127.0.0.1"), allowed=LOOPBACK, plain=True)
    for neighbour in ("127.0.0.2", "::1", "::ffff:127.0.0.2"):
        with pytest.raises(ForbiddenAddressError):
            check_address(ipaddress.ip_address(neighbour), allowed=LOOPBACK, plain=False)


@pytest.mark.parametrize("literal", HOSTILE)
def test_hostile_literals_in_a_url(literal: str) -> None:
    """A URL that spells a special address out is refused when the endpoint is made."""
    host = f"[{literal}]" if ":" in literal else literal
    with pytest.raises(DeliveryError):
        check_url(f"https://{host}/hook", allowed=())


@pytest.mark.parametrize(
    "url",
    [
        "", "desk.example", "ftp://desk.example/", "file:///etc/passwd", "https://", "https:///hook",
        "https://user:word@desk.example/", "https://user@desk.example/", "https://desk.example/#part",
        "https://desk.example:99999/", "https://desk.example/a b", "https://desk.example\\@127.0.0.1/",
        "https://desk.example/\r\nHost: inside", "https://[::1/", "http://desk.example/",
        "javascript:alert(1)",         "https://desk.example/" + "a" * 2048,
    ],
)  # fmt: skip
def test_refused_urls(url: str) -> None:
    """A URL that is not plainly https to a host is refused."""
    with pytest.raises(ForbiddenUrlError):
        check_url(url, allowed=())


@pytest.mark.parametrize(
    "url", ["https://desk.example/hook?key=1", "https://desk.example:8443/", "HTTPS://1.1.1.1/"]
)
def test_accepted_urls(url: str) -> None:
    """A plain https URL is accepted."""
    assert check_url(url, allowed=()).scheme == "https"


def test_http_to_an_allowed_network() -> None:
    """Where the operator allowed a network, http to it is accepted, and to a public literal still refused."""
    assert check_url("http://127.0.0.1:9000/hook", allowed=LOOPBACK).port == 9000
    with pytest.raises(ForbiddenAddressError):
        check_url("http://1.1.1.1/", allowed=LOOPBACK)


def _refused(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        check_address(address, allowed=(), plain=False)
    except ForbiddenAddressError:
        return True
    return False
