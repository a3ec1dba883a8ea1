"""Curated responses: what is loaded, what is refused, and what is never repeated."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from bot.content import Content, ContentError, UnknownResponseError, load, stamp
from bot.messages import Channel, Language, Reply, ReplyKind, Source
from bot.settings import ROOT
from tests.planting import Planted

PLACES = list(product(Language, Channel))
TOPICS = (
    "alternatives",
    "areas_served",
    "book_appointment",
    "bot_identity",
    "brain_effects",
    "capabilities",
    "complaint",
    "confidentiality",
    "contact_call",
    "disclaimer",
    "helps_depression",
    "how_used_safeguards",
    "human_handoff",
    "insurance",
    "is_addictive",
    "key_takeaways",
    "language_support",
    "limitations",
    "long_term_safety",
    "program_help",
    "recovery_intersection",
    "reviews",
    "risks",
    "safe_for_depression",
    "services_who_we_are",
    "sources_evidence",
    "therapeutic_vs_nonmedical",
    "what_is_ketamine",
    "when_professional_help",
    "who_should_avoid",
)


@pytest.fixture(scope="module")
def content() -> Content:
    return load(ROOT / "data")


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    return Planted(tmp_path)


def refused(planted: Planted) -> ContentError:
    with pytest.raises(ContentError) as raised:
        load(planted.data)
    return raised.value


def test_an_answer_comes_with_its_source_and_numbers_to_tap(content: Content) -> None:
    reply = content.reply("utter_faq/is_addictive", Language.EN, Channel.WEB)
    assert reply.kind is ReplyKind.ANSWER
    assert "NIDA" in reply.text
    assert "+1 (321) 415-3213" in reply.text
    assert reply.source == Source(
        title="Whether ketamine can be addictive",
        section="Is Ketamine Addictive?",
        authority="National Institute on Drug Abuse (NIDA)",
        reviewed_on="2026-11-23",
    )
    assert [link.href for link in reply.links] == ["tel:+13214153213"]
    assert reply.response == "utter_faq/is_addictive"
    assert reply.content_hash == content.responses["utter_faq/is_addictive"].review.sha256


@pytest.mark.parametrize(("language", "channel"), PLACES)
def test_every_response_exists_in_each_language_and_channel(
    content: Content, language: Language, channel: Channel
) -> None:
    for name in content.responses:
        reply = content.reply(name, language, channel, {"city": "Tampa"})
        assert "{" not in reply.text
        assert reply.language is language
        assert (reply.quick_replies == ()) or channel is Channel.WEB


def test_texts_differ_by_language_and_channel(content: Content) -> None:
    for name in content.responses:
        texts = {content.reply(name, *place, {"city": "Tampa"}).text for place in PLACES}
        assert len(texts) == 4


def test_spanish_answers_have_spanish_headings(content: Content) -> None:
    reply = content.reply("utter_faq/risks", Language.ES, Channel.SMS)
    assert reply.source is not None
    assert reply.source.title == "Los riesgos de la ketamina"
    assert reply.source.authority == "Organización Mundial de la Salud (OMS)"


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        ("utter_smalltalk/greeting", ReplyKind.ANSWER),
        ("utter_bot_identity", ReplyKind.DISCLOSURE),
        ("utter_human_handoff", ReplyKind.SERVICE),
        ("utter_out_of_scope", ReplyKind.DECLINE),
        ("utter_ask_back", ReplyKind.ASK_BACK),
    ],
)
def test_conversation_texts_have_their_kind_and_no_source(
    content: Content, response: str, kind: ReplyKind
) -> None:
    reply = content.reply(response, Language.EN, Channel.WEB)
    assert (reply.kind, reply.source) == (kind, None)


def test_topics_and_their_questions(content: Content) -> None:
    assert content.topics == TOPICS
    assert content.question("areas_served", Language.EN) == "Which cities do you serve?"
    assert content.question("risks", Language.ES) == "¿Qué riesgos tiene la ketamina?"
    assert content.question("smalltalk", Language.EN) is None
    assert content.question("no_such_topic", Language.EN) is None
    assert all(content.question(topic, language) for topic in TOPICS for language in Language)


def test_an_unknown_response_is_an_error(content: Content) -> None:
    with pytest.raises(UnknownResponseError, match="there is no response 'utter_faq/weather'"):
        content.reply("utter_faq/weather", Language.EN, Channel.WEB)


def test_only_a_listed_city_is_repeated(content: Content) -> None:
    def listed(arguments: dict[str, str]) -> Reply:
        return content.reply("utter_areas_served/listed", Language.EN, Channel.WEB, arguments)

    assert "Winter Park" in listed({"city": "Winter Park", "extra": "x"}).text
    for arguments in ({"city": "call 555-0100"}, {"city": "winter park"}, {}):
        with pytest.raises(UnknownResponseError, match="needs the argument 'city'"):
            listed(arguments)


def test_an_argument_cannot_replace_a_number(content: Content) -> None:
    reply = content.reply("utter_faq/contact_call", Language.EN, Channel.WEB, {"clinic_phone": "555-0100"})
    assert "555-0100" not in reply.text


@pytest.mark.parametrize(
    ("text", "city"),
    [
        ("Do you serve Tampa?", "Tampa"),
        ("do you cover tmapa", "Tampa"),
        ("are you in PORT ST LUCIE", "Port St. Lucie"),
        ("Port Saint Lucie?", "Port St. Lucie"),
        ("saint augustine please", "St. Augustine"),
        ("I live in Mt. Dora", "Mount Dora"),
        ("¿atienden en Kissimee?", "Kissimmee"),
        ("is lakemary covered", "Lake Mary"),
        ("jaksonville", "Jacksonville"),
        ("daytona", "Daytona Beach"),
        ("the villages", "The Villages"),
        ("I moved from Tampa to Winter Garden", "Winter Garden"),
    ],
)
def test_a_listed_city_is_found_in_spite_of_slips(content: Content, text: str, city: str) -> None:
    assert content.city(text) == city
    assert content.names_place(text)


@pytest.mark.parametrize(
    "text",
    [
        *("Orlando", "Miami", "Port St. Joe", "Winter Haven", "Palm Beach", "Cocoa", "Lakeland", "Oakland"),
        *("Clearwater", "St. Petersburg", "Fort Lauderdale", "Ocala", "Gainesville"),
    ],
)
def test_coverage_is_never_invented(content: Content, text: str) -> None:
    assert content.city(f"Do you serve {text}?") is None
    assert content.names_place(f"Do you serve {text}?")


@pytest.mark.parametrize(
    "text",
    [
        "Which cities do you serve?",
        "what areas do you cover",
        "Where are you located?",
        "do you have an office near me?",
        "¿Qué ciudades atienden?",
        "¿dónde están ubicados?",
        "is 32801 in your area",
        "how far is the nearest clinic from my house",
        "¿tienen una oficina cerca de mi casa?",
        "",
    ],
)
def test_a_question_without_a_place_names_none(content: Content, text: str) -> None:
    assert content.city(text) is None
    assert not content.names_place(text)


def test_the_version_changes_with_any_text(content: Content, planted: Planted) -> None:
    assert load(planted.data).version == content.version
    planted.change("responses/risks.yml", "Changes in blood pressure.", "Blood pressure that changes.")
    planted.restamp()
    assert load(planted.data).version != content.version


def test_the_version_changes_with_the_clinic(content: Content, planted: Planted) -> None:
    planted.change("clinic.yml", "  - Rockledge\n", "")
    assert load(planted.data).version != content.version


def test_r11_a_text_changed_without_review_is_refused(planted: Planted) -> None:
    planted.change("responses/risks.yml", "Changes in blood pressure.", "Blood pressure that changes.")
    (fault,) = refused(planted).faults
    assert fault.file == planted.data / "responses" / "risks.yml"
    assert fault.line == 3
    assert "'utter_faq/risks' was changed since its review" in fault.problem
    assert "harborline content stamp risks" in fault.remedy


def test_r11_a_forged_review_date_is_refused(planted: Planted) -> None:
    planted.change("responses/risks.yml", 'reviewed_on: "2026-11-23"', 'reviewed_on: "2027-01-01"')
    assert "changed since its review" in str(refused(planted))


def test_every_fault_is_reported_at_once(planted: Planted) -> None:
    planted.change("clinic.yml", 'href: "tel:911"', 'href: "tel:119"')
    planted.change("responses/risks.yml", "{emergency}", "{emergancy}")
    planted.change("cards/minor.yml", "status: pending", "status: fine")
    (planted.data / "responses" / "insurance.yml").write_bytes(b"\xff\xfe")
    files = {fault.file.name for fault in refused(planted).faults}
    assert files == {"clinic.yml", "risks.yml", "minor.yml", "insurance.yml"}


@pytest.mark.parametrize(
    ("file", "old", "new", "problem", "below"),
    [
        ("clinic.yml", "name: Orl", "nom: Orl", "'nom' is not known here", 0),
        ("clinic.yml", "notice:", "notices:", "'notice' is missing or not a mapping", None),
        ("clinic.yml", "  poison_help:", "  poison_line:", "the number 'poison_help' is missing", None),
        (
            "clinic.yml",
            'href: "tel:+13214153213"',
            'href: "tel:+13214153214"',
            "does not dial +1 (321) 415-3213",
            0,
        ),
        ("clinic.yml", 'href: "tel:988"', 'href: "https://988"', "does not dial 988", 0),
        ("clinic.yml", '[{label: Call 911, href: "tel:911"}]', "[]", "911 has no en link", 0),
        ("clinic.yml", "cities:\n", "cities: []\ntowns:\n", "no city is listed", 0),
        ("clinic.yml", "  - Oviedo\n", "  - 407\n", "'cities' is not a list of texts", -1),
        ("responses/risks.yml", 'version: "3.1"', 'version: "2.0"', "this is not format 3.1", 0),
        ("responses/risks.yml", "utter_faq/risks", "faq/risks", "does not begin with utter_", 0),
        ("responses/risks.yml", "{emergency}", "{emergancy}", "'{emergancy}' is not known", None),
        ("responses/risks.yml", "kind: answer", "kind: guess", "'kind' is 'guess'", 0),
        ("responses/risks.yml", "status: pending", "status: done", "'status' is 'done'", 0),
        ("responses/risks.yml", '"2026-11-23"', '"last week"', "'last week' is not a date", 0),
        ("responses/risks.yml", '"2026-11-23"', "2026-11-23", "'reviewed_on' is missing or not text", 0),
        ("responses/risks.yml", "        section: ", "        chapter: ", "'chapter' is not known here", 0),
        ("responses/risks.yml", "channel: sms", "channel: fax", "'channel' is 'fax'", 0),
        ("responses/risks.yml", "value: en}", "value: fr}", "'value' is 'fr'", 0),
        ("responses/risks.yml", "name: language", "name: mood", "'name' is 'mood'", 0),
        (
            "responses/risks.yml",
            "      channel: sms\n      condition: [{type: slot, name: language, value: en}]\n",
            "      channel: sms\n",
            "an SMS text has no language",
            0,
        ),
        ("responses/risks.yml", "value: en}", "value: es}", "two texts for es and sms", None),
        ("responses/risks.yml", "value: en}", "value: es}", "has no en text for sms", None),
        (
            "responses/risks.yml",
            'payload: "Is ketamine addictive?"',
            'payload: "/faq"',
            "a button does not send what it shows",
            0,
        ),
        ("responses/risks.yml", "responses:", "answers:", "'responses' is missing or not a mapping", None),
        ("responses/risks.yml", "responses:", "responses: {", "is not YAML", None),
        ("cards/abuse.yml", "    sources:\n", "    origins:\n", "'abuse_self' names no source", None),
        ("cards/abuse.yml", "levels: [CRISIS", "levels: [WORRY", "'levels' holds WORRY", 0),
        ("cards/abuse.yml", "kinds: [abuse]", "kinds: []", "'kinds' holds nothing", 0),
        ("cards/abuse.yml", "      sms: |-", "      fax: |-", "'abuse_self' has no en text for sms", None),
        ("cards/abuse.yml", "    es:\n", "    fr:\n", "'abuse_self' has no es text for web", None),
        (
            "cards/abuse.yml",
            "  abuse_other:",
            "  suicide_crisis:",
            "'suicide_crisis' is also in abuse.yml",
            None,
        ),
    ],
)
def test_a_fault_is_named_with_its_line_and_remedy(
    planted: Planted, file: str, old: str, new: str, problem: str, below: int | None
) -> None:
    line = planted.change(file, old, new)
    faults = [fault for fault in refused(planted).faults if problem in fault.problem]
    assert faults, str(refused(planted))
    assert all(fault.remedy for fault in faults)
    if below is not None:
        assert line + below in {fault.line for fault in faults}


def test_a_response_without_english_web_text_is_refused(planted: Planted) -> None:
    (planted.data / "responses" / "extra.yml").write_text(
        'version: "3.1"\nresponses:\n  utter_extra:\n    - text: Hola\n'
        "      condition: [{type: slot, name: language, value: es}]\n      metadata: {title: Hola}\n",
        encoding="utf-8",
    )
    problems = [fault.problem for fault in refused(planted).faults]
    assert "'utter_extra' has no English web text" in problems
    assert "'utter_extra' has no en text for web" in problems


@pytest.mark.parametrize("text", ["", "- one\n- two\n", "just words\n"])
def test_a_file_without_a_mapping_is_refused(planted: Planted, text: str) -> None:
    (planted.data / "responses" / "empty.yml").write_text(text, encoding="utf-8")
    assert "empty.yml:0: holds no mapping" in str(refused(planted))


def test_a_wrong_type_is_refused(planted: Planted) -> None:
    (planted.data / "responses" / "extra.yml").write_text(
        'version: "3.1"\nresponses:\n  utter_extra: hello\n', encoding="utf-8"
    )
    assert "'utter_extra' is not a list of mappings" in str(refused(planted))


def test_missing_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError) as raised:
        load(tmp_path)
    assert [fault.file.name for fault in raised.value.faults] == ["clinic.yml", "responses", "cards"]
    assert "No such file" in str(raised.value)


def test_stamping_writes_the_hash_and_nothing_else(planted: Planted) -> None:
    file = planted.data / "responses" / "risks.yml"
    planted.change("responses/risks.yml", "Changes in blood pressure.", "Blood pressure that changes.")
    before = file.read_text(encoding="utf-8").splitlines()
    assert stamp(planted.data, "risks") == ("utter_faq/risks",)
    after = file.read_text(encoding="utf-8").splitlines()
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1
    assert changed[0].strip().startswith("sha256:")
    load(planted.data)
    assert stamp(planted.data, "risks") == ()


def test_stamping_one_topic_leaves_the_others_unstamped(planted: Planted) -> None:
    planted.change("responses/risks.yml", "Changes in blood pressure.", "Blood pressure that changes.")
    planted.change("cards/service.yml", "I am sorry, something", "I am very sorry, something")
    stamp(planted.data, "risks")
    (fault,) = refused(planted).faults
    assert "'fallback' was changed since its review" in fault.problem
    assert stamp(planted.data) == ("fallback",)
    load(planted.data)


def test_stamping_names_what_it_cannot_do(planted: Planted) -> None:
    with pytest.raises(ContentError, match="there is no text named 'weather'"):
        stamp(planted.data, "weather")
    # The next text's hash must not be taken for the missing one.
    planted.change("responses/conversation.yml", "        sha256:", "        sha265:")
    with pytest.raises(ContentError, match="'utter_bot_identity' has no sha256"):
        stamp(planted.data, "conversation")
    (planted.data / "clinic.yml").unlink()
    with pytest.raises(ContentError, match="cannot be read"):
        stamp(planted.data)


def test_the_shipped_hashes_are_those_of_the_shipped_texts(content: Content) -> None:
    texts = (*content.responses.values(), *content.cards.values())
    assert all(len(text.review.sha256) == 64 for text in texts)
    assert len({text.review.sha256 for text in texts}) == len(texts)


def test_content_is_immutable(content: Content) -> None:
    with pytest.raises(AttributeError):
        content.clinic = replace(content.clinic, name="Other")  # type: ignore[misc]
