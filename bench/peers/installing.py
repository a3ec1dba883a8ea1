"""An environment for the peers alone: nothing of theirs gets near the project's own packages."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.peers.catalogue import Peer
from bench.processes import BenchError, finished
from bot.settings import ROOT

FOLDER: Final = ROOT / "build" / "peers-venv"
MAKE_SECONDS: Final = 120.0
INSTALL_SECONDS: Final = 300.0
PIP: Final = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input")


async def make(scratch: Path, *, folder: Path = FOLDER) -> Path:
    """The interpreter of the environment, made when it is not there.

    Raises:
        BenchError: It cannot be made.
    """
    python = folder / "bin" / "python"
    if not python.exists():
        command = (sys.executable, "-m", "venv", str(folder))
        await finished("making the peers' environment", command, folder=scratch, seconds=MAKE_SECONDS)
    return python


async def install(peers: Sequence[Peer], python: Path, scratch: Path) -> dict[str, str]:
    """Install each on its own, so that one that cannot be had spares the others.

    Returns:
        By the name of each that is not there, why.
    """
    missing = {}
    for peer in peers:
        if peer.requirement is not None:
            trouble = await _install(peer.requirement, python, scratch)
            if trouble:
                missing[peer.name] = trouble
    return missing


async def _install(requirement: str, python: Path, scratch: Path) -> str | None:
    # Binary packages alone: building one runs whatever its author wrote.
    command = (str(python), *PIP, "--only-binary", ":all:", requirement)
    try:
        await finished(f"installing {requirement}", command, folder=scratch, seconds=INSTALL_SECONDS)
    except (BenchError, OSError) as error:
        return f"not installed: {str(error).strip().splitlines()[-1]}"
    return None
