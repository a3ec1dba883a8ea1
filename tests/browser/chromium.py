"""The browser that the tests drive: the system's Chromium, or else the one that Playwright fetches."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # A clinic's page in tests is answered by the test itself, which counts as the public internet; from there
    # Chromium would not let it load the widget from a server on this machine.
    "--disable-features=LocalNetworkAccessChecks",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")


def executable() -> str | None:
    """The path of a browser that is installed, or None."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    return found or _fetched()


def _fetched() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None
