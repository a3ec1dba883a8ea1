"""English or Spanish, or no guess at all."""

from __future__ import annotations

import pytest

from bot.messages import Language
from bot.text import detect_language, other_language


@pytest.mark.parametrize(
    "text",
    [
        "is ketamine addictive",
        "how much does it cost",
        "I feel sad",
        "do you take medicaid",
        "thank you",
        "what are your hours",
    ],
)
def test_english(text: str) -> None:
    assert detect_language(text) == Language.EN


@pytest.mark.parametrize(
    "text",
    [
        "hola",
        "cuanto cuesta",
        "¿La ketamina es adictiva?",
        "no quiero vivir",
        "kiero morirme ya",
        "gracias por todo",
        "atienden en español",
    ],
)
def test_spanish(text: str) -> None:
    assert detect_language(text) == Language.ES


@pytest.mark.parametrize(
    "text", ["", "no", "ok", "👍", "12345", "ketamine", "救命", "no no no", "lol", "hola thank you", "Tampa"]
)
def test_unsure(text: str) -> None:
    assert detect_language(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "você fala português?",
        "vcs atendem em portugues",
        "Estou muito triste e não consigo dormir. Vocês podem me ajudar?",
        "quanto custa o tratamento, eu nao tenho seguro",
        "minha mae tem depressao",
        "mwen bezwen èd tanpri",
        "eske nou pale kreyol",
        "Konbyen tretman an koute? Mwen pa gen asirans.",
        "manman mwen malad anpil",
        "Bonjour, je cherche un traitement pour ma mère",
        "est-ce que vous parlez francais",
        "je suis triste depuis longtemps",
        "combien ca coute svp, je n'ai pas d'assurance",
        "ich brauche hilfe, sprechen sie deutsch",
        "vorrei parlare con qualcuno, parlate italiano?",
        "Tôi cần giúp đỡ, bạn có nói tiếng Việt không",
        "救命",
        "я хочу умереть",
        "أحتاج مساعدة",
        "도와주세요",
    ],
)
def test_another_language(text: str) -> None:
    assert other_language(text)
    assert detect_language(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "👍",
        "π",
        "do you have anyone who speaks Portuguese or Creole",
        "can I write in français? my mom is from Port-au-Prince",
        "I'm João from São Paulo and I want to know if ketamine is safe",
        "merci!",
        "what does je suis malade mean",
        "mi mamá habla creole, ¿la pueden atender?",
        "¿hablan portugués? mi esposa es brasileña",
        "necesito una cita pa mi mama, how much is it",
        "que es la ketamina y como se usa",
        "cuando puedo ir, on monday or tuesday",
        "tengo depresion y ansiedad",
        "ola kiero ablar con alguien",
        "u guys open rn or nah",
    ],
)
def test_no_other_language(text: str) -> None:
    assert not other_language(text)
