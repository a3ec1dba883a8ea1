"""Fetching a clinic's page as a browser would, for the doctor to look at."""

from __future__ import annotations

from typing import Final

import aiohttp

from bot.embedding.examining import Fetched

SECONDS: Final = 15.0
MOST: Final = 5_000_000
"""Bytes of a page that are read."""


class UnreachableError(Exception):
    """The page could not be fetched; the message says why in one line."""


async def fetch(address: str) -> Fetched:
    """The page at an address.

    Raises:
        UnreachableError
    """
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(address) as response:
            body = await response.content.read(MOST)
            if response.status >= 400:
                raise UnreachableError(f"{address} answers with status {response.status}")
            policies = response.headers.getall("Content-Security-Policy", [])
            html = body.decode(response.charset or "utf-8", errors="replace")
            # Several policies may share a header; each has to admit what is loaded.
            split = [policy for line in policies for policy in line.split(",")]
            return Fetched(str(response.url), html, split)
    except (aiohttp.ClientError, TimeoutError, LookupError, ValueError) as error:
        raise UnreachableError(f"{address} cannot be fetched: {type(error).__name__}") from error
