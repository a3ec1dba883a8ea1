"""The embedded engine with real models: one that answers, and one that breaks when told to."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from bot.engine import ABANDONED_AT_MOST, RasaEngine
from bot.messages import (
    Channel,
    EngineReply,
    EngineUnavailableError,
    Kind,
    Language,
    Level,
    Message,
    Risk,
    Utterance,
)
from bot.settings import ROOT, Settings
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing, make_key
from bot.transcripts.tables import Tracker

pytest_plugins = ["tests.fixtures.models"]

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CRISIS = Risk(level=Level.CRISIS, kind=Kind.SUICIDE)
HALF = b"(the first half of a model)"
FRAGILE_ACTIONS = "tests.fixtures.rasa_parts"

Start = Callable[..., Awaitable[RasaEngine]]


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        await asyncio.sleep(0.02)


def message(text: str, conversation: UUID | None = None) -> Message:
    return Message(conversation or uuid4(), Channel.WEB, text, uuid4().hex, NOW)


async def ask(
    engine: RasaEngine,
    text: str,
    risk: Risk | None = None,
    *,
    language: Language = Language.EN,
    conversation: UUID | None = None,
) -> EngineReply:
    return await engine.reply(message(text, conversation), risk or Risk(), language)


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts engines and waits until they answer or say why not; stops them at the end."""
    started: list[RasaEngine] = []

    async def begin(settings: Settings, **options: object) -> RasaEngine:
        engine = RasaEngine(settings, **options)  # type: ignore[arg-type]
        started.append(engine)
        engine.start()
        await until(lambda: engine.reason != "loading")
        return engine

    yield begin
    for engine in started:
        engine.stop()


@pytest.fixture(scope="module")
def engine(real_model: Path) -> Iterator[RasaEngine]:
    """The real model, keeping nothing; its thread serves the loop of every test."""
    engine = RasaEngine(Settings(model=real_model))
    engine.start()
    while engine.reason == "loading":
        time.sleep(0.02)
    yield engine
    engine.stop()


@pytest.fixture
async def fragile(start: Start, fragile_model: Path) -> RasaEngine:
    return await start(
        Settings(model=fragile_model), actions=FRAGILE_ACTIONS, deadline=timedelta(seconds=0.7)
    )


class TestAnswers:
    @pytest.mark.parametrize(
        ("text", "topic", "response"),
        [
            ("can you get hooked on k?", "is_addictive", "utter_faq/is_addictive"),
            ("¿Qué es la ketamina?", "what_is_ketamine", "utter_faq/what_is_ketamine"),
            ("hey there", "smalltalk", "utter_smalltalk/greeting"),
            ("how do i fix a bicycle chain", "out_of_scope", "utter_out_of_scope"),
            ("👍", "nlu_fallback", "utter_out_of_scope"),
        ],
    )
    async def test_names_the_curated_response(
        self, engine: RasaEngine, text: str, topic: str, response: str
    ) -> None:
        reply = await ask(engine, text)
        assert (reply.topic, reply.utterances) == (topic, (Utterance(response),))
        assert 0 <= reply.confidence <= 1
        assert reply.failed_actions == ()

    async def test_candidates_are_the_nearest_topics(self, engine: RasaEngine) -> None:
        reply = await ask(engine, "what damage can ketamine do to me")
        assert reply.candidates[0].topic == "risks"
        assert len({each.topic for each in reply.candidates}) == 3
        assert "/" not in "".join(each.topic for each in reply.candidates)
        confidences = [each.confidence for each in reply.candidates]
        assert confidences == sorted(confidences, reverse=True)

    async def test_candidates_are_topics_that_could_be_answered(self, engine: RasaEngine) -> None:
        reply = await ask(engine, "how do i fix a bicycle chain")
        assert reply.topic == "out_of_scope"
        assert len(reply.candidates) == 3
        assert not {"out_of_scope", "nlu_fallback", "crisis"} & {each.topic for each in reply.candidates}

    @pytest.mark.parametrize(
        ("text", "utterance"),
        [
            ("do you serve tampa", Utterance("utter_areas_served/listed", {"city": "Tampa"})),
            ("do you serve chicago", Utterance("utter_areas_served/not_listed")),
            ("which cities do you serve", Utterance("utter_areas_served/which")),
        ],
    )
    async def test_action_names_response_and_values(
        self, engine: RasaEngine, text: str, utterance: Utterance
    ) -> None:
        assert (await ask(engine, text)).utterances == (utterance,)

    async def test_level_of_the_screen_decides(self, engine: RasaEngine) -> None:
        reply = await ask(engine, "what is ketamine", CRISIS)
        assert reply.topic == "crisis"
        assert [each.response for each in reply.utterances] == [None]  # the card's text is not passed on
        assert reply.failed_actions == ()

    @pytest.mark.parametrize(
        "text",
        [
            "/restart",
            "/greeting",
            ' \u3000/crisis{"language": "es"}',
            "\u2028/faq/risks@1.0",
            "//thanks",
            "/",
        ],
    )
    async def test_a_sender_cannot_steer(self, engine: RasaEngine, text: str) -> None:
        conversation = uuid4()
        reply = await ask(engine, text, conversation=conversation)
        assert reply.utterances
        assert reply.confidence < 1.0 or reply.topic == "nlu_fallback"  # an intent typed in has 1.0
        after = await ask(engine, "Is ketamine addictive?", conversation=conversation)
        assert after.topic == "is_addictive"

    async def test_messages_of_one_sender_keep_their_order(self, engine: RasaEngine) -> None:
        conversation = uuid4()
        texts = ["Is ketamine addictive?", "hello", "bye"] * 3
        replies = await asyncio.gather(*(ask(engine, text, conversation=conversation) for text in texts))
        assert [reply.topic for reply in replies] == ["is_addictive", "smalltalk", "smalltalk"] * 3

    async def test_many_senders_at_once_are_all_answered(self, engine: RasaEngine) -> None:
        replies = await asyncio.gather(*(ask(engine, "Is ketamine addictive?") for _ in range(50)))
        assert {reply.topic for reply in replies} == {"is_addictive"}

    async def test_the_engine_has_a_thread_of_its_own(self, engine: RasaEngine) -> None:
        assert any(thread.name == "engine" and thread.daemon for thread in threading.enumerate())


