"""Every card for every risk; R5, R10, R13, R17, R27."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
import smsutil

from bot.cards import Cards
from bot.content import Content, ContentError, examine, load
from bot.content.safety import SERVICES
from bot.messages import Channel, Experiencer, Kind, Language, Level, Reply, ReplyKind, Risk
from bot.settings import ROOT
from tests.planting import Planted

CLINIC, LIFELINE, EMERGENCY = "+1 (321) 415-3213", "988", "911"
POISON_HELP, ABUSE_HOTLINE = "1-800-222-1222", "1-800-799-7233"
LEVELS = (Level.CRISIS, Level.EMERGENCY)
KINDS: tuple[Kind | None, ...] = (*Kind, None)
RISKS = [
    Risk(level=level, kind=kind, experiencer=experiencer, minor=minor)
    for level, kind, experiencer, minor in product(LEVELS, KINDS, Experiencer, (False, True))
]
PLACES = list(product(Language, Channel))


@pytest.fixture(scope="module")
def content() -> Content:
    return load(ROOT / "data")


@pytest.fixture(scope="module")
def cards(content: Content) -> Cards:
    return Cards(content)


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    return Planted(tmp_path)


def numbers_of(risk: Risk) -> set[str]:
    """The numbers that a card for this risk must hold, written out so that no data file decides it."""
    hotline = {Kind.POISONING: {POISON_HELP}, Kind.ABUSE: {ABUSE_HOTLINE}}
    return {CLINIC, LIFELINE, EMERGENCY} | (hotline.get(risk.kind, set()) if risk.kind else set())


def hrefs(reply: Reply) -> list[str]:
    return [link.href for link in reply.links]


def first_number(text: str) -> str:
    found = re.search(r"\+?\d[\d() -]{1,}\d", text)
    return found[0] if found else ""


@pytest.mark.parametrize(("language", "channel"), PLACES)
@pytest.mark.parametrize("risk", RISKS, ids=str)
def test_every_risk_has_a_card_with_its_numbers(
    cards: Cards, risk: Risk, language: Language, channel: Channel
) -> None:
    (reply,) = cards.crisis(risk, language, channel)
    assert reply.kind is ReplyKind.CRISIS
    assert reply.language is language
    assert all(number in reply.text for number in numbers_of(risk))
    assert {"tel:+13214153213", "tel:988", "tel:911"} <= set(hrefs(reply))
    assert any(href.startswith("sms:988") for href in hrefs(reply))
    if risk.kind is Kind.POISONING:
        assert "tel:+18002221222" in hrefs(reply)
    if risk.kind is Kind.ABUSE:
        assert "tel:+18007997233" in hrefs(reply)


@pytest.mark.parametrize(("language", "channel"), PLACES)
@pytest.mark.parametrize("risk", [risk for risk in RISKS if risk.level == Level.EMERGENCY], ids=str)
def test_r5_at_emergency_911_is_the_first_number(
    cards: Cards, risk: Risk, language: Language, channel: Channel
) -> None:
    (reply,) = cards.crisis(risk, language, channel)
    assert first_number(reply.text).startswith(EMERGENCY)
    assert hrefs(reply)[0] == "tel:911"


@pytest.mark.parametrize("kind", [Kind.OVERDOSE, Kind.MEDICAL, Kind.POISONING])
def test_r5_medical_danger_puts_911_first_at_every_level(cards: Cards, kind: Kind) -> None:
    (reply,) = cards.crisis(Risk(Level.CRISIS, kind), Language.EN, Channel.WEB)
    assert first_number(reply.text).startswith(EMERGENCY)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("risk", RISKS, ids=str)
def test_r17_a_crisis_sms_is_one_message_with_every_number_in_its_first_part(
    cards: Cards, risk: Risk, language: Language
) -> None:
    replies = cards.crisis(risk, language, Channel.SMS)
    assert len(replies) == 1
    text = replies[0].text
    assert smsutil.is_valid_gsm(text)
    assert smsutil.split(text).total_bytes <= 306
    # The first part of a split text holds 153 septets at most.
    ends = [text.index(number) + len(number) for number in numbers_of(risk)]
    assert smsutil.split(text[: max(ends)]).total_bytes <= 153
    assert not set("áíóú’") & set(text)


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("risk", RISKS, ids=str)
def test_r27_spanish_cards_say_press_2_or_text_ayuda(cards: Cards, risk: Risk, channel: Channel) -> None:
    (reply,) = cards.crisis(risk, Language.ES, channel)
    assert "AYUDA" in reply.text
    assert re.search(r"oprim(a|ir) 2", reply.text)
    assert "sms:988?&body=AYUDA" in hrefs(reply)


def test_r27_veterans_are_told_to_press_1_or_text(cards: Cards) -> None:
    for language, risk in product(Language, (Risk(Level.CRISIS), Risk(Level.EMERGENCY, Kind.SUICIDE))):
        (reply,) = cards.crisis(risk, language, Channel.WEB)
        assert "838255" in reply.text
        assert "sms:838255" in hrefs(reply)


def test_someone_else_in_danger_is_spoken_of_and_a_minor_is_sent_to_an_adult(cards: Cards) -> None:
    def text(**risk: object) -> str:
        return cards.crisis(Risk(level=Level.CRISIS, **risk), Language.EN, Channel.WEB)[0].text  # type: ignore[arg-type]

    own = text(kind=Kind.SUICIDE)
    assert "stay with them" in text(kind=Kind.SUICIDE, experiencer=Experiencer.OTHER)
    assert (
        text(kind=Kind.SUICIDE, minor=True)
        == own + "\n\n" + text(kind=Kind.SUICIDE, minor=True).split("\n\n")[-1]
    )
    assert "under 18" in text(kind=Kind.SUICIDE, minor=True)
    assert "under 18" not in own


def test_overdose_says_what_to_do_while_waiting(cards: Cards) -> None:
    (reply,) = cards.crisis(
        Risk(Level.EMERGENCY, Kind.OVERDOSE, experiencer=Experiencer.OTHER), Language.EN, Channel.WEB
    )
    assert all(word in reply.text for word in ("naloxone", "on their side", "Stay with them"))


def test_a_risk_below_crisis_still_gets_a_card(cards: Cards) -> None:
    below = cards.crisis(Risk(Level.NONE), Language.EN, Channel.WEB)
    assert below == cards.crisis(Risk(Level.CRISIS), Language.EN, Channel.WEB)


@pytest.mark.parametrize(("language", "channel"), PLACES)
@pytest.mark.parametrize(("kind", "experiencer"), list(product(KINDS, Experiencer)))
def test_a_check_in_asks_and_gives_its_level_s_numbers(
    cards: Cards, kind: Kind | None, experiencer: Experiencer, language: Language, channel: Channel
) -> None:
    def check_in(level: Level) -> Reply:
        return cards.check_in(Risk(level, kind, experiencer), language, channel)

    concern, crisis, emergency = map(check_in, (Level.CONCERN, *LEVELS))
    for reply in (concern, crisis, emergency):
        assert reply.kind is ReplyKind.CHECK_IN
        assert "?" in reply.text
        assert CLINIC in reply.text
        assert LIFELINE in reply.text
    assert EMERGENCY not in concern.text
    assert "tel:911" not in hrefs(concern)
    assert all(number in crisis.text for number in numbers_of(Risk(Level.CRISIS, kind)))
    assert all(number in emergency.text for number in numbers_of(Risk(Level.CRISIS, kind)))
    assert first_number(emergency.text).startswith(EMERGENCY)
    assert check_in(Level.NONE) == concern


@pytest.mark.parametrize(("language", "channel"), PLACES)
def test_fallback_and_service_texts_hold_the_three_numbers(
    cards: Cards, language: Language, channel: Channel
) -> None:
    services = [cards.service(name, language, channel) for name in SERVICES]
    for reply in (cards.fallback(language, channel), *services):
        assert all(number in reply.text for number in (CLINIC, LIFELINE, EMERGENCY))
    assert {reply.kind for reply in services} == {ReplyKind.SERVICE}
    assert cards.fallback(language, channel).kind is ReplyKind.FALLBACK


def test_r16_help_begins_with_988(cards: Cards) -> None:
    for language, channel in PLACES:
        assert first_number(cards.service("help", language, channel).text).startswith(LIFELINE)


def test_an_unknown_service_is_an_error(cards: Cards) -> None:
    with pytest.raises(KeyError):
        cards.service("encore", Language.EN, Channel.WEB)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            Language.EN,
            ("automated", "not a person", "doctor", "staff can read", "until the clinic deletes", "safe"),
        ),
        (
            Language.ES,
            ("automático", "No es una persona", "médico", "personal autorizado", "hasta que", "peligro"),
        ),
    ],
)
def test_r10_r13_the_disclosure_says_what_is_true(
    cards: Cards, language: Language, said: tuple[str, ...]
) -> None:
    text = cards.disclosure(language, Channel.WEB).text
    assert cards.disclosure(language, Channel.WEB).kind is ReplyKind.DISCLOSURE
    assert all(words in text for words in said)
    assert "confiden" not in text.casefold()


@pytest.mark.parametrize(("language", "channel"), PLACES)
def test_a_reminder_keeps_the_line_in_view(
    cards: Cards, content: Content, language: Language, channel: Channel
) -> None:
    answer = content.reply("utter_faq/what_is_ketamine", language, channel)
    reminded = cards.with_reminder(answer, Level.CRISIS, channel)
    assert reminded.text.startswith(answer.text)
    assert reminded.text.endswith(cards.reminder(Level.CRISIS, language, channel))
    assert CLINIC in reminded.text
    assert LIFELINE in reminded.text
    assert EMERGENCY not in reminded.text
    assert {"tel:+13214153213", "tel:988"} <= set(hrefs(reminded))
    assert (reminded.kind, reminded.source) == (answer.kind, answer.source)
    after_emergency = cards.with_reminder(answer, Level.EMERGENCY, channel)
    assert first_number(after_emergency.text.removeprefix(answer.text)).startswith(EMERGENCY)
    assert ("\n" in reminded.text) == (channel is Channel.WEB)


def test_a_reminder_does_not_repeat_links(cards: Cards, content: Content) -> None:
    answer = content.reply("utter_faq/contact_call", Language.EN, Channel.WEB)
    links = hrefs(cards.with_reminder(answer, Level.EMERGENCY, Channel.WEB))
    assert sorted(links) == sorted(set(links))


@pytest.mark.parametrize("language", Language)
def test_the_numbers_fit_in_one_line(cards: Cards, language: Language) -> None:
    line = cards.numbers(language)
    assert "\n" not in line
    assert all(number in line for number in (CLINIC, LIFELINE, EMERGENCY))


def test_a_card_names_its_text_and_version(cards: Cards, content: Content) -> None:
    (reply,) = cards.crisis(Risk(Level.CRISIS, Kind.ABUSE), Language.EN, Channel.WEB)
    assert reply.response == "card/abuse_self"
    assert reply.content_hash == content.cards["abuse_self"].review.sha256


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("cards/service.yml", "  fallback:", "  fallen_back:", "there is no card 'fallback'"),
        ("cards/minor.yml", "  minor_self:", "  minor_me:", "there is no card 'minor_self'"),
        (
            "cards/abuse.yml",
            "kinds: [abuse]",
            "kinds: [medical]",
            "no card is the crisis for CRISIS, abuse, self",
        ),
        (
            "cards/self_harm.yml",
            "levels: [CRISIS]",
            "levels: [CRISIS, EMERGENCY]",
            "self_harm_crisis and self_harm_emergency is the crisis for EMERGENCY, self_harm, self",
        ),
        ("cards/suicide.yml", "call {emergency}.", "call them.", "'suicide_crisis' lacks {emergency}"),
        ("cards/poisoning.yml", "now: {poison_help}", "now", "'poisoning_crisis' lacks {poison_help}"),
        ("cards/abuse.yml", "Hotline: {abuse_hotline}, or", "Hotline:", "'abuse_self' lacks {abuse_hotline}"),
        (
            "cards/suicide.yml",
            "Call {emergency} now.\n",
            "Call {lifeline} now.\n",
            "'suicide_emergency' does not begin its numbers with {emergency}",
        ),
        (
            "cards/suicide.yml",
            "I am glad",
            "I am “glad”",
            "holds a letter that an SMS of full length cannot hold",
        ),
        ("cards/suicide.yml", "I am glad", "I am glad " * 20, "septets long, 306 is the limit"),
        (
            "cards/suicide.yml",
            "I am glad",
            "I am glad " * 9,
            "has {clinic_phone} after its first 153 septets",
        ),
        (
            "cards/check_in.yml",
            "To talk with a person now, call {clinic_phone}",
            "Call",
            "lacks {clinic_phone}",
        ),
        (
            "cards/check_in.yml",
            "May I ask:",
            "Call {emergency}. May I ask:",
            "holds {emergency} although nobody",
        ),
        (
            "cards/check_in.yml",
            "Poison Help: {poison_help}. To",
            "To",
            "'check_in_after_poisoning' lacks {poison_help}",
        ),
        ("cards/service.yml", "If you are in danger, call {emergency}.", "", "'fallback' lacks {emergency}"),
        ("cards/service.yml", "Free, 24/7: {clinic_phone}", "Free", "'reminder_crisis' lacks {clinic_phone}"),
    ],
)
def test_a_gap_in_the_cards_stops_the_start(
    planted: Planted, file: str, old: str, new: str, problem: str
) -> None:
    planted.change(file, old, new)
    content, _ = examine(planted.data)
    with pytest.raises(ContentError) as raised:
        Cards(content)  # type: ignore[arg-type]
    assert problem in str(raised.value)
    assert len(raised.value.faults) == len(set(raised.value.faults))
