"""The widget on a clinic's page, in a real browser, against the real server with the trained model."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import DESK
from tests.browser.embedding import (
    CRISIS,
    HOSTILE,
    QUESTION,
    OpenVisit,
    strict,
    visits,
)
from tests.fixtures.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = {"tel:+13214153213", "tel:988", "sms:988", "tel:911"}
MARKUP = "<img src=x onerror=alert(1)> </p><a href='javascript:alert(1)'>tap</a> {{1+1}} **bold**"


@pytest.fixture
def visit(browser: Browser, server: Server) -> OpenVisit:
    return visits(browser, server.url)


async def test_before_the_first_message_it_says_what_it_is_and_keeps_nothing(visit: OpenVisit) -> None:
    """R10, R13: the disclosure comes out of the script; nothing is opened on the server or kept here."""
    async with visit() as v:
        asked: list[str] = []
        v.context.on("request", lambda request: asked.append(request.url))
        await v.open()
        disclosure = v.chat.locator(".disclosure")
        for words in (
            "Not for emergencies",
            "not a person",
            "clinic staff can read",
            "until the clinic deletes",
        ):
            await expect(disclosure).to_contain_text(words)
        await expect(disclosure).to_contain_text("cannot erase your browser's history")
        assert set(await v.hrefs(".lines")) == NUMBERS
        await expect(v.chat.locator(".answer .quick button")).to_have_count(4)
        await v.chat.get_by_role("button", name="Close the chat").click()
        assert await v.stored() == [0, 0, 0, 0, 0]
        assert asked == []


@pytest.mark.parametrize("page", ["strict", "hostile", "own"])
async def test_a_question_gets_its_answer_with_the_source(
    visit: OpenVisit, server: Server, page: str
) -> None:
    ways: dict[str, dict[str, str]] = {
        "strict": {"policy": strict(server.url)},
        "hostile": {"css": HOSTILE},
        "own": {"at": server.url},
    }
    async with visit(**ways[page]) as v:
        await v.ask()
        answer = v.chat.locator(".answer", has=v.page.locator(".source"))
        await expect(answer.locator(".source")).to_contain_text("section “Is Ketamine Addictive?”")
        await expect(answer.locator(".source")).to_contain_text("reviewed")
        await expect(answer.locator("time")).to_be_visible()
        style: dict[str, str] = await answer.locator(".words p").first.evaluate(
            "e => { const s = getComputedStyle(e); return {size: s.fontSize, case: s.textTransform,"
            " spacing: s.letterSpacing, opacity: s.opacity, style: s.fontStyle} }"
        )
        assert style == {
            "size": "16px",
            "case": "none",
            "spacing": "normal",
            "opacity": "1",
            "style": "normal",
        }
        assert await v.input.evaluate("e => getComputedStyle(e).fontSize") == "16px"
        assert (await v.spoken())[0].startswith("Yes, it can be.")
        # Words of a chat are in this tab alone, and only once a person has written.
        assert await v.stored() == [0, 1, 0, 0, 0]


async def test_a_suggestion_is_sent_as_ordinary_text_and_markup_is_words(visit: OpenVisit) -> None:
    async with visit() as v:
        dialogs: list[str] = []
        v.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        await v.open()
        first = v.chat.locator(".quick button").first
        text = await first.inner_text()
        async with v.page.expect_request("**/api/messages") as sent:
            await first.click()
        body: Any = (await sent.value).post_data_json
        assert body["text"] == text
        assert "page" not in body
        await expect(v.chat.locator(".me p:not(.when)")).to_have_text(text)
        await expect(v.input).to_be_focused()
        await expect(v.chat.locator(".source")).to_be_visible()
        await v.write(MARKUP)
        await expect(v.chat.locator(".me p:not(.when)").last).to_have_text(MARKUP)
        assert await v.chat.locator(".log :is(img, script, a[href^=javascript])").count() == 0
        assert dialogs == []


async def test_a_crisis_card_stays_in_view_and_takes_nothing_away(visit: OpenVisit) -> None:
    """R26: at 320 × 300, as with a keyboard open, the first number is in view; focus and draft stay."""
    async with visit(viewport={"width": 320, "height": 300}) as v:
        await v.ask()
        await v.input.fill(CRISIS)
        await v.input.press("Enter")
        await v.page.keyboard.type("and another thing")
        card = v.chat.get_by_role("region", name="Help right now")
        await expect(card.locator(".sentence")).to_have_text("Thank you for telling me.")
        await expect(v.input).to_be_focused()
        await expect(v.input).to_have_value("and another thing")
        first = card.get_by_role("link").first
        await expect(first).to_have_text("Call the clinic (321) 415-3213")
        await expect(first).to_be_in_viewport(ratio=1)
        hrefs = await v.hrefs(".help")
        assert hrefs[:4] == ["tel:+13214153213", "tel:988", "sms:988", "tel:911"]
        assert {"sms:838255", "tel:711"} <= set(hrefs)
        for link in await card.get_by_role("link").all():
            box = await link.bounding_box()
            assert box is not None
            assert box["height"] >= 44
        assert await first.evaluate("e => getComputedStyle(e).userSelect") == "text"
        # Said once, in one sentence; the card's whole text is not read over it.
        said = [line for line in await v.spoken() if "Help right now" in line]
        assert len(said) == 1
        assert "Call the clinic (321) 415-3213, Call 988, Text 988, Call 911" in said[0]
        assert not any("face it alone" in line for line in await v.spoken())
        assert await v.heard("crisis") == [{}]
        await v.page.keyboard.press("Shift+Tab")
        await expect(first).to_be_focused()


async def test_id_rather_type_and_someone_call_me_back(visit: OpenVisit) -> None:
    async with visit() as v:
        await v.open()
        await v.danger()
        await v.chat.get_by_role("button", name="I'd rather type").click()
        await expect(v.input).to_be_focused()
        await expect(v.chat.locator(".help .sentence")).to_have_count(0)
        assert set(await v.hrefs(".help")) == NUMBERS
        await v.chat.get_by_role("button", name="Show more help").click()
        await v.chat.get_by_role("button", name="Someone call me back").click()
        form = v.chat.locator(".help form")
        number = form.get_by_label("Your phone number")
        await expect(number).to_be_focused()
        await form.get_by_role("button", name="Ask for a call").click()
        await expect(form.locator(".problem")).to_contain_text("tick the box")
        await number.fill("not a number")
        await form.get_by_role("checkbox").check()
        await number.press("Enter")
        await expect(form.locator(".problem")).to_contain_text("could not be read")
        await number.fill("(407) 555-0123")
        await number.press("Enter")
        await expect(v.chat.locator(".turn.service")).to_contain_text("We saved your number")
        assert await v.heard("handoff") == [{"reason": "call_back"}]
        assert set(await v.hrefs(".help")) == NUMBERS
        wrong = [line for line in v.wrong if "422" not in line]
        v.wrong[:] = wrong


@pytest.mark.parametrize(
    ("text", "first", "also"),
    [
        ("i took a whole bottle of pills", "tel:911", "tel:+18002221222"),
        ("my husband hits me and i am scared he will kill me tonight", "tel:911", "tel:+18007997233"),
    ],
)
async def test_each_kind_of_danger_has_its_lines(visit: OpenVisit, text: str, first: str, also: str) -> None:
    """R5: where 911 comes first on the card, it is first here."""
    async with visit() as v:
        await v.open()
        await v.danger(text)
        hrefs = await v.hrefs(".help")
        assert hrefs[0] == first
        assert also in hrefs


async def test_spanish_says_everything(visit: OpenVisit) -> None:
    """R27: from the page's language, with every number's own words."""
    async with visit(lang="es") as v:
        await v.open()
        await expect(v.chat.locator(".disclosure")).to_contain_text("No es para emergencias")
        assert "sms:988?&body=AYUDA" in await v.hrefs(".lines")
        await v.danger("quiero quitarme la vida")
        await expect(v.chat.locator(".sentence")).to_have_text("Gracias por contármelo.")
        assert (await v.hrefs(".help"))[:2] == ["tel:+13214153213", "tel:988"]
        await expect(v.chat.locator(".help")).to_contain_text("oprima 2")
        await expect(v.chat.locator(".help")).to_contain_text("marcar 711")
        assert any("Ayuda ahora mismo" in line for line in await v.spoken())
        for name in ("Salir del sitio", "Enviar", "Cerrar el chat", "Quiero que me llamen", "Borrar mi chat"):
            await expect(v.chat.get_by_role("button", name=name)).to_be_attached()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"attributes": 'language="es"'}, "es"),
        ({"lang": "fr", "locale": "es-US"}, "es"),
        ({"lang": "en", "locale": "es-US"}, "en"),
        ({"lang": "de", "locale": "de-DE"}, "en"),
    ],
)
async def test_its_language(visit: OpenVisit, options: dict[str, str], expected: str) -> None:
    async with visit(**options) as v:
        await expect(v.chat.locator(".root")).to_have_attribute("lang", expected)


async def test_the_language_can_be_switched_before_and_after(visit: OpenVisit) -> None:
    async with visit() as v:
        await v.open()
        await v.chat.get_by_role("button", name="Español").click()
        await expect(v.chat.locator(".disclosure")).to_contain_text("No es una persona")
        await v.chat.get_by_role("button", name="English").click()
        await v.write(QUESTION)
        await expect(v.chat.locator(".source")).to_be_visible()
        await v.chat.get_by_role("button", name="Español").click()
        await expect(v.chat.locator(".source")).to_be_visible()
        await v.write("ok")
        await expect(v.chat.locator(".turn:not(.me)").last).to_have_attribute("lang", "es")


async def test_attributes(visit: OpenVisit) -> None:
    attributes = 'color="#ffd400" position="left" z-index="77" greeting="Ahoy. What is it?" theme="dark"'
    async with visit(attributes=attributes, viewport=DESK) as v:
        launch = v.chat.locator(".launch")
        box = await launch.bounding_box()
        assert box is not None
        assert box["x"] < 100
        shown = await launch.evaluate("e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]")
        assert shown == ["rgb(255, 212, 0)", "rgb(0, 0, 0)"]
        assert await v.chat.locator(".dock").evaluate("e => getComputedStyle(e).zIndex") == "77"
        await v.open()
        await expect(v.chat.locator(".answer")).to_contain_text("Ahoy. What is it?")
        await expect(v.chat.locator(".dark")).to_be_attached()


async def test_new_replies_are_counted_while_it_is_closed(visit: OpenVisit) -> None:
    async with visit(viewport=DESK) as v:
        await v.ask()
        await v.write("how much should i take")
        await v.page.keyboard.press("Escape")
        launch = v.chat.locator(".launch")
        await expect(launch).to_be_focused()
        await expect(v.chat.locator(".badge")).to_have_text("1")
        await expect(launch).to_have_accessible_name("Chat with us, 1 new reply")
        await v.open()
        assert await v.chat.locator(".badge").is_hidden()
        assert [name for name, _ in await v.page.evaluate("window.heard")][0] == "opened"


@pytest.mark.parametrize("twice", ["script", "element"])
async def test_the_tag_twice_is_one_widget(visit: OpenVisit, server: Server, twice: str) -> None:
    again = {
        "script": f'<script src="{server.url}/widget.js" async></script>',
        "element": "<harborline-chat><p>Call 988</p></harborline-chat>",
    }
    async with visit(body=again[twice], viewport=DESK) as v:
        await expect(v.page.locator(".launch")).to_have_count(1)
        if twice == "element":
            # The first one leaves: the other takes its place, with its numbers never shown twice.
            await v.page.evaluate("document.querySelector('harborline-chat').remove()")
            await expect(v.page.locator(".launch")).to_have_count(1)


async def test_removal_leaves_nothing_and_page_changes_are_survived(visit: OpenVisit) -> None:
    async with visit(viewport=DESK) as v:
        await v.ask()
        # A single-page site changes its page, and moves the element about.
        await v.page.evaluate(
            "history.pushState({}, '', '/next'); document.querySelector('main').replaceChildren('Next');"
            "document.body.prepend(document.querySelector('harborline-chat'))"
        )
        await expect(v.chat.locator(".source")).to_be_visible()
        await v.page.evaluate("window.gone = document.querySelector('harborline-chat'); gone.remove()")
        await v.page.wait_for_function(
            "!gone.querySelector('[aria-live]') && !gone.shadowRoot.querySelector('.panel')"
        )
        for _ in range(3):
            await v.page.keyboard.press("Shift")
        await v.page.evaluate("document.body.append(gone)")
        await expect(v.chat.locator(".source")).to_be_visible()
        assert v.page.url.endswith("/next")


async def test_a_page_with_the_script_alone_has_the_chat_and_its_settings(
    visit: OpenVisit, server: Server
) -> None:
    async with visit() as v:
        await v.page.evaluate(
            """(source) => { document.querySelector('harborline-chat').remove();
            const tag = document.createElement('script'); tag.src = source; tag.dataset.language = 'es';
            document.body.append(tag) }""",
            f"{server.url}/widget.js?again",
        )
        # Defined already: the first script's element was removed, and a second tag changes nothing.
        await expect(v.page.locator(".launch")).to_have_count(0)
        await v.page.goto(f"{server.url}/protocol")
        await v.page.add_script_tag(url=f"{server.url}/widget.js")
        await expect(v.page.locator(".launch")).to_have_text("Chat with us")
