from __future__ import annotations

import subprocess
import sys

from bot.rasa_compat import tensorflow_free
from bot.settings import ROOT


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )


def test_rasa_runs_without_tensorflow() -> None:
    done = run(
        "import sys; import bot.rasa_compat.tensorflow_free;"
        "import rasa.core.agent, rasa.model_training, rasa.core.channels;"
        "print('tensorflow' in sys.modules, len(sys.modules) > 500)"
    )
    assert done.stdout.split() == ["False", "True"], done.stderr


def test_importing_rasa_first_is_refused() -> None:
    done = run("import sys, types; sys.modules['pymongo'] = types.ModuleType('pymongo');"
               "import bot.rasa_compat.tensorflow_free")  # fmt: skip
    assert done.returncode == 1
    assert "before rasa" in done.stderr


def test_installing_twice_does_no_harm() -> None:
    before = {name: sys.modules[name] for name in tensorflow_free.NEEDS_TENSORFLOW}
    tensorflow_free.install()
    assert {name: sys.modules[name] for name in before} == before
