"""Fetch a browser for the tests if the system has none: `python -m tests.browser.install`."""

from __future__ import annotations

import subprocess
import sys

from tests.browser.chromium import executable

if __name__ == "__main__" and executable() is None:
    sys.stdout.write("Fetching Chromium for the browser tests …\n")
    subprocess.run([sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"], check=True)
