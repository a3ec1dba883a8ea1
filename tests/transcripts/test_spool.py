"""The spool: on the disk or an error, in order, private, and nothing is dropped silently."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.messages import Channel, Language
from bot.transcripts.encryption import KeyRing, make_key
from bot.transcripts.entries import Entry, entry_from_json, entry_to_json
from bot.transcripts.spool import Spool, SpoolError
from tests.fixtures.clock import HandClock
from tests.fixtures.examples import ANSWER, CRISIS, DISCLOSURE, accepted, message, recorded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "var" / "spool"


@pytest.fixture
async def spool(folder: Path, ring: KeyRing) -> AsyncIterator[Spool]:
    spool = Spool(folder, ring)
    yield spool
    await spool.close()


def spooled(folder: Path, suffix: str = ".spool") -> list[Path]:
    return sorted(folder.glob(f"*{suffix}"))


async def read(spool: Spool, *, settle: bool = False) -> list[Entry]:
    entries: list[Entry] = []
    async for file in spool.files():
        entries += file.entries
        if settle:
            await spool.settle(file)
    return entries


def some_entries(clock: HandClock) -> list[Entry]:
    received = replace(
        message(clock.now(), "señal \U0001f600\nsecond line", channel=Channel.SMS, sender="+15550100"),
        language=Language.ES,
    )
    entry = accepted(received, CRISIS, opted_out=True)
    return [entry, recorded(entry, DISCLOSURE, ANSWER), recorded(entry)]


def test_an_entry_survives_its_stored_form(clock: HandClock) -> None:
    for entry in some_entries(clock):
        assert entry_from_json(entry_to_json(entry)) == entry


async def test_entries_come_back_in_order_until_they_are_settled(spool: Spool, clock: HandClock) -> None:
    entries = some_entries(clock)
    for entry in entries:
        await spool.append(entry)
    assert await read(spool) == entries
    assert spool.waiting == 1
    assert await read(spool, settle=True) == entries
    assert spool.waiting == 0
    assert await read(spool) == []


async def test_an_empty_or_missing_folder_holds_nothing(spool: Spool, folder: Path) -> None:
    assert await read(spool) == []
    assert spool.waiting == 0
    assert not folder.exists()


async def test_files_come_oldest_first_whoever_wrote_them(
    folder: Path, ring: KeyRing, clock: HandClock
) -> None:
    late, early = accepted(message(clock.now())), None
    clock.advance(hours=-2)
    early = accepted(message(clock.now()))
    for entry in (late, early):
        writer = Spool(folder, ring)
        await writer.append(entry)
        await writer.close()
    reader = Spool(folder, ring)
    assert await read(reader) == [early, late]
    await reader.close()


async def test_folder_and_file_are_private(spool: Spool, folder: Path, clock: HandClock) -> None:
    await spool.append(accepted(message(clock.now())))
    [file] = spooled(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_live_process_keeps_its_file_to_itself(
    spool: Spool, folder: Path, ring: KeyRing, clock: HandClock
) -> None:
    await spool.append(accepted(message(clock.now())))
    other = Spool(folder, ring)
    assert await read(other) == []
    await spool.close()
    assert len(await read(other)) == 1
    await other.close()


async def test_appending_goes_on_while_files_are_read(spool: Spool, folder: Path, clock: HandClock) -> None:
    first, second = accepted(message(clock.now())), accepted(message(clock.now()))
    await spool.append(first)
    async for file in spool.files():
        assert file.entries == (first,)
        await spool.append(second)
        await spool.settle(file)
    assert await read(spool) == [second]


@pytest.mark.parametrize("cut", [1, 2, 20])
async def test_a_torn_last_line_is_kept_aside(
    spool: Spool, folder: Path, clock: HandClock, caplog: pytest.LogCaptureFixture, cut: int
) -> None:
    whole, torn = accepted(message(clock.now())), accepted(message(clock.now()))
    await spool.append(whole)
    await spool.append(torn)
    [file] = spooled(folder)
    os.truncate(file, file.stat().st_size - cut)
    before = file.read_bytes()
    with caplog.at_level(logging.ERROR):
        assert await read(spool, settle=True) == [whole]
    [aside] = spooled(folder, ".aside")
    assert aside.read_bytes() == before
    assert spooled(folder) == []
    assert "1 lines" in caplog.text


async def test_lines_that_were_changed_moved_or_copied_are_kept_aside(
    spool: Spool, folder: Path, clock: HandClock
) -> None:
    for _ in range(3):
        await spool.append(accepted(message(clock.now())))
    [file] = spooled(folder)
    first, second, third = file.read_bytes().splitlines(keepends=True)
    damaged = base64.b64encode(bytes(reversed(base64.b64decode(third)))) + b"\n"
    file.write_bytes(second + first + damaged + b"\n" + b"not base64 %%%\n")
    async for found in spool.files():
        assert (found.entries, found.unreadable) == ((), 5)
        await spool.settle(found)
    assert len(spooled(folder, ".aside")) == 1


async def test_another_key_reads_nothing_and_removes_nothing(
    spool: Spool, folder: Path, ring: KeyRing, clock: HandClock
) -> None:
    entry = accepted(message(clock.now()))
    await spool.append(entry)
    await spool.close()
    stranger = Spool(folder, KeyRing([make_key()]))
    assert await read(stranger, settle=True) == []
    await stranger.close()
    [aside] = spooled(folder, ".aside")
    # With the right key back, renaming the file is all it takes.
    aside.rename(aside.with_suffix(".spool"))
    again = Spool(folder, ring)
    assert await read(again) == [entry]
    await again.close()


async def test_a_full_disk_is_an_error_and_what_was_stored_stays(
    spool: Spool, folder: Path, clock: HandClock
) -> None:
    stored, lost = (accepted(message(clock.now(), "x" * 300)) for _ in range(2))
    clock.advance(seconds=1)
    later = accepted(message(clock.now()))
    await spool.append(stored)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The first limit cuts a line in its middle, the others leave no room for a file at all.
    for limit in (spooled(folder)[0].stat().st_size + 100, 100, 0):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(SpoolError):
                await spool.append(lost)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(spooled(folder)) == 1, "files that hold nothing are not left behind"
    await spool.append(later)
    assert await read(spool, settle=True) == [stored, later]
    assert spooled(folder, ".aside") == []


async def test_a_folder_that_cannot_be_made_is_an_error(
    tmp_path: Path, ring: KeyRing, clock: HandClock
) -> None:
    (tmp_path / "file").write_text("in the way")
    spool = Spool(tmp_path / "file" / "spool", ring)
    with pytest.raises(SpoolError):
        await spool.append(accepted(message(clock.now())))
    await spool.close()


async def test_after_closing_it_refuses(spool: Spool, clock: HandClock) -> None:
    await spool.close()
    with pytest.raises(SpoolError, match="closed"):
        await spool.append(accepted(message(clock.now())))
    await spool.close()


async def test_many_at_once_are_all_stored(spool: Spool, clock: HandClock) -> None:
    entries = [accepted(message(clock.now())) for _ in range(50)]
    await asyncio.gather(*(spool.append(entry) for entry in entries))
    assert {entry.turn for entry in await read(spool)} == {entry.turn for entry in entries}


async def test_a_caller_that_is_cancelled_leaves_a_whole_line(spool: Spool, clock: HandClock) -> None:
    entries = [accepted(message(clock.now())) for _ in range(20)]
    tasks = [asyncio.create_task(spool.append(entry)) for entry in entries]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    last = accepted(message(clock.now()))
    await spool.append(last)
    async for file in spool.files():
        assert file.unreadable == 0
        assert file.entries[-1] == last


async def test_the_loop_does_not_wait_for_the_disk(
    spool: Spool, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: time.sleep(0.3))
    append = asyncio.create_task(spool.append(accepted(message(clock.now()))))
    started = time.monotonic()
    await asyncio.sleep(0.01)
    assert time.monotonic() - started < 0.2
    await append


KILLED = textwrap.dedent("""
    import asyncio, sys
    from datetime import datetime, UTC
    from pathlib import Path
    from bot.transcripts.encryption import KeyRing
    from bot.transcripts.spool import Spool
    from tests.fixtures.examples import accepted, message

    async def main():
        spool = Spool(Path(sys.argv[1]), KeyRing([sys.argv[2]]))
        while True:
            entry = accepted(message(datetime.now(UTC)))
            await spool.append(entry)
            print(entry.turn, flush=True)

    asyncio.run(main())
""")


async def test_killed_at_any_moment_everything_acknowledged_is_there(folder: Path) -> None:
    key, acknowledged = make_key(), []
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(folder), key], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        acknowledged += [process.stdout.readline().strip() for _ in range(20)]
        process.send_signal(signal.SIGKILL)
        acknowledged += process.stdout.read().split()
        process.wait()
    reader = Spool(folder, KeyRing([key]))
    found = {str(entry.turn) for entry in await read(reader)}
    await reader.close()
    # The very last line that was printed may have been cut with the process.
    assert {turn for turn in acknowledged if len(turn) == 36} <= found
