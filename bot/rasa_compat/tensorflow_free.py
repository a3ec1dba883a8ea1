"""Lets Rasa 3.6 run without TensorFlow and without the SDKs of channels and stores that are not used.

Rasa imports the modules below eagerly. Each is replaced by an empty stand-in, so that the stock
feature behind it fails when it is used and nothing else notices. Import this before `rasa`.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType
from typing import Final

import numpy as np
import packaging.version

NEEDS_TENSORFLOW: Final = {
    "rasa.utils.tensorflow.callback": ("RasaTrainingLogger", "RasaModelCheckpoint"),
    "rasa.utils.tensorflow.data_generator": ("RasaBatchDataGenerator",),
    "rasa.nlu.classifiers.diet_classifier": ("DIETClassifier",),
    "rasa.nlu.selectors.response_selector": ("ResponseSelector",),
    "rasa.nlu.featurizers.dense_featurizer.convert_featurizer": ("ConveRTFeaturizer",),
    "rasa.nlu.featurizers.dense_featurizer.lm_featurizer": ("LanguageModelFeaturizer",),
    "rasa.core.policies.ted_policy": ("TEDPolicy",),
    "rasa.core.policies.unexpected_intent_policy": ("UnexpecTEDIntentPolicy",),
}
NEEDS_AN_SDK: Final = {
    "rasa.core.channels.telegram": ("TelegramInput",),
    "rasa.core.channels.slack": ("SlackInput",),
    "rasa.core.channels.facebook": ("FacebookInput",),
    "rasa.core.channels.hangouts": ("HangoutsInput",),
    "rasa.core.channels.webexteams": ("WebexTeamsInput",),
    "boto3.dynamodb.conditions": ("Key",),
    "botocore.exceptions": ("BotoCoreError",),
    "pymongo": (),
    "pymongo.collection": ("Collection",),
    "pymongo.errors": ("ConnectionFailure", "OperationFailure"),
}
NEEDS_MATPLOTLIB: Final = {"rasa.utils.plotting": ()}
"""Loading a model imports it; only `rasa test` draws."""

MARK = "is_stand_in"


def install() -> None:
    """Put the stand-ins in place and restore names that newer libraries dropped; twice does no harm.

    Raises:
        ImportError: One of the real modules is loaded already, so `rasa` was imported first.
    """
    stand_ins = _stand_ins()
    for name in stand_ins:
        if name in sys.modules and not hasattr(sys.modules[name], MARK):
            raise ImportError(f"{name} is already loaded: import {__name__} before rasa")
    for name, classes in stand_ins.items():
        sys.modules.setdefault(name, _stand_in(name, classes))
    # `import pymongo.errors` looks on the package, too.
    vars(sys.modules["pymongo"])["errors"] = sys.modules["pymongo.errors"]
    _restore_removed_names()


def _stand_ins() -> dict[str, tuple[str, ...]]:
    drawing = NEEDS_MATPLOTLIB if find_spec("matplotlib") is None else {}
    return {**NEEDS_TENSORFLOW, **NEEDS_AN_SDK, **drawing}


def _stand_in(name: str, classes: tuple[str, ...]) -> ModuleType:
    module = ModuleType(name, f"Stand-in for {name}, which is not installed.")
    members = {class_name: _class(name, class_name) for class_name in classes}
    vars(module).update({MARK: True, **members})
    return module


def _class(module: str, name: str) -> type:
    base = Exception if name.endswith(("Error", "Failure")) else object
    # Rasa asks each channel class for its name.
    return type(name, (base,), {"__module__": module, "name": classmethod(lambda cls: cls.__name__)})


def _restore_removed_names() -> None:
    """Rasa names two things that NumPy 2 and packaging 22 removed."""
    if not hasattr(np, "VisibleDeprecationWarning"):
        vars(np)["VisibleDeprecationWarning"] = np.exceptions.VisibleDeprecationWarning
    if not hasattr(packaging.version, "LegacyVersion"):
        vars(packaging.version)["LegacyVersion"] = type("LegacyVersion", (), {})


install()
