"""R10: the published protocol, in both languages, in plain words, with the numbers above it."""

from __future__ import annotations

import re

import pytest

from bot.channels.headers import CONTENT_SECURITY_POLICY
from bot.channels.page import PROTOCOLS
from bot.checks.reading import EASE, GRADE, count, fernandez_huerta, flesch_kincaid
from bot.content import Content
from bot.messages import Language
from tests.channels.listener import Client
from tests.channels.test_page import client, hrefs

__all__ = ["client"]


def text(language: Language) -> str:
    return PROTOCOLS[language].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("language", "heading"),
    [
        ("en", "What happens when someone writes that they are in danger"),
        ("es", "Qué pasa cuando alguien escribe que está en peligro"),
    ],
)
async def test_r10_the_protocol_is_published(client: Client, language: str, heading: str) -> None:
    async with client.get("/protocol", headers={"Accept-Language": language}) as response:
        html = await response.text()
        assert response.status == 200
        assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert f'<html lang="{language}">' in html
    assert html.count("<h1>") == 1
    assert re.search(rf"<h2[^>]*>{heading}</h2>", html)
    assert {"tel:988", "tel:911", "tel:+13214153213"} <= hrefs(html)
    assert " style=" not in html
    assert "<script" not in html


async def test_the_start_leads_to_it(client: Client) -> None:
    async with client.get("/") as response:
        assert 'href="/protocol?lang=en"' in await response.text()


def test_both_languages_say_the_same_steps() -> None:
    def shape(document: str) -> list[str]:
        starts = (re.match(r"#+|\d+\.|- |---|\*\*", line) for line in document.splitlines())
        return [start[0] for start in starts if start]

    assert shape(text(Language.EN)) == shape(text(Language.ES))


def test_it_reads_easily() -> None:
    plain = {
        language: re.sub(r"[#*`]|^\d+\.", "", text(language), flags=re.MULTILINE) for language in Language
    }
    # A line break inside a paragraph ends no sentence.
    joined = {language: re.sub(r"(?<!\n)\n(?!\n)", " ", said) for language, said in plain.items()}
    assert flesch_kincaid(count(joined[Language.EN], Language.EN)) <= GRADE
    assert fernandez_huerta(count(joined[Language.ES], Language.ES)) >= EASE


@pytest.mark.parametrize("language", list(Language))
def test_the_clinics_number_stands_in_one_place_only(content: Content, language: Language) -> None:
    assert content.clinic.numbers["clinic_phone"].display not in text(language)


@pytest.mark.parametrize(
    ("language", "promise"),
    [(Language.EN, "Once a year we publish it"), (Language.ES, "Una vez al año la publicamos")],
)
def test_r10_the_counts_are_promised(language: Language, promise: str) -> None:
    assert promise in text(language)
