"""`harborline evaluate nlu`: comparing pipelines, and the topic model on public sets."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from bot.refusals import Refusal, refusals
from bot.settings import load

TEST_SET = Path("evaluation") / "faq.jsonl"


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--compare", "every", is_flag=True, help="All encoders and heads; without it ours and stock Rasa."
)
@click.option(
    "--set", "public", type=click.Choice(["clinc", "banking"]), help="FILE is this public set instead."
)
@click.option(
    "--jobs", type=click.IntRange(1, 64), help="Processes at a time; as many as processors, if left out."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def nlu(file: Path | None, public: str | None, jobs: int | None, *, every: bool, as_json: bool) -> None:
    """Compare ways to tell topics apart, stock Rasa among them.

    Each is trained on data/nlu and judged on utterances of authors left out, and on FILE, whose lines are
    those of 'evaluate faq'; data/evaluation/faq.jsonl if left out. With --set, the shipped way is trained
    and judged on CLINC150 (FILE is data_full.json) or BANKING77 (FILE is the folder of train.csv, test.csv).
    """
    with refusals():
        settings = load()
        if public is not None:
            if file is None:
                raise Refusal(f"--set {public} needs the path of the data. Give it as FILE.")
            from bot.evaluation.public_sets import measure

            found = measure(public, file)
            click.echo(json.dumps(found.to_json()) if as_json else found.to_text())
            return
        from bot.evaluation.faq import read
        from bot.evaluation.nlu_compare import compare
        from bot.evaluation.nlu_data import corpus
        from bot.evaluation.pipelines import COMPARED, SHIPPED

        judged = file or settings.data / TEST_SET
        pipelines = COMPARED if every else (COMPARED[0], SHIPPED)
        read_in = corpus(settings.data, read(judged))
        report = compare(read_in, judged.name, pipelines, jobs=jobs or os.cpu_count() or 1)
        click.echo(json.dumps(report.to_json()) if as_json else report.to_text())
