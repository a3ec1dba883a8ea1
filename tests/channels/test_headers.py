"""Security headers on every response, also of errors; no cookie anywhere."""

from __future__ import annotations

import pytest

from bot.channels.headers import CONTENT_SECURITY_POLICY
from tests.channels.listener import Client


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/conversations"),
        ("POST", "/api/messages"),
        ("GET", "/api/nothing"),
        ("GET", "/health/live"),
        ("GET", "/nothing"),
    ],
)
async def test_every_response_is_protected(client: Client, method: str, path: str) -> None:
    async with client.request(method, path) as response:
        assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Cache-Control"] == "no-store"
        assert "Permissions-Policy" in response.headers
        assert "Set-Cookie" not in response.headers
        assert "Server" not in response.headers


def test_the_policy_names_no_other_host_and_nothing_unsafe() -> None:
    sources = {word for rule in CONTENT_SECURITY_POLICY.split("; ") for word in rule.split()[1:]}
    assert sources == {"'self'", "'none'"}
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'")
