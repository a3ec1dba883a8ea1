"""Exports: admins alone, streamed, scrubbed unless they insist, formula-safe, written down."""

from __future__ import annotations

import csv
import io
import json

from sqlalchemy import select

from bot.audit.chain import detail_of
from bot.messages import Channel, Risk
from bot.services import Services
from bot.staff.roles import Role
from bot.transcripts.tables import AuditEntry
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import CRISIS, write
from tests.review.conftest import LogIn

PATH = "/staff/transcripts/export"


async def test_exports_are_scrubbed_filtered_and_written_down(
    log_in: LogIn, services: Services, clock: HandClock
) -> None:
    admin, clinician = await log_in("root", Role.ADMIN), await log_in("ada")
    await write(
        services.database,
        services.ring,
        clock.now(),
        "=1+1 my name is Zelda, 321 555 0199",
        CRISIS,
        channel=Channel.SMS,
        sender="+14075550142",
    )
    await write(services.database, services.ring, clock.now(), "what are the risks", Risk())
    assert (await clinician.post(PATH)).status == 403

    answer = await admin.post(PATH, format="csv", level="crisis")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="conversations.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    [head, line] = list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
    found = dict(zip(head, line, strict=True))
    assert found["text"].startswith("'=")
    assert "Zelda" not in found["text"]
    assert "0199" not in found["text"]
    assert found["contact"].endswith("42")
    assert "555" not in found["contact"]

    whole = await admin.post(PATH, format="jsonl", words="whole")
    rows = [json.loads(line) for line in (await whole.text()).splitlines()]
    assert {row["text"] for row in rows} == {"=1+1 my name is Zelda, 321 555 0199", "what are the risks"}
    assert "+14075550142" in {row["contact"] for row in rows}

    async with services.database.reading() as session:
        entries = list(await session.scalars(select(AuditEntry).where(AuditEntry.action == "exported")))
        details = [detail_of(entry, services.ring) for entry in entries]
    assert details == [
        {"filters": {"level": "crisis"}, "format": "csv", "scrubbed": True},
        {"filters": {}, "format": "jsonl", "scrubbed": False},
    ]
