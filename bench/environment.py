"""Where a run took place: figures without it are worth nothing."""

from __future__ import annotations

import asyncio
import os
import platform
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psutil

from bench.processes import BenchError, finished
from bot.clock import SystemClock
from bot.settings import ROOT

PACKAGES: Final = (
    "rasa",
    "rasa-sdk",
    "aiohttp",
    "onnxruntime",
    "scikit-learn",
    "numpy",
    "sqlalchemy",
)
GIT: Final = ("git", "-C", str(ROOT))
GIT_SECONDS: Final = 20.0
LISTEN_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Environment:
    """The machine, the versions, the revision and the time."""

    date: str
    revision: str
    processor: str
    cores: str
    memory: str
    platform: str
    python: str
    packages: str

    def __str__(self) -> str:
        """A line for each."""
        return "\n".join(f"{field.name + ':':<11}{getattr(self, field.name)}" for field in fields(self))


async def look(scratch: Path) -> Environment:
    """The environment of this run.

    Args:
        scratch: A folder for the output of git.
    """
    return Environment(
        date=SystemClock().now().isoformat(timespec="seconds"),
        revision=await _revision(scratch),
        processor=processor(Path("/proc/cpuinfo")),
        cores=str(os.cpu_count()),
        memory=f"{psutil.virtual_memory().total / 1e9:.1f} GB",
        platform=platform.platform(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        packages=", ".join(f"{package} {version(package)}" for package in PACKAGES),
    )


def processor(cpuinfo: Path) -> str:
    """The CPU's model name as Linux tells it, else what Python knows."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


async def others() -> float:
    """How busy the processors are while the benchmark does nothing, in percent of all of them."""
    return await asyncio.to_thread(psutil.cpu_percent, LISTEN_SECONDS)


def describe(revision: str, status: str) -> str:
    """A commit and whether the files differ from it."""
    return revision.strip() + (" with uncommitted changes" if status.strip() else "")


async def _revision(scratch: Path) -> str:
    try:
        revision = await _git("rev-parse", "--short=12", "HEAD", scratch=scratch)
        return describe(revision, await _git("status", "--porcelain", scratch=scratch))
    except (BenchError, OSError):
        return "none: not a git repository with a commit"


async def _git(*arguments: str, scratch: Path) -> str:
    return await finished("git", [*GIT, *arguments], folder=scratch, seconds=GIT_SECONDS)
