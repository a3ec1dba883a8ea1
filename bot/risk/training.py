"""Where the trained layer is kept, and whether it is still what `data/risk/examples/` teach.

The folder holds JSON and `.npz` only; it is put in place whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bot.encoders import minilm, shared, universal
from bot.risk.examples import FOLDER, load_examples
from bot.risk.fitting import fit
from bot.risk.ordinary import LIST, chosen_talk

STAMP: Final = "stamp.json"
PACKAGES: Final = ("scikit-learn", "onnxruntime", "tokenizers", "numpy")
_HERE: Final = Path(__file__).resolve().parent
_CODE: Final = (
    *(_HERE / f"{name}.py" for name in ("examples", "fitting", "heads", "learned", "machine", "ordinary")),
    _HERE / "reading.py",
    _HERE.parent / "text" / "fold.py",
    *sorted((_HERE.parent / "encoders").glob("*.py")),
)
"""Code that decides what a layer holds."""


def train(data: Path, folder: Path, *, progress: Callable[[str], None]) -> None:
    """Train and put the layer in place; under two minutes on two cores, same data → same findings.

    Args:
        data: The data folder, with `risk/examples/`.
        folder: Where the layer goes; what is there now is replaced.
        progress: Told what is going on, one line at a time.

    Raises:
        RiskDataError: The examples cannot be read.
        OrdinaryTalkError: The package with ordinary talk is not installed.
        WeightsError: The encoders' weights are missing or altered.
    """
    trained_from = fingerprint(data)
    layer = fit(
        shared(),
        load_examples(data / "risk" / FOLDER),
        chosen_talk(data / "risk" / LIST),
        progress=progress,
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / folder.name
        made.mkdir()
        layer.save(made)
        stamp = {"fingerprint": trained_from, "files": _digest(_files(made))}
        (made / STAMP).write_text(json.dumps(stamp), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)


def is_stale(folder: Path, data: Path) -> bool:
    """Whether the layer is missing, was damaged, or was trained from something else than is there now."""
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
        files = _digest(_files(folder))
    except (OSError, ValueError):
        return True
    return bool(stamp != {"fingerprint": fingerprint(data), "files": files})


def fingerprint(data: Path) -> str:
    """A hash of everything that the training depends on: examples, code, weights, libraries."""
    examples = sorted((data / "risk" / FOLDER).glob("*.yml"))
    digest = hashlib.sha256(_digest([*examples, data / "risk" / LIST, *_CODE]).encode())
    weights = (minilm.WEIGHTS, minilm.TOKENIZER, *universal.WEIGHTS)
    installed = [version(package) for package in PACKAGES]
    digest.update(json.dumps([[each.sha256 for each in weights], installed]).encode())
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.name != STAMP)


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name} {file.stat().st_size}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()
