"""Trains the model from `data/`, `config.yml` and `domain.yml`."""

from __future__ import annotations

import contextlib
import io
import logging
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from bot import model as trained
from bot.encoders import CACHE, minilm
from bot.settings import ROOT
from bot.text.fault import DataError, Fault

SEED = 0

Progress = Callable[[str], None]


class TrainingError(DataError):
    """The data cannot be trained on; holds what Rasa said of them."""


def train(data: Path, model: Path, *, progress: Progress, config: Path = ROOT / "config.yml") -> None:
    """Train and put the model in place, whole or not at all; under a minute, same data → same answers.

    Args:
        data: The folder with `nlu/`, `rules/`, `responses/` and `clinic.yml`.
        model: The archive to write.
        progress: Told what is going on, one line at a time.
        config: Rasa's configuration of pipeline and policies.

    Raises:
        TrainingError: The data cannot be trained on.
        WeightsError: The encoders' weights are missing or altered.
    """
    progress("preparing the sentence encoder")
    minilm.prepare(CACHE)
    progress("loading Rasa")
    fingerprint = trained.fingerprint(data, config=config)
    with tempfile.TemporaryDirectory(dir=_folder(model)) as scratch:
        archive = _train(data, config, Path(scratch), progress)
        trained.install(archive, model, fingerprint)


def _train(data: Path, config: Path, scratch: Path, progress: Progress) -> Path:
    from bot.rasa_compat import quiet, tensorflow_free  # noqa: F401

    # isort: split
    import rasa.model_training
    from rasa.shared.exceptions import RasaException

    from bot.rasa_compat.telemetry import turn_off

    quiet.silence()
    turn_off()
    _seed()
    progress("learning the topics")
    said = io.StringIO()
    try:
        with _forwarded(progress), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            result = rasa.model_training.train(
                str(ROOT / "domain.yml"),
                str(config),
                [str(data / name) for name in ("nlu", "rules")],
                output=str(scratch),
                # Rasa's cache does not see that a helper module or the weights changed.
                force_training=True,
                fixed_model_name="model",
            )
    except RasaException as error:
        raise _untrainable(data, str(error)) from error
    if result.code or not result.model:
        raise _untrainable(data, said.getvalue() or "it gave no reason")
    return Path(result.model)


def _untrainable(data: Path, said: str) -> TrainingError:
    problem = f"Rasa cannot train on it: {' '.join(said.split())}"
    return TrainingError((Fault(data, 0, problem, "Correct the file that it names"),))


def _folder(model: Path) -> Path:
    model.parent.mkdir(parents=True, exist_ok=True)
    return model.parent


def _seed() -> None:
    random.seed(SEED)
    np.random.seed(SEED)


@contextlib.contextmanager
def _forwarded(progress: Progress) -> Iterator[None]:
    """Pass on what the components log while they train."""
    log = logging.getLogger("bot.nlu")
    handler = _Forwarder(progress)
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)


class _Forwarder(logging.Handler):
    """Tells `progress` each line, which may print it: to where the output went before it was held back."""

    def __init__(self, progress: Progress) -> None:
        super().__init__(logging.INFO)
        self._progress = progress
        self._streams = sys.stdout, sys.stderr

    def emit(self, record: logging.LogRecord) -> None:
        out, err = self._streams
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self._progress(record.getMessage())
