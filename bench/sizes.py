"""What an installation takes: packages, their files, the model."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from bot.encoders import CACHE
from bot.settings import ROOT

PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Megabytes on disk, and how many packages the locks name.

    `runtime` counts the files that the packages of `requirements.lock` brought, without what Python
    compiled since; `venv` is the whole folder as it is, development packages and caches too.
    """

    runtime_packages: int
    development_packages: int
    runtime: float
    venv: float
    model: float
    encoder_cache: float


def look() -> Sizes:
    """The sizes of this installation."""
    runtime = locked(ROOT / "requirements.lock")
    model = ROOT / "models" / "harborline.tar.gz"
    return Sizes(
        runtime_packages=len(runtime),
        development_packages=len(locked(ROOT / "requirements-dev.lock")),
        runtime=sum(map(_installed_bytes, runtime)) / 1e6,
        venv=folder_bytes(Path(sys.prefix)) / 1e6,
        model=on_disk([model]) / 1e6,
        encoder_cache=folder_bytes(CACHE) / 1e6,
    )


def locked(lock: Path) -> list[str]:
    """The names of the packages in a lock."""
    return PINNED.findall(lock.read_text(encoding="utf-8"))


def folder_bytes(folder: Path) -> int:
    """The blocks that a folder's files take, as `du` counts them: hard links once, links not followed."""
    return on_disk(folder.rglob("*"))


def on_disk(files: Iterable[Path]) -> int:
    """The blocks that files take; a missing one takes none."""
    found = [file.lstat() for file in files if _is_there(file)]
    return 512 * sum({(each.st_dev, each.st_ino): each.st_blocks for each in found}.values())


def _installed_bytes(package: str) -> int:
    try:
        files = distribution(package).files or ()
    except PackageNotFoundError:  # for another platform
        return 0
    return on_disk(Path(str(file.locate())) for file in files)


def _is_there(file: Path) -> bool:
    return file.is_symlink() or file.exists()
