"""`harborline purge`, from beside the server or without it: what is due, and deleting it when told to."""

from __future__ import annotations

from uuid import UUID

from bot.audit import Act, record
from bot.clock import SystemClock
from bot.opening import database_of
from bot.retention.purging import Due, HeldError, Rules, conversations_of, look, purge, purge_person
from bot.settings import Settings, SettingsError
from bot.transcripts.spool import Spool, SpoolError


async def purge_due(settings: Settings, *, really: bool) -> list[str]:
    """Say what is older than it may be, and delete it if `really`.

    Raises:
        SettingsError: The database cannot be used.
    """
    rules, now = Rules(settings.keep_days, settings.keep_case_days), SystemClock().now()
    async with database_of(settings) as (database, ring):
        if not really:
            async with database.reading() as session:
                return [*described(await look(session, rules, now), rules), _REHEARSAL]
        spool = Spool(settings.spool, ring)
        try:
            done = await purge(database, spool, rules, now)
        except SpoolError as error:
            raise SettingsError(f"{error}. See HARBORLINE_SPOOL, then run this again.") from error
        finally:
            await spool.close()
        async with database.transaction() as session:
            await record(session, ring, Act.PURGED, now, detail={"conversations": done.conversations})
        return [*described(done, rules), "Deleted."]


async def purge_one(
    settings: Settings, *, conversation: str | None, number: str | None, really: bool
) -> list[str]:
    """Say what there is of one person, and delete it if `really`.

    Raises:
        SettingsError: There is nothing, it is held, or the database or the spool cannot be used.
    """
    wanted, now = _uuid(conversation) if conversation else None, SystemClock().now()
    async with database_of(settings) as (database, ring):
        try:
            async with database.reading() as session:
                found = await conversations_of(session, ring, conversation=wanted, number=number)
            if not found:
                raise SettingsError("Nothing is stored of this person. Check the id or the number.")
            said = [f"conversation {each}" for each in found]
            if not really:
                return [*said, _REHEARSAL]
            spool = Spool(settings.spool, ring)
            await purge_person(database, spool, found)
            await spool.close()
        except HeldError as error:
            raise SettingsError(str(error)) from error
        except SpoolError as error:
            raise SettingsError(
                f"{error}. Everything in the database is deleted; see HARBORLINE_SPOOL."
            ) from error
        async with database.transaction() as session:
            for each in found:
                await record(session, ring, Act.PURGED, now, subject=each)
        return [*said, "Deleted. A server that runs forgets what it has in memory with its next restart."]


def described(due: Due, rules: Rules) -> list[str]:
    """What is due, a line each."""
    kept = "conversations are kept for ever: HARBORLINE_KEEP_DAYS and HARBORLINE_KEEP_CASE_DAYS are 0"
    first = (
        f"{due.conversations} conversations, {due.with_case} of them with a case"
        if rules.days or rules.case_days
        else kept
    )
    return [
        first,
        *([f"{due.held} more are old enough, but an open case or staff hold them"] if due.held else []),
        f"{due.sessions} ended sessions of staff, {due.throttles} failed logins, {due.trackers} trackers",
    ]


_REHEARSAL = "Nothing was deleted. To delete it, say so: --really"


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise SettingsError(f"{text!r} is no conversation's id. Copy it from the transcript.") from error
