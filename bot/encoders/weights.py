"""Weight files that ship inside installed packages: where they are, and whether they are the right ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


class WeightsError(Exception):
    """A weight file is missing, or is not the one this program was built with."""


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file of an installed package and the SHA-256 that it must have."""

    package: str
    path: str
    sha256: str

    def locate(self) -> Path:
        """Where the file is, without reading it and without running the package's code.

        Raises:
            WeightsError: The package or the file is not installed.
        """
        spec = find_spec(self.package)
        if spec is None or spec.origin is None:
            raise WeightsError(f"the package {self.package} is not installed; run 'make setup'")
        file = Path(spec.origin).parent / self.path
        if not file.is_file():
            raise WeightsError(f"{self.package} lacks {self.path}; run 'make setup'")
        return file

    def verify(self) -> Path:
        """`locate`, after comparing the whole file with its hash (90 MB take 0.1 s).

        Raises:
            WeightsError: Missing or different.
        """
        file = self.locate()
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != self.sha256:
            raise WeightsError(f"{self.package}/{self.path} has SHA-256 {found}, expected {self.sha256}")
        return file
