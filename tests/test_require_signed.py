"""`HARBORLINE_REQUIRE_SIGNED`: what no clinician signed is neither given nor offered; cards always go out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.cards import Cards
from bot.content import Content, UnsignedResponseError, load
from bot.curation.signing import sign
from bot.messages import Channel, Language, Level, ReplyKind, Risk
from bot.settings import SettingsError
from bot.settings import load as load_settings
from tests.fixtures.server import running
from tests.fixtures.talk import content as real_content
from tests.planting import Planted

EN = Language.EN
RISKS, ADDICTIVE = "utter_faq/risks", "utter_faq/is_addictive"


@pytest.fixture(scope="module")
def partly_signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose only signed answer is the one on risks."""
    data = Planted(tmp_path_factory.mktemp("signed")).data
    sign(data, "risks", reviewer="Dr. A", on=date(2026, 12, 1))
    return data


@pytest.fixture(scope="module")
def strict(partly_signed: Path) -> Content:
    return load(partly_signed, require_signed=True)


def test_only_signed_answers_are_given(strict: Content) -> None:
    assert strict.reply(RISKS, EN, Channel.WEB).kind is ReplyKind.ANSWER
    with pytest.raises(UnsignedResponseError, match=ADDICTIVE):
        strict.reply(ADDICTIVE, EN, Channel.WEB)


def test_what_would_not_be_given_is_not_offered(strict: Content, partly_signed: Path) -> None:
    assert load(partly_signed).reply(RISKS, EN, Channel.WEB).quick_replies
    assert strict.reply(RISKS, EN, Channel.WEB).quick_replies == ()
    assert strict.topics == ("risks",)
    assert strict.question("is_addictive", EN) is None


def test_cards_go_out_whatever_their_status(strict: Content) -> None:
    assert not any(card.review.signed for card in strict.cards.values())
    unchecked = Cards(replace(strict, require_signed=False))
    risk = Risk(level=Level.CRISIS)
    assert Cards(strict).crisis(risk, EN, Channel.WEB) == unchecked.crisis(risk, EN, Channel.WEB)


def test_how_many_are_unsigned_is_said(strict: Content) -> None:
    answers, cards = len(strict.responses), len(strict.cards)
    said = f"Not signed by a clinician: {answers - 1} of {answers} answers and {cards} of {cards} cards."
    assert strict.sign_off == f"{said} Unsigned answers are kept back."
    assert replace(strict, require_signed=False).sign_off == said


def test_the_setting_is_yes_or_no(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    assert load_settings({}, env_file=env_file).require_signed is False
    assert load_settings({"HARBORLINE_REQUIRE_SIGNED": "yes"}, env_file=env_file).require_signed is True
    with pytest.raises(SettingsError, match="HARBORLINE_REQUIRE_SIGNED is malformed: give yes or no"):
        load_settings({"HARBORLINE_REQUIRE_SIGNED": "true"}, env_file=env_file)


def test_the_server_keeps_unsigned_answers_back(tmp_path: Path, partly_signed: Path) -> None:
    with running(tmp_path, data=str(partly_signed), require_signed="yes") as server:
        server.wait_ready()
        chat = server.chat()
        assert [reply["kind"] for reply in chat.greeting] == ["disclosure"]
        assert [reply["kind"] for reply in chat.say("What are the risks of ketamine?")] == ["answer"]
        (kept_back,) = chat.say("Is ketamine addictive?")
        assert kept_back["kind"] == "fallback"
        hrefs = {link["href"] for link in kept_back["links"]}
        assert hrefs >= {"tel:+13214153213", "tel:988", "tel:911"}
        assert [reply["kind"] for reply in chat.say("i want to kill myself")] == ["crisis"]
        assert "Unsigned answers are kept back." in server.log.read_text(encoding="utf-8")


def test_without_the_setting_unsigned_answers_are_given() -> None:
    assert real_content().reply(ADDICTIVE, EN, Channel.WEB).kind is ReplyKind.ANSWER
