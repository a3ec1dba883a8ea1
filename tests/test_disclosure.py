"""R10: told at the start, after seven idle days, and every three hours of a continued chat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.disclosure import disclosure_due

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("disclosed", "wrote", "due"),
    [
        (None, None, True),
        (timedelta(minutes=1), None, False),
        (timedelta(days=8), None, True),
        (timedelta(hours=1), timedelta(minutes=1), False),
        (timedelta(hours=3), timedelta(minutes=1), True),
        (timedelta(hours=2, minutes=59), timedelta(minutes=1), False),
        (timedelta(days=2), timedelta(days=1), False),
        (timedelta(days=8), timedelta(days=7), True),
        (timedelta(days=6), timedelta(days=6, hours=23), False),
    ],
)
def test_disclosure_due(disclosed: timedelta | None, wrote: timedelta | None, due: bool) -> None:
    assert (
        disclosure_due(
            NOW,
            disclosed_at=NOW - disclosed if disclosed is not None else None,
            last_inbound_at=NOW - wrote if wrote is not None else None,
        )
        is due
    )
