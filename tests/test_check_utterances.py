"""`check` on training utterances, the test set, and what the texts claim."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from bot.checks import check
from bot.checks.nearness import warnings
from bot.checks.similarity import SHARE, Known
from bot.checks.test_set import FILE
from bot.checks.utterances import training
from bot.content.folding import words
from bot.text.fault import Fault
from tests.planting import Planted

RISKS = "nlu/risks.yml"
FIRST = "    - What are the risks of ketamine?\n"
ANSWER = "responses/insurance.yml"
PENDING = "Most private insurance plans are accepted."


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    return Planted(tmp_path)


def only(planted: Planted, problem: str) -> Fault:
    """The one fault that is reported of all that are."""
    faults = [fault for fault in check(planted.data) if problem in fault.problem]
    assert len(faults) == 1, "\n".join(map(str, check(planted.data)))
    assert faults[0].remedy
    return faults[0]


def add_test(planted: Planted, line: str) -> int:
    """Add a line to the test set; its number."""
    path = planted.data / FILE
    text = path.read_text(encoding="utf-8") + line + "\n"
    path.write_text(text, encoding="utf-8")
    return text.count("\n")


# --- Training utterances


@pytest.mark.parametrize(
    "near",
    [
        "what ARE the risks of ketamine",
        "The risks of ketamine: what are?",
        "what are the risks of ketamine pls",
    ],
)
def test_a_near_duplicate_is_named_with_the_line_it_repeats(planted: Planted, near: str) -> None:
    line = planted.change(RISKS, FIRST, f"{FIRST}    - '{near}'\n")
    fault = only(planted, "of its words with 'What are the risks of ketamine?' of risks")
    assert (fault.file, fault.line) == (planted.data / RISKS, line + 1)
    assert f"(risks.yml:{line})" in fault.problem


def test_a_near_duplicate_in_another_topic_is_named(planted: Planted) -> None:
    planted.change("nlu/thanks.yml", "    - ", "    - So what are the risks of ketamine?\n    - ")
    fault = only(planted, "shares 86% of its words with")
    assert fault.file.name == "thanks.yml"
    assert "topic" in fault.remedy


def test_one_other_word_in_six_makes_another_utterance(planted: Planted) -> None:
    planted.change(RISKS, FIRST, f"{FIRST}    - What are the zzz of ketamine?\n")
    assert check(planted.data) == []


def test_emoji_and_other_scripts_are_compared_as_they_are(planted: Planted) -> None:
    planted.change(RISKS, FIRST, f"{FIRST}    - 🧪\n    - 🧪🧪\n    - 🧪\n")
    assert "'🧪' shares 100%" in only(planted, "of its words with").problem


def test_finding_is_as_good_as_comparing_each_with_each() -> None:
    chance = random.Random(3)  # noqa: S311
    texts = [" ".join(chance.choices("abcdefgh", k=chance.randint(1, 9))) for _ in range(400)]
    known = Known(texts)
    for at, text in enumerate(texts):
        near = known.nearest(text)
        known.add(text)
        best = max((_share(text, other) for other in texts[:at]), default=0.0)
        assert (near.share if near else 0.0) == (best if best >= SHARE else 0.0)


def _share(one: str, other: str) -> float:
    counted = [
        {(word, said[:at].count(word)) for at, word in enumerate(said)} for said in (words(one), words(other))
    ]
    return len(counted[0] & counted[1]) / len(counted[0] | counted[1])


def test_lines_are_those_of_the_file(planted: Planted) -> None:
    for utterance in training(planted.data, []):
        line = utterance.file.read_text(encoding="utf-8").splitlines()[utterance.line - 1]
        assert line.strip() == f"- {utterance.text}"


def test_an_utterance_in_the_wrong_topic_is_a_warning(planted: Planted) -> None:
    planted.thin()
    line = planted.change("nlu/thanks.yml", "    - ", "    - tell me ketamine's dangers and risks\n    - ")
    assert check(planted.data) == []
    found = {each.line: each for each in warnings(planted.data) if each.file.name == "thanks.yml"}
    assert "of smalltalk is nearer" in found[line].problem
    assert "of risks (risks.yml:" in found[line].problem
    assert found[line].remedy


# --- The test set


def test_without_a_test_set_there_is_one_fault(planted: Planted) -> None:
    (planted.data / FILE).unlink()
    (fault,) = check(planted.data)
    assert fault.file == planted.data / FILE


def test_a_topic_without_a_test_utterance_is_named_with_its_languages(planted: Planted) -> None:
    path = planted.data / FILE
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    kept = [line for line in lines if (line["topic"], line["lang"]) != ("insurance", "es")]
    path.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
    fault = only(planted, "the topic 'insurance' has no test utterance in es")
    assert fault.file == planted.data / "nlu" / "insurance.yml"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            '{"id": "x", "text": "qwerty asdf", "lang": "en", "topic": "hazards"}',
            "teaches the topic 'hazards'",
        ),
        (
            '{"id": "x", "text": "qwerty asdf", "lang": "en", "topic": "risks", "ambiguous_ok": ["hazards"]}',
            "teaches the topic 'hazards'",
        ),
        (
            '{"id": "x", "text": "qwerty asdf", "lang": "en", "topic": "risks", "ambiguous_ok": "thanks"}',
            "ambiguous_ok that is no list",
        ),
        ('{"id": "x", "text": " ", "lang": "en"}', "lacks text, topic"),
        ("[1, 2]", "is no JSON object"),
        ("{", "is no JSON object"),
        (
            '{"id": "x", "text": "what are the RISKS of ketamine", "lang": "en", "topic": "risks"}',
            "of risks (risks.yml:6), which is trained on",
        ),
    ],
)
def test_a_wrong_test_utterance_is_named_with_its_line(planted: Planted, line: str, problem: str) -> None:
    at = add_test(planted, line)
    fault = only(planted, problem)
    assert (fault.file, fault.line) == (planted.data / FILE, at)


def test_an_id_that_is_there_twice_is_named(planted: Planted) -> None:
    line = '{"id": "x", "text": "qwerty asdf", "lang": "mix", "topic": "risks"}'
    add_test(planted, line)
    at = add_test(planted, line)
    assert only(planted, "the id 'x' is there twice").line == at


# --- Claims


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("Studies show it. ", "says 'Studies show', a claim about studies or research, without an authority"),
        ("New RESEARCH says so. ", "says 'RESEARCH'"),
        ("According to experts it is. ", "says 'According to', a claim about experts"),
        ("It was approved. ", "says 'approved', a claim about approval or proof"),
        ("It helps 7 % of us. ", "says '%', a claim about a share of people"),
        ("The WHO says so. ", "names WHO, which its metadata does not"),
        ("SAMHSA says so. ", "names SAMHSA"),
        ("The FDA says so. ", "names FDA"),
    ],
)
def test_an_english_claim_without_an_authority_is_named(planted: Planted, said: str, problem: str) -> None:
    planted.change(ANSWER, PENDING, said + PENDING)
    assert only(planted, problem).file == planted.data / ANSWER


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("Los estudios muestran eso. ", "says 'estudios muestran'"),
        ("Según la ciencia, sí. ", "says 'Segun la'"),
        ("Está comprobado. ", "says 'comprobado'"),
        ("La OMS lo dice. ", "names OMS"),
    ],
)
def test_a_spanish_claim_without_an_authority_is_named(planted: Planted, said: str, problem: str) -> None:
    planted.change(ANSWER, "Se aceptan", said + "Se aceptan")
    assert only(planted, problem)


def test_an_authority_that_the_metadata_names_may_be_named(planted: Planted) -> None:
    planted.change("responses/risks.yml", "Changes in", "Studies show this, says the WHO. Changes in")
    planted.restamp()
    assert check(planted.data) == []


def test_another_authority_than_the_one_of_the_metadata_is_named(planted: Planted) -> None:
    planted.change("responses/risks.yml", "Changes in", "So says the APA. Changes in")
    assert only(planted, "names APA, which its metadata does not")


def test_who_is_no_authority_in_small_letters(planted: Planted) -> None:
    planted.change(ANSWER, PENDING, f"Ask who can help. {PENDING}")
    planted.restamp()
    assert check(planted.data) == []


@pytest.mark.parametrize("key", ["claims", "authorities"])
def test_rules_about_claims_cannot_get_lost(planted: Planted, key: str) -> None:
    planted.change("wording.yml", f"\n{key}:", f"\n{key}s:")
    assert only(planted, f"'{key}' lists nothing")
