from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.rasa_compat import tensorflow_free  # noqa: F401  (before rasa)

# isort: split
from bot.content import ContentError, load
from bot.rasa_compat.importer import ClinicImporter
from bot.settings import ROOT

DATA = ROOT / "data"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the data."""
    return Path(shutil.copytree(DATA, tmp_path / "data"))


@pytest.mark.parametrize("paths", [str(DATA), [str(DATA / "nlu"), str(DATA / "rules")], None])
def test_domain_has_the_texts_and_the_clinic(paths: str | list[str] | None) -> None:
    domain = ClinicImporter(None, str(ROOT / "domain.yml"), paths).get_domain()
    assert set(load(DATA).responses) <= set(domain.responses)
    slots = {slot.name: slot.initial_value for slot in domain.slots}
    assert load(DATA).clinic.values.items() <= slots.items()
    assert slots["language"] == "en"


def test_only_training_data_is_read_from_the_data_folder() -> None:
    """Rasa takes any file with `responses:` for training data."""
    data = ClinicImporter(None, str(ROOT / "domain.yml"), str(DATA)).get_nlu_data()
    assert data.intent_examples
    assert data.responses == {}


def test_another_clinic_is_another_file(data: Path) -> None:
    clinic = data / "clinic.yml"
    text = clinic.read_text(encoding="utf-8")
    text = text.replace("(321) 415-3213", "(555) 010-0000").replace("13214153213", "15550100000")
    clinic.write_text(text, encoding="utf-8")
    domain = ClinicImporter(None, str(ROOT / "domain.yml"), str(data)).get_domain()
    (slot,) = (slot for slot in domain.slots if slot.name == "clinic_phone")
    assert slot.initial_value == "+1 (555) 010-0000"


def test_a_clinic_that_cannot_be_read_is_refused(data: Path) -> None:
    (data / "clinic.yml").write_text("name: [")
    with pytest.raises(ContentError, match="clinic.yml"):
        ClinicImporter(None, str(ROOT / "domain.yml"), str(data)).get_domain()
