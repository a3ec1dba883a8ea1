"""The trained model's file: what it was trained from, and whether that has changed. Imports no Rasa."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from bot.encoders import minilm, universal
from bot.settings import ROOT

TRAINED_FROM = ("nlu", "rules", "responses")
SOURCES = ("bot/nlu", "bot/encoders")
"""Code that decides what a model holds."""
PACKAGES = ("rasa", "scikit-learn", "onnx", "onnxruntime", "tokenizers", "numpy")


def fingerprint(data: Path, *, config: Path = ROOT / "config.yml") -> str:
    """A hash of everything that a training depends on: data, configuration, code, weights, libraries."""
    digest = hashlib.sha256()
    for file in _files(data, config):
        digest.update(f"{file.name} {file.stat().st_size}\n".encode())
        digest.update(file.read_bytes())
    weights = (minilm.WEIGHTS, minilm.TOKENIZER, *universal.WEIGHTS)
    installed = {package: version(package) for package in PACKAGES}
    digest.update(json.dumps([[each.sha256 for each in weights], installed]).encode())
    return digest.hexdigest()


def is_stale(model: Path, data: Path) -> bool:
    """Whether the model is missing, was damaged, or was trained from something else than is there now."""
    try:
        stamp = json.loads(_stamp(model).read_text(encoding="utf-8"))
        archive = _digest(model)
    except (OSError, ValueError):
        return True
    return bool(stamp != {"fingerprint": fingerprint(data), "archive": archive})


def install(archive: Path, model: Path, trained_from: str) -> None:
    """Move a fresh archive into its place, and note what it was trained from.

    A process that is killed between the two leaves a model that counts as stale.
    """
    stamp = {"fingerprint": trained_from, "archive": _digest(archive)}
    archive.replace(model)
    partial = _stamp(model).with_suffix(".partial")
    partial.write_text(json.dumps(stamp), encoding="utf-8")
    partial.replace(_stamp(model))


def _stamp(model: Path) -> Path:
    return model.with_name(f"{model.name}.json")


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _files(data: Path, config: Path) -> Iterator[Path]:
    yield from (config, ROOT / "domain.yml", data / "clinic.yml")
    for folder in TRAINED_FROM:
        yield from sorted((data / folder).rglob("*.yml"))
    for folder in SOURCES:
        yield from sorted((ROOT / folder).rglob("*.py"))
