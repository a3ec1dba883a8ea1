"""Whose address is counted, with and without proxies."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from bot.channels.addresses import counted, networks, sender

PROXIES = networks(["10.0.0.0/8", "2001:db8:ff::1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.2", [], "10.0.0.2"),
        ("10.0.0.2", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.2", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.2", ["6.6.6.6, 198.51.100.1, 10.0.0.7"], "198.51.100.1"),
        ("10.0.0.2", ["6.6.6.6", "198.51.100.1,10.0.0.7"], "198.51.100.1"),
        ("10.0.0.2", ["6.6.6.6, unknown"], "10.0.0.2"),
        ("2001:db8:ff::1", ["2001:db8:1::5"], "2001:db8:1::5"),
        ("::ffff:203.0.113.9", [], "203.0.113.9"),
    ],
)
def test_the_sender_is_the_last_address_that_no_trusted_proxy_claims(
    peer: str, forwarded: list[str], expected: str
) -> None:
    headers = CIMultiDict([("X-Forwarded-For", line) for line in forwarded])
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=peer)
    assert str(sender(request, PROXIES)) == expected


def test_a_transport_without_addresses_has_no_sender() -> None:
    request = make_mocked_request("GET", "/").clone(remote="")
    assert sender(request, PROXIES) is None


def test_one_household_is_counted_as_one() -> None:
    homes = {counted(ip_address(f"2001:db8:1:2::{host:x}")) for host in range(1, 50)}
    assert homes == {"2001:db8:1:2::/64"}
    assert counted(ip_address("203.0.113.9")) == "203.0.113.9"


def test_a_malformed_proxy_is_refused() -> None:
    with pytest.raises(ValueError, match="proxy.example"):
        networks(["proxy.example"])
