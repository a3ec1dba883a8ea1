"""The same data as a stock Rasa 3.6 project.

Stock Rasa answers retrieval intents with its ResponseSelector, which needs TensorFlow. So each `faq/risks`
becomes a plain intent `faq_risks` with a response and a rule of its own, which is how Rasa projects without
a ResponseSelector are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from bot.content import Content
from bot.settings import ROOT

Yaml = dict[str, Any]
VERSION: Final = {"version": "3.1"}

CONFIG: Final[Yaml] = {
    "recipe": "default.v1",
    "assistant_id": "stock",
    "language": "en",
    "pipeline": [
        {"name": "WhitespaceTokenizer"},
        {"name": "CountVectorsFeaturizer"},
        {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
        {"name": "LogisticRegressionClassifier"},
        {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
    ],
    "policies": [{"name": "MemoizationPolicy"}, {"name": "RulePolicy"}],
}
"""Settings that are named are Rasa's own defaults or those of the project that `rasa init` makes."""


def write(project: Path, content: Content, *, actions_port: int, root: Path = ROOT) -> None:
    """Write everything that `rasa train` and `rasa run` read.

    Args:
        project: An empty folder.
        content: Gives the clinic's numbers, which the responses' placeholders stand for.
        root: The folder that holds `domain.yml` and `data/`.
    """
    domain = _read(root / "domain.yml")
    responses = _merged(root / "data" / "responses", "responses")
    files: Mapping[str, Yaml] = {
        "config.yml": CONFIG,
        "credentials.yml": {"rest": {}},
        "endpoints.yml": {"action_endpoint": {"url": f"http://127.0.0.1:{actions_port}/webhook"}},
        "domain.yml": _domain(domain, responses, content.clinic.values),
        "data/nlu.yml": {**VERSION, "nlu": _nlu(root / "data" / "nlu")},
        "data/rules.yml": {**VERSION, "rules": _rules(root / "data" / "rules", responses)},
    }
    (project / "data").mkdir()
    for name, contents in files.items():
        with (project / name).open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump(contents, file)


def _domain(domain: Yaml, responses: Yaml, values: Mapping[str, str]) -> Yaml:
    faqs = [_plain(name).removeprefix("utter_") for name in responses if _is_faq(name)]
    return {
        **domain,
        "intents": [*faqs, *(intent for intent in domain["intents"] if isinstance(intent, str))],
        "slots": {**domain["slots"], **{name: _slot(value) for name, value in values.items()}},
        "responses": {_plain(name): variants for name, variants in responses.items()},
    }


def _nlu(folder: Path) -> list[Yaml]:
    entries = [entry for file in sorted(folder.glob("*.yml")) for entry in _read(file)["nlu"]]
    return [{**entry, "intent": _plain(entry["intent"])} if "intent" in entry else entry for entry in entries]


def _rules(folder: Path, responses: Iterable[str]) -> list[Yaml]:
    """The rules as they are, but one rule for each FAQ in the place of the one for all of them."""
    rules = [rule for file in sorted(folder.glob("*.yml")) for rule in _read(file)["rules"]]
    names = [_plain(name) for name in responses if _is_faq(name)]
    return [
        *(rule for rule in rules if {"intent": "faq"} not in rule["steps"]),
        *(
            {"rule": f"answer {name}", "steps": [{"intent": name.removeprefix("utter_")}, {"action": name}]}
            for name in names
        ),
    ]


def _is_faq(response: str) -> bool:
    return response.startswith("utter_faq/")


def _plain(name: str) -> str:
    return name.replace("faq/", "faq_")


def _slot(value: str) -> Yaml:
    return {
        "type": "any",
        "initial_value": value,
        "influence_conversation": False,
        "mappings": [{"type": "custom"}],
    }


def _merged(folder: Path, section: str) -> Yaml:
    return {
        name: value for file in sorted(folder.glob("*.yml")) for name, value in _read(file)[section].items()
    }


def _read(file: Path) -> Yaml:
    with file.open(encoding="utf-8") as stream:
        return dict(YAML(typ="safe").load(stream))
