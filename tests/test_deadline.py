"""Work that misses its deadline is given up on, and still done."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.deadline import finish_late_work, finish_within


async def test_the_result_of_work_done_in_time() -> None:
    async def work() -> int:
        return 7

    assert await finish_within(timedelta(seconds=1), work()) == 7


async def test_an_error_reaches_the_caller() -> None:
    async def work() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError):
        await finish_within(timedelta(seconds=1), work())


async def test_late_work_goes_on_and_is_waited_for_at_the_end() -> None:
    done = asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0.1)
        done.set()

    with pytest.raises(TimeoutError):
        await finish_within(timedelta(seconds=0.01), work())
    assert not done.is_set()
    await finish_late_work()
    assert done.is_set()


async def test_a_caller_that_goes_away_does_not_cancel_the_work() -> None:
    done = asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0.05)
        done.set()

    caller = asyncio.create_task(finish_within(timedelta(seconds=1), work()))
    await asyncio.sleep(0.01)
    caller.cancel()
    await finish_late_work()
    assert done.is_set()
