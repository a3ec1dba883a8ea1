"""What is wrong in a data file, said so that a person can repair it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """One thing wrong in one data file; `line` counts from 1, 0 means the whole file."""

    file: Path
    line: int
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}. {self.remedy}"


class DataError(Exception):
    """Data files that cannot be used, with every fault found in them."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults

    @property
    def summary(self) -> str:
        """The first fault, and how many more there are, in one line."""
        more = len(self.faults) - 1
        return f"{self.faults[0]}" + (f" ({more} more: run 'harborline check')" if more else "")
