"""Whose request it is: the sender's network address, through the proxies that the operator trusts."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import web

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

IPV6_PREFIX = 64
"""One household or phone holds a whole /64, so that is what is counted."""


def networks(trusted: Iterable[str]) -> tuple[Network, ...]:
    """The trusted proxies as networks.

    Args:
        trusted: Addresses or CIDR blocks, for example `10.0.0.0/8`.

    Raises:
        ValueError: One of them is neither.
    """
    return tuple(ip_network(proxy, strict=False) for proxy in trusted)


def sender(request: web.BaseRequest, proxies: tuple[Network, ...]) -> Address | None:
    """The address that sent the request; None when the transport has none.

    `X-Forwarded-For` is read from the right, and only as far as trusted proxies wrote it: what stands
    further left is the sender's own claim.
    """
    address = _parse(request.remote or "")
    claims = [claim for line in request.headers.getall("X-Forwarded-For", ()) for claim in line.split(",")]
    while address is not None and claims and _is_trusted(address, proxies):
        claimed = _parse(claims.pop().strip())
        if claimed is None:
            break
        address = claimed
    return address


def counted(address: Address) -> str:
    """The address or, for IPv6, the network that limits are counted for."""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, IPV6_PREFIX), strict=False))
    return str(address)


def _is_trusted(address: Address, proxies: tuple[Network, ...]) -> bool:
    return any(address in proxy for proxy in proxies)


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
