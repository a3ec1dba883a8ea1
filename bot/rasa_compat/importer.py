"""How Rasa's trainer finds its data: the curated responses, and the clinic's numbers as slots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rasa.shared.core.domain import Domain
from rasa.shared.importers.rasa import RasaFileImporter

from bot.content import ContentError, clinic
from bot.content.entry import read
from bot.settings import ROOT
from bot.text.fault import Fault

TRAINED = ("nlu", "rules")
"""The folders of `data/` that hold training data; Rasa would read others as NLU data, too."""


class ClinicImporter(RasaFileImporter):  # type: ignore[misc]
    """Rasa's file importer for this project's `data/`.

    To `domain.yml` it adds `data/responses/`, and a slot for every number and name of `data/clinic.yml`,
    so that the stock commands, too, fill the placeholders of the responses.
    """

    def __init__(
        self,
        config_file: str | None = None,
        domain_path: str | Sequence[str] | None = None,
        training_data_paths: str | Sequence[str] | None = None,
    ) -> None:
        given = [training_data_paths] if isinstance(training_data_paths, str) else training_data_paths
        paths = [Path(path) for path in given or ()]
        self._data = next(filter(None, map(_data_folder, paths)), ROOT / "data")
        super().__init__(config_file, domain_path, [str(path) for each in paths for path in _trained(each)])

    def get_domain(self) -> Domain:
        """The domain with responses and the clinic's slots.

        Raises:
            ContentError: `clinic.yml` cannot be used.
        """
        slots = {name: _slot(value) for name, value in _clinic_values(self._data / "clinic.yml").items()}
        clinic_slots = Domain.from_dict({"version": "3.1", "slots": slots})
        responses = Domain.load(str(self._data / "responses"))
        return super().get_domain().merge(responses).merge(clinic_slots)


def _data_folder(path: Path) -> Path | None:
    return next(filter(_holds_training_data, (path, *path.parents)), None)


def _holds_training_data(path: Path) -> bool:
    return all((path / name).is_dir() for name in TRAINED)


def _trained(path: Path) -> list[Path]:
    return [path / name for name in TRAINED] if _holds_training_data(path) else [path]


def _clinic_values(file: Path) -> dict[str, str]:
    faults: list[Fault] = []
    entry = read(file, faults)
    values = dict(clinic.parse(entry).values) if entry is not None else {}
    if faults:
        raise ContentError(tuple(faults))
    return values


def _slot(value: str) -> dict[str, Any]:
    return {
        "type": "any",
        "initial_value": value,
        "influence_conversation": False,
        "mappings": [{"type": "custom"}],
    }