class TestTrackers:
    async def stored(self, settings: Settings, ring: KeyRing, conversation: UUID) -> str:
        database = Database(settings.database_url, ring)
        async with database.reading() as session:
            blob = await session.scalar(sa.select(Tracker.blob).where(Tracker.conversation == conversation))
        await database.close()
        assert blob is not None
        return ring.decrypt(blob, conversation, field="tracker")

    async def test_rows_are_bounded_encrypted_and_follow_the_language(
        self, start: Start, fragile_model: Path, database_url: str
    ) -> None:
        settings = Settings(model=fragile_model, keys=(make_key(),), database_url=database_url)
        ring = KeyRing(settings.keys)
        database = Database(database_url, ring)
        await database.migrate()
        engine = await start(settings, actions=FRAGILE_ACTIONS)
        conversation = uuid4()
        for turn in range(25):
            await ask(engine, f"sentinel {turn}", language=Language.ES, conversation=conversation)
        engine.stop()
        events = json.loads(await self.stored(settings, ring, conversation))
        assert len(events) <= 42
        assert {"event": "slot", "name": "language", "value": "es"}.items() <= events[0].items()
        async with database.reading() as session:
            blobs = (await session.scalars(sa.select(Tracker.blob))).all()
        await database.close()
        assert not any(b"sentinel" in blob for blob in blobs)

    async def test_a_tracker_outlives_the_process(
        self, start: Start, fragile_model: Path, database_url: str
    ) -> None:
        settings = Settings(model=fragile_model, keys=(make_key(),), database_url=database_url)
        ring = KeyRing(settings.keys)
        database = Database(database_url, ring)
        await database.migrate()
        await database.close()
        conversation = uuid4()
        for _ in range(2):
            engine = await start(settings, actions=FRAGILE_ACTIONS)
            await ask(engine, "hello again", conversation=conversation)
            engine.stop()
        events = json.loads(await self.stored(settings, ring, conversation))
        assert sum(event["event"] == "user" for event in events) == 2

    async def test_a_database_that_is_away_costs_no_turn(self, start: Start, fragile_model: Path) -> None:
        settings = Settings(
            model=fragile_model, keys=(make_key(),), database_url="sqlite+aiosqlite:////no/such/folder/x.db"
        )
        engine = await start(settings, actions=FRAGILE_ACTIONS)
        conversation = uuid4()
        for _ in range(3):
            began = time.monotonic()
            reply = await ask(engine, "what are they", conversation=conversation)
            assert reply.utterances == (Utterance("utter_faq/risks"),)
            assert time.monotonic() - began < 1


