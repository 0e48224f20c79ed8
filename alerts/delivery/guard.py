"""Which addresses and URLs a message may go to; the client asks at the socket, about the address dialled.

The rule is stricter than ``is_global``, which lets NAT64, 6to4 and other roads back inside pass.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final

from yarl import URL  # the client's own parser: what is checked is what is dialled

from alerts.delivery.errors import ForbiddenAddressError, ForbiddenUrlError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL = 2048
"""Characters."""

_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")

_FORBIDDEN: Final[tuple[tuple[Network, str], ...]] = tuple(
    (ipaddress.ip_network(network), why)
    for network, why in (
        # IANA special-purpose registries of IPv4 and IPv6, and what clouds put on addresses that look public
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by carrier NAT, and a cloud's metadata service"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "a cloud's platform service"),
        ("169.254.0.0/16", "link-local, and the metadata service of most clouds"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "IETF protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "AS112 service"),
        ("192.52.193.0/24", "multicast tunnels"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "AS112 service"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("64:ff9b::/96", "NAT64: an IPv4 address in disguise"),
        ("64:ff9b:1::/48", "NAT64: an IPv4 address in disguise"),
        ("2001::/23", "IETF protocol assignments, Teredo among them"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4: an IPv4 address in disguise"),
        ("2620:4f:8000::/48", "AS112 service"),
        ("3fff::/20", "documentation"),
    )
)


def check_address(address: Address, *, allowed: Iterable[Network], plain: bool) -> None:
    """Raise ForbiddenAddressError unless ``address`` may be dialled.

    ``allowed`` are the networks an operator trusts whatever they are; plain http goes nowhere else. An IPv4
    address mapped into IPv6 is judged as the IPv4 address that it is.
    """
    shown = str(address)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in network for network in allowed):
        return
    if plain:
        raise ForbiddenAddressError(shown, "http is not encrypted, so its network must be allowed by name")
    for network, why in _FORBIDDEN:
        if address in network:
            raise ForbiddenAddressError(shown, why)
    if isinstance(address, ipaddress.IPv6Address) and (address not in _GLOBAL_V6 or address.scope_id):
        raise ForbiddenAddressError(shown, "outside the global unicast range of IPv6, 2000::/3")
    if not address.is_global:
        raise ForbiddenAddressError(shown, "not a global address")


def check_url(text: str, *, allowed: Sequence[Network]) -> URL:
    """The URL of an endpoint, parsed; else ForbiddenUrlError or ForbiddenAddressError.

    A host name passes here and is judged by each address that it resolves to when it is dialled.
    """
    if len(text) > LONGEST_URL:
        raise ForbiddenUrlError(text[:80] + "…", f"{len(text)} characters, {LONGEST_URL} are accepted")
    if not text.isascii() or not text.isprintable() or any(sign in text for sign in ' \\"<>'):
        raise ForbiddenUrlError(text, "it holds a character that a URL has to escape")
    try:
        url = URL(text)
        port = url.port
    except ValueError as error:
        raise ForbiddenUrlError(text, str(error)) from error
    if url.scheme not in {"http", "https"}:
        raise ForbiddenUrlError(text, "its scheme is neither https nor http")
    if url.scheme == "http" and not allowed:
        raise ForbiddenUrlError(text, "http is for networks that the operator allowed, and there is none")
    if not url.host or port is None:
        raise ForbiddenUrlError(text, "it names no host")
    if url.user is not None or url.password is not None:
        raise ForbiddenUrlError(text, "a name and password in a URL end up in logs; messages are signed")
    if url.fragment:
        raise ForbiddenUrlError(text, "the part after # is never sent")
    try:
        literal = ipaddress.ip_address(url.host)
    except ValueError:
        return url
    check_address(literal, allowed=allowed, plain=url.scheme == "http")
    return url
