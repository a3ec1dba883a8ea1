"""`check` is silent on the real data and names each planted fault with its line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.checks import check
from bot.checks.reading import Counts, count, fernandez_huerta, flesch_kincaid
from bot.messages import Language
from bot.text.fault import Fault
from tests.planting import Planted


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    return Planted(tmp_path)


def found(planted: Planted, problem: str) -> list[Fault]:
    return [fault for fault in check(planted.data) if problem in fault.problem]


def test_the_shipped_data_has_no_fault(planted: Planted) -> None:
    assert [str(fault) for fault in check(planted.data)] == []


SUICIDE = "cards/suicide.yml"
RISKS = "responses/risks.yml"
ADDICTIVE = "responses/is_addictive.yml"
INSURANCE = "responses/insurance.yml"
SERVICE = "cards/service.yml"


TOGETHER = [
    # Words that hurt, promise, or sell.
    (RISKS, "Changes in", "People commit suicide. Changes in", "says 'commit suicide'"),
    (
        RISKS,
        "Changes in",
        "This is confidential. Changes in",
        "says 'confidential': a promise of secrecy",
    ),
    (RISKS, "Cambios en", "Es 100 % seguro. Cambios en", "says '100 %': a promise of secrecy"),
    (
        RISKS,
        "Cambios en",
        "Le garantizamos algo. Cambios en",
        "says 'garantizamos': a promise of an outcome",
    ),
    (RISKS, "Changes in", "Take 50 mg. Changes in", "says 'mg': a dose or a price"),
    (RISKS, "Cambios en", "Si tú quieres. Cambios en", "says 'tú': the familiar form"),
    (RISKS, "Changes in", "A person is reading this. Changes in", "says 'A person is reading'"),
    (SUICIDE, "Please tell", "Put the pills away. Please tell", "says 'pills': method, means or place"),
    (SUICIDE, "Dígaselo", "Aleje la SOGA. Dígaselo", "says 'SOGA': method, means or place"),
    (SUICIDE, "Please tell", "Calm down. Please tell", "says 'Calm down': blame"),
    (SUICIDE, "Please tell", "Police will come. Please tell", "says 'Police': a threat"),
    (SUICIDE, "Please tell", "You are depressed. Please tell", "says 'You are depressed': a diagnosis"),
    (SUICIDE, "Please tell", "You want peace. Please tell", "says 'peace': glamour"),
    (SUICIDE, "Please tell", "One in ten feels so. Please tell", "says 'One in': numbers of people"),
    (SUICIDE, "Please tell", "We take insurance. Please tell", "says 'insurance': marketing"),
    # How a crisis text is built.
    (SUICIDE, "you do not have to face it alone.", "you are not alone!", "holds an exclamation mark"),
    (SUICIDE, "Please tell", "💙 Please tell", "holds an emoji"),
    (
        SUICIDE,
        "Thank you for telling me. What",
        "Are you safe? What",
        "asks before it has given every number",
    ),
    (
        SUICIDE,
        "I am glad you told me. Call or text",
        "Call or text",
        "'suicide_crisis' gives a number before it acknowledges the person",
    ),
    # Numbers and reserved words.
    (RISKS, "call {emergency}", "call 911", "holds the number '911'"),
    (SERVICE, "call {clinic_phone}, free, 24/7.", "call (321) 555-0100, free, 24/7.", "holds the number"),
    (SERVICE, "Please wait a minute and try again.", "Reply STOP or wait.", "asks for 'STOP'"),
    ("cards/abuse.yml", "or text START to {abuse_text}", "or text START to us", "asks for 'START'"),
    # SMS.
    (RISKS, "Call {emergency}. General", "Call “{emergency}”. General", "holds “ ”, which shortens"),
    (RISKS, "Se conocen poco".lower(), "están poco claros", "holds á, which shortens"),
    (ADDICTIVE, "Yes, ketamine can", "Yes. " * 50 + "Ketamine can", "takes 4 SMS"),
    # Reading.
    (
        INSURANCE,
        "Most private insurance plans are accepted.",
        "Hemodynamic instability necessitating comprehensive cardiovascular observation, including "
        "continuous electrocardiographic documentation, administered interdisciplinarily by institutions "
        "demonstrating considerable organizational preparedness regarding pharmacological complications "
        "and simultaneously incorporating neuropsychological reevaluation methodologies.",
        "'utter_faq/insurance' reads at grade",
    ),
    (
        SUICIDE,
        "Gracias por contármelo. Lo que está viviendo importa",
        "Consideramos particularmente imprescindible comunicarle inmediatamente nuestra disponibilidad "
        "institucional multidisciplinaria, independientemente de consideraciones administrativas "
        "correspondientes a circunstancias extraordinariamente complejas e individualizadas, "
        "garantes de acompañamiento psicoterapéutico especializado. Lo que está viviendo importa",
        "'suicide_crisis' has a reading ease of",
    ),
    # Topics.
    (RISKS, "This is general information, not medical advice.", "", "lacks the standing notice"),
    (RISKS, 'section: "What', 'title2: "What', "'title2' is not known here"),
    (
        RISKS,
        '{title: "Is ketamine addictive?", payload: "Is ketamine addictive?"}',
        '{title: "Is it bad?", payload: "Is it bad?"}',
        "offers 'Is it bad?', which no topic answers",
    ),
    ("nlu/risks.yml", "faq/risks", "faq/hazards", "'utter_faq/risks' is never chosen"),
    ("nlu/insurance.yml", "faq/insurance", "faq/plans", "there is no response 'utter_faq/plans'"),
    (
        "nlu/greeting.yml",
        "intent: smalltalk/greeting",
        "intent: salute",
        "nothing happens on the intent 'salute'",
    ),
    ("nlu/deny.yml", "intent: deny", "intent: refuse", "the intent 'deny' has no examples"),
    (
        "rules/topics.yml",
        "{action: utter_bot_identity}",
        "{action: utter_hello}",
        "there is no response 'utter_hello'",
    ),
]
"""Faults that can stand in one folder: (file, words, words with the fault, problem)."""

APART = [
    (
        SERVICE,
        "In danger: {emergency}. Free, 24/7: {clinic_phone}, or",
        "In danger: {emergency}. " + "Someone will listen. " * 11 + "Free: {clinic_phone}, or",
        "'utter_faq/risks' takes 4 SMS, with the reminder",
    ),
    # Cards and risk.
    (SUICIDE, "call {emergency}.", "call them.", "'suicide_crisis' lacks {emergency}"),
    ("cards/minor.yml", "  minor_self:", "  minor_me:", "there is no card 'minor_self'"),
    (SUICIDE, "      sms: |-", "      fax: |-", "'suicide_crisis' has no en text for sms"),
    # The rules themselves.
    ("wording.yml", "in: danger", "in: dangers", "'in' is 'dangers'"),
    ("wording.yml", "words: [confidential*", "wrods: [confidential*", "this rule forbids no word"),
]
"""Faults that change what else is looked at."""


@pytest.fixture(scope="module")
def faults_together(tmp_path_factory: pytest.TempPathFactory) -> list[Fault]:
    planted = Planted(tmp_path_factory.mktemp("together"))
    for file, old, new, _ in TOGETHER:
        # An intent stands in a block for each author.
        planted.change(file, old, new, count=-1 if file.startswith("nlu/") else 1)
    return check(planted.data)


@pytest.mark.parametrize("problem", [problem for *_, problem in TOGETHER])
def test_many_planted_faults_are_all_named(faults_together: list[Fault], problem: str) -> None:
    faults = [fault for fault in faults_together if problem in fault.problem]
    assert faults, "\n".join(map(str, faults_together))
    assert all(fault.remedy for fault in faults)


@pytest.mark.parametrize(("file", "old", "new", "problem"), APART)
def test_a_planted_fault_is_named(planted: Planted, file: str, old: str, new: str, problem: str) -> None:
    planted.change(file, old, new)
    faults = found(planted, problem)
    assert faults, "\n".join(map(str, check(planted.data)))
    assert all(fault.remedy for fault in faults)


def test_a_fault_stands_at_the_line_of_its_text(planted: Planted) -> None:
    line = planted.change(SUICIDE, "Please tell", "Put the pills away. Please tell")
    (fault,) = found(planted, "says 'pills'")
    assert fault.file == planted.data / "cards" / "suicide.yml"
    start = (planted.data / SUICIDE).read_text(encoding="utf-8").splitlines()[fault.line - 1]
    assert start.strip() == "web: |-"
    assert fault.line < line


def test_a_changed_text_is_a_fault_until_it_is_stamped(planted: Planted) -> None:
    planted.change(RISKS, "Changes in blood pressure.", "Blood pressure that changes.")
    assert found(planted, "'utter_faq/risks' was changed since its review")
    planted.restamp()
    assert check(planted.data) == []


def test_a_faq_answer_without_a_section_is_a_fault(planted: Planted) -> None:
    planted.change(
        RISKS, '        section: "What Are the Risks of Ketamine Use?"\n', "        section: null\n"
    )
    planted.change(RISKS, '        section: "Riesgos del uso de ketamina"\n', "")
    planted.restamp()
    assert found(planted, "'utter_faq/risks' names no section of the page")


def test_words_that_belong_to_a_card_are_no_fault_in_an_answer(planted: Planted) -> None:
    planted.change(RISKS, "Changes in blood pressure.", "Changes in blood pressure, and in peace.")
    assert not found(planted, "peace")


def test_a_broken_cue_file_is_reported(planted: Planted) -> None:
    cue_file = min((planted.data / "risk").glob("*.yml"))
    cue_file.write_text("words: [", encoding="utf-8")
    assert any(fault.file == cue_file for fault in check(planted.data))


@pytest.mark.parametrize("folder", ["nlu", "rules"])
def test_an_empty_folder_is_reported(planted: Planted, folder: str) -> None:
    for file in (planted.data / folder).glob("*.yml"):
        file.unlink()
    assert any(fault.file == planted.data / folder for fault in found(planted, "holds no .yml file"))


def test_everything_is_reported_at_once(planted: Planted) -> None:
    planted.change(RISKS, "Changes in", "This is confidential. Changes in")
    planted.change("nlu/greeting.yml", "intent: smalltalk/greeting", "intent: salute")
    planted.change("cards/minor.yml", "  minor_self:", "  minor_me:")
    planted.change("clinic.yml", 'href: "tel:911"', 'href: "tel:119"')
    files = {fault.file.name for fault in check(planted.data)}
    assert {"risks.yml", "greeting.yml", "cards", "clinic.yml"} <= files


def test_without_a_clinic_the_rest_is_still_read(planted: Planted) -> None:
    (planted.data / "clinic.yml").unlink()
    planted.change("nlu/greeting.yml", "intent: smalltalk/greeting", "intent: salute")
    files = {fault.file.name for fault in check(planted.data)}
    assert {"clinic.yml", "greeting.yml"} <= files


def test_reading_formulas_against_counts_made_by_hand() -> None:
    # "The cat sat on the mat." is six words of one syllable each.
    assert count("The cat sat on the mat.", Language.EN) == Counts(sentences=1, words=6, syllables=6)
    assert flesch_kincaid(Counts(1, 6, 6)) == pytest.approx(-1.45)
    # "La casa es de mi amigo." syllables: la ca-sa es de mi a-mi-go, of which patterns find a-migo in two.
    assert count("La casa es roja. Hoy llueve {clinic_phone}.", Language.ES).sentences == 2
    assert fernandez_huerta(Counts(1, 6, 9)) == pytest.approx(110.72)


def test_a_line_break_ends_a_sentence() -> None:
    assert count("- one\n- two three", Language.EN) == Counts(sentences=2, words=3, syllables=3)


def test_a_rule_that_leads_to_no_refusal_is_named(planted: Planted) -> None:
    file = "must_not_answer.yml"
    line = planted.change(file, "topic: dosing_request\n    note", "topic: insurance\n    note")
    fault = found(planted, "which is no refusal")[0]
    assert (fault.file, fault.line) == (planted.data / file, line - 1)


def test_a_bad_pattern_of_what_must_not_be_answered_is_named(planted: Planted) -> None:
    file = "must_not_answer.yml"
    line = planted.change(file, "- diagnose (me|my|him|her|us|this)", "- diagnose (me")
    fault = found(planted, "a bracket is not closed")[0]
    assert (fault.file, fault.line) == (planted.data / file, line)