class TestFaults:
    @pytest.mark.parametrize("content", [None, b"", b"not an archive", HALF])
    async def test_model_missing_or_damaged(
        self,
        start: Start,
        fragile_model: Path,
        tmp_path: Path,
        content: bytes | None,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        model = tmp_path / "model.tar.gz"
        whole = fragile_model.read_bytes()
        if content is not None:
            model.write_bytes(whole[: len(whole) // 2] if content == HALF else content)
        engine = await start(Settings(model=model))
        assert not engine.ready
        assert engine.reason is not None
        assert "harborline train" in engine.reason
        assert [record.levelname for record in caplog.records if record.name == "bot.engine"] == ["ERROR"]
        with pytest.raises(EngineUnavailableError):
            await ask(engine, "hello")

    async def test_not_started(self) -> None:
        engine = RasaEngine(Settings())
        assert not engine.ready
        with pytest.raises(EngineUnavailableError, match="not started"):
            await ask(engine, "hello")
        engine.stop()

    async def test_component_raises(self, fragile: RasaEngine) -> None:
        with pytest.raises(EngineUnavailableError) as caught:
            await ask(fragile, "raise sentinel")
        assert caught.value.__cause__ is not None
        assert "sentinel" not in str(caught.value)
        assert fragile.ready
        assert (await ask(fragile, "fine")).topic == "risks"

    async def test_component_hangs(self, fragile: RasaEngine) -> None:
        """Its own sender waits for the deadline, nobody else at all, and a fresh thread takes over."""
        began = time.monotonic()
        with pytest.raises(EngineUnavailableError, match="no reply"):
            await ask(fragile, "hang")
        assert time.monotonic() - began < 1.5
        assert not fragile.ready
        with pytest.raises(EngineUnavailableError):
            await ask(fragile, "fine")
        await until(lambda: fragile.ready)
        assert (await ask(fragile, "fine")).topic == "risks"

    async def test_hung_too_often_it_stays_down(self, fragile: RasaEngine) -> None:
        # On a busy machine a message may be given up before the thread took it, which is no hang.
        while fragile._abandoned < ABANDONED_AT_MOST:
            await until(lambda: fragile.ready)
            with pytest.raises(EngineUnavailableError):
                await ask(fragile, "hang")
        fragile.start()
        await asyncio.sleep(1)
        assert not fragile.ready
        assert "restart" in (fragile.reason or "")

    async def test_a_crowd_is_not_a_hang(self, fragile: RasaEngine) -> None:
        """Two seconds of work for a deadline of 0.7: the late ones are dropped, the thread is not."""
        replies = await asyncio.gather(*(ask(fragile, "slow") for _ in range(100)), return_exceptions=True)
        assert {type(reply) for reply in replies} <= {EngineReply, EngineUnavailableError}
        assert any(isinstance(reply, EngineUnavailableError) for reply in replies)
        assert fragile.ready
        assert fragile._abandoned == 0
        assert await answers_again(fragile)

    @pytest.mark.parametrize("how", ["raise", "late"])
    async def test_action_fails(self, start: Start, fragile_model: Path, how: str) -> None:
        engine = await start(Settings(model=fragile_model), actions=FRAGILE_ACTIONS)
        reply = await ask(engine, f"city {how}")
        assert reply.failed_actions == ("action_areas_served",)
        assert reply.utterances == ()
        assert (await ask(engine, "city fine")).failed_actions == ()

    async def test_action_declines(self, fragile: RasaEngine) -> None:
        assert (await ask(fragile, "city decline")).failed_actions == ()
        assert (await ask(fragile, "fine")).topic == "risks"

    async def test_actions_own_words_have_no_name(self, fragile: RasaEngine) -> None:
        assert (await ask(fragile, "danger", CRISIS)).utterances == (Utterance(None),)


async def answers_again(engine: RasaEngine) -> bool:
    """Whether it answers within ten tries: what is left of the crowd may be in the first one's way."""
    for _ in range(10):
        with contextlib.suppress(EngineUnavailableError):
            return (await ask(engine, "fine")).topic == "risks"
    return False


def test_importing_the_engine_imports_no_rasa() -> None:
    program = "import sys, bot.engine; print({name.split('.')[0] for name in sys.modules})"
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not {"rasa", "rasa_sdk", "sanic"} & ast.literal_eval(said.stdout)


SENTINEL_PROGRAM = """
import asyncio, logging, sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4
from bot.engine import RasaEngine
from bot.messages import *
from bot.settings import Settings

logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)

async def main():
    engine = RasaEngine(Settings(model=Path(sys.argv[1])), actions=sys.argv[2])
    engine.start()
    while engine.reason == "loading":
        await asyncio.sleep(0.05)
    conversation = uuid4()
    for text in ("fine", "raise", "city raise", "hello", "danger", "/restart", "/faq"):
        try:
            reply = await engine.reply(
                Message(conversation, Channel.WEB, text + " mauvecanary", "m" + text, datetime.now(UTC)),
                Risk(), Language.EN)
            print("replied", len(reply.utterances))
        except EngineUnavailableError as error:
            print(type(error).__name__, error)
    engine.stop()

asyncio.run(main())
"""


def test_nothing_that_people_write_is_printed_or_logged(fragile_model: Path) -> None:
    """R23, with logging at its loudest."""
    said = subprocess.run(
        [sys.executable, "-c", SENTINEL_PROGRAM, str(fragile_model), FRAGILE_ACTIONS],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert said.stdout.count("replied") == 6
    assert "action_areas_served failed: ValueError" in said.stdout
    assert "mauvecanary" not in said.stdout + said.stderr
