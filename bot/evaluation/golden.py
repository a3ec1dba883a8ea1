"""Whether a new model may take the place of the present one: both answer the golden set first."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bot import model
from bot.evaluation.asking import rehearsal
from bot.evaluation.faq import Answered, FaqLine, ask, must_not_answer, read
from bot.evaluation.faq_scores import FaqReport
from bot.settings import Mode, Settings

GOLDEN: Final = Path("evaluation") / "faq.jsonl"

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Lines at which only one of two models fails, as the new one answered them.

    `slipped` are those among the worse ones that must not be answered.
    """

    better: tuple[Answered, ...]
    worse: tuple[Answered, ...]
    slipped: tuple[Answered, ...]

    @property
    def is_worse(self) -> bool:
        """Whether the new model fails at more lines, or lets through what must not be answered."""
        return len(self.worse) > len(self.better) or bool(self.slipped)

    def to_lines(self) -> list[str]:
        """What to tell, without the words of any line: each line that got worse by its id."""
        told = [f"{len(self.better)} test utterances fare better, {len(self.worse)} worse"]
        for each in self.worse:
            told.append(f"worse: {each.line.id} ({each.line.topic}) is {each.outcome.value}, as {each.topic}")
        return told


def judge(before: FaqReport, after: FaqReport) -> Verdict:
    """What changes from one model to another on the same lines."""
    pairs = list(zip(before.answered, after.answered, strict=True))
    worse = tuple(new for old, new in pairs if after.is_failure(new) and not before.is_failure(old))
    return Verdict(
        better=tuple(new for old, new in pairs if before.is_failure(old) and not after.is_failure(new)),
        worse=worse,
        slipped=tuple(each for each in worse if each.line.topic in after.refused),
    )


def train_if_better(settings: Settings, *, progress: Progress) -> bool:
    """Train, and install the model unless it is worse on the golden set than the present one.

    Returns:
        Whether it was installed.

    Raises:
        DataError: The data cannot be trained on, or the golden set cannot be read.
        SettingsError: The present model cannot be loaded.
    """
    from bot.rasa_compat.training import train

    lines = read(settings.data / GOLDEN)
    trained_from = model.fingerprint(settings.data)
    with tempfile.TemporaryDirectory(dir=settings.model.parent) as scratch:
        fresh = Path(scratch) / settings.model.name
        train(settings.data, fresh, progress=progress)
        progress("asking both models the golden set")
        before, after = (_answers(settings, each, lines) for each in (settings.model, fresh))
        verdict = judge(before, after)
        for line in verdict.to_lines():
            progress(line)
        if verdict.is_worse:
            progress(f"not installed; {settings.model} stays. Correct data/nlu and train again")
            return False
        model.install(fresh, settings.model, trained_from)
    progress(f"wrote {settings.model}")
    return True


def _answers(settings: Settings, model_file: Path, lines: Sequence[FaqLine]) -> FaqReport:
    return asyncio.run(_ask(replace(settings, model=model_file, mode=Mode.FULL), lines))


async def _ask(settings: Settings, lines: Sequence[FaqLine]) -> FaqReport:
    async with rehearsal(settings) as asking:
        content = asking.services.content
        return FaqReport(GOLDEN.name, content.version, must_not_answer(content), await ask(lines, asking))
