"""The provenance page and table: complete, self-contained, and honest about what changed."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from bot.content import Content, examine, load
from bot.curation.report import page, table
from bot.messages import Channel, Language
from tests.planting import DATA, Planted


class Reader(HTMLParser):
    """What a page shows, and every element and attribute it has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def examined(data: Path) -> Content:
    content, _ = examine(data)
    assert content is not None
    return content


def test_every_text_is_there_with_its_provenance() -> None:
    content = load(DATA)
    shown = Reader(page(content)).text
    for text in content.texts:
        assert text.name in shown
        assert text.review.sha256 in shown
        for heading in text.headings.values():
            assert (heading.section or "") in shown
            assert (heading.authority or "") in shown
        assert all(source in shown for source in text.sources)
    risks = content.reply("utter_faq/risks", Language.ES, Channel.WEB)
    assert risks.text in shown
    assert content.reply("utter_faq/risks", Language.EN, Channel.SMS).text in shown
    assert "3 parts, 313 of 459 septets" in shown
    assert content.sign_off in shown


def test_the_page_is_self_contained_and_its_links_lead_somewhere() -> None:
    reader = Reader(page(load(DATA)))
    assert not {"script", "img", "iframe", "link"} & set(reader.tags)
    assert not [name for name, _ in reader.attributes if name.startswith("on") or name == "src"]
    targets = {value for name, value in reader.attributes if name == "href"}
    ids = [value for name, value in reader.attributes if name == "id"]
    assert targets == {f"#{value}" for value in ids}
    assert len(ids) == len(set(ids))


def test_markup_in_a_text_is_shown_as_text(tmp_path: Path) -> None:
    planted = Planted(tmp_path)
    planted.change("responses/risks.yml", "Changes in blood", "<script>alert(1)</script> & blood")
    html = page(examined(planted.data))
    assert "<script" not in html
    assert "<script>alert(1)</script> & blood" in Reader(html).text


def test_a_text_that_was_changed_or_is_missing_is_marked(tmp_path: Path) -> None:
    planted = Planted(tmp_path)
    planted.change("responses/risks.yml", "Changes in blood", "Changes of blood")
    planted.change("cards/suicide.yml", "      sms: |-", "      fax: |-")
    content = examined(planted.data)
    assert "pending, changed since" in Reader(page(content)).text
    assert "English, SMS: missing" in Reader(page(content)).text
    (row,) = [line for line in table(content).splitlines() if line.startswith("utter_faq/risks ")]
    assert "pending, changed since" in row


def test_the_table_has_a_line_for_every_text() -> None:
    content = load(DATA)
    lines = table(content).splitlines()
    assert [line.split()[0] for line in lines[1:-2]] == [text.name for text in content.texts]
    assert lines[-1] == content.sign_off
