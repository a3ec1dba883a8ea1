"""The stock Rasa commands, without TensorFlow: `harborline rasa train`, `shell`, `run actions`, …"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module

from bot.settings import ROOT


def main(arguments: Sequence[str]) -> None:
    """Run Rasa's own command line with `arguments`; it ends the process with an exit code of its own."""
    from bot.rasa_compat import quiet, tensorflow_free  # noqa: F401  (both before rasa)

    # isort: split
    from rasa.__main__ import main as stock

    from bot.rasa_compat.telemetry import turn_off

    turn_off()
    # Rasa finds components, importers and actions by name from the project's folder.
    sys.path.insert(0, str(ROOT))
    sys.argv = ["harborline rasa", *arguments]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import_module("pkg_resources")  # Rasa imports it later, and then it complains of its age
    stock()


if __name__ == "__main__":
    main(sys.argv[1:])
