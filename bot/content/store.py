"""The curated texts in memory: responses by name, cards, the clinic, and their version."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from bot.content import cards, clinic, responses
from bot.content.clinic import Clinic
from bot.content.entry import Entry, read
from bot.content.texts import Curated, links, problems, render
from bot.messages import Channel, Language, Reply, Source
from bot.text.fault import DataError, Fault


class ContentError(DataError):
    """The data folder cannot be used; `faults` holds everything that is wrong with it."""


class UnknownResponseError(Exception):
    """A response was asked for that `data/` does not hold, or with an argument that it does not allow."""


class UnsignedResponseError(Exception):
    """A response was asked for that no clinician has signed, where only signed ones may be given."""


@dataclass(frozen=True)
class Content:
    """Everything the bot may say. Immutable, so that a reload is a swap.

    With `require_signed`, responses that no clinician has signed are neither given nor offered. Cards
    always are: a person in danger must not be left without the numbers because of a missing signature.
    """

    data: Path
    clinic: Clinic
    responses: Mapping[str, Curated]
    cards: Mapping[str, Curated]
    require_signed: bool = False

    @property
    def texts(self) -> tuple[Curated, ...]:
        """Responses and cards."""
        return (*self.responses.values(), *self.cards.values())

    @property
    def sign_off(self) -> str:
        """How many texts no clinician has signed, in one line."""
        counts = [_unsigned(self.responses, "answers"), _unsigned(self.cards, "cards")]
        kept_back = " Unsigned answers are kept back." if self.require_signed else ""
        return f"Not signed by a clinician: {' and '.join(counts)}.{kept_back}"

    @cached_property
    def version(self) -> str:
        """Twelve hex digits that change with any text or with the clinic's data."""
        hashes = sorted(f"{text.name} {text.review.sha256}" for text in self.texts)
        return hashlib.sha256(f"{self.clinic!r}{self.clinic.cities}{hashes}".encode()).hexdigest()[:12]

    @cached_property
    def topics(self) -> tuple[str, ...]:
        """Topics that have a question people can pick, sorted."""
        return tuple(sorted(self._questions))

    @cached_property
    def _questions(self) -> Mapping[str, Mapping[Language, str | None]]:
        """By topic: `utter_faq/risks` is about risks, `utter_areas_served/which` about areas_served."""
        return {
            topic(curated.name): {
                language: heading.question for language, heading in curated.headings.items()
            }
            for curated in self.responses.values()
            if self._is_given(curated) and any(heading.question for heading in curated.headings.values())
        }

    def question(self, topic: str, language: Language) -> str | None:
        """The short question that stands for a topic as a quick reply; None for topics without one."""
        return self._questions.get(topic, {}).get(language)

    def city(self, text: str) -> str | None:
        """The listed city that a text names, spelled as on the list, or None."""
        return self.clinic.places.city(text)

    def names_place(self, text: str) -> bool:
        """Whether a question about places names one at all, listed or not."""
        return self.clinic.places.names_place(text)

    def reply(
        self,
        response: str,
        language: Language,
        channel: Channel,
        arguments: Mapping[str, str] | None = None,
    ) -> Reply:
        """A curated response, ready to send.

        Args:
            response: Its name, for example `utter_faq/risks`.
            arguments: Values for placeholders that are not the clinic's own; a city must be a listed one,
                so that nothing a sender wrote is ever repeated as ours.

        Raises:
            UnknownResponseError: No such response, or an argument is missing or not allowed.
            UnsignedResponseError: It is not signed and has to be.
        """
        curated = self.responses.get(response)
        if curated is None:
            raise UnknownResponseError(f"there is no response '{response}'")
        if not self._is_given(curated):
            raise UnsignedResponseError(f"'{response}' is not signed")
        variant = curated.variants[language, channel]
        heading = curated.headings[language]
        try:
            text = render(variant.text, {**self._allowed(arguments or {}), **self.clinic.values})
        except KeyError as error:
            raise UnknownResponseError(f"'{response}' needs the argument {error}") from error
        source = heading.section and Source(
            heading.title, heading.section, heading.authority, curated.review.reviewed_on
        )
        return Reply(
            kind=curated.kind,
            text=text,
            language=language,
            quick_replies=self._offered(variant.quick_replies, language),
            links=links(variant.text, self.clinic, language),
            source=source or None,
            response=response,
            content_hash=curated.review.sha256,
        )

    def _is_given(self, curated: Curated) -> bool:
        return curated.review.signed or not self.require_signed

    def _offered(self, quick_replies: tuple[str, ...], language: Language) -> tuple[str, ...]:
        """Those whose answer would be given."""
        if not self.require_signed:
            return quick_replies
        questions = {self.question(topic, language) for topic in self.topics}
        return tuple(text for text in quick_replies if text in questions)

    def _allowed(self, arguments: Mapping[str, str]) -> Mapping[str, str]:
        return {
            name: value for name, value in arguments.items() if name == "city" and value in self.clinic.cities
        }


def _unsigned(texts: Mapping[str, Curated], name: str) -> str:
    return f"{sum(not text.review.signed for text in texts.values())} of {len(texts)} {name}"


def topic(name: str) -> str:
    """The topic that a response or an intent names: `faq/risks` risks, `smalltalk/thanks` smalltalk."""
    group, _, key = name.removeprefix("utter_").partition("/")
    return key if group == "faq" else group


def load(data: Path, *, require_signed: bool = False) -> Content:
    """The content of a data folder.

    Args:
        data: The folder.
        require_signed: Keep back responses that no clinician has signed.

    Raises:
        ContentError: With every fault of every file.
    """
    content, faults = examine(data)
    if content is None or faults:
        raise ContentError(tuple(faults))
    return replace(content, require_signed=require_signed)


def examine(data: Path) -> tuple[Content | None, list[Fault]]:
    """What can be read of a data folder, and every fault found; None without a usable clinic."""
    faults: list[Fault] = []
    entry = read(data / "clinic.yml", faults)
    ours = clinic.parse(entry) if entry else None
    said = _parse_folder(data / "responses", responses.parse, faults)
    carded = _parse_folder(data / "cards", cards.parse, faults)
    if ours is None:
        return None, faults
    for curated in (*said, *carded):
        faults.extend(Fault(curated.file, *problem) for problem in problems(curated, ours))
    return Content(data, ours, _by_name(said, faults), _by_name(carded, faults)), faults


def _parse_folder(
    folder: Path, parse: Callable[[Entry], tuple[Curated, ...]], faults: list[Fault]
) -> tuple[Curated, ...]:
    files = sorted(folder.glob("*.yml"))
    if not files:
        faults.append(Fault(folder, 0, "holds no .yml file", "Restore the folder from the repository."))
    entries = (read(file, faults) for file in files)
    return tuple(curated for entry in entries if entry for curated in parse(entry))


def _by_name(texts: Iterable[Curated], faults: list[Fault]) -> Mapping[str, Curated]:
    named: dict[str, Curated] = {}
    for curated in texts:
        if curated.name in named:
            other = named[curated.name].file.name
            problem = f"'{curated.name}' is also in {other}"
            faults.append(Fault(curated.file, curated.line, problem, "Keep one of the two."))
        named[curated.name] = curated
    return named
