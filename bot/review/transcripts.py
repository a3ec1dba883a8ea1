"""The pages of conversations: the list, a search in their words, one of them. Words are shown audited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.browsing import views
from bot.browsing.cursors import Cursor
from bot.browsing.filters import Filters
from bot.browsing.listing import conversations
from bot.browsing.searching import SearchError
from bot.cases import queue
from bot.cases.masking import mask_number
from bot.cases.transcript import PAGE, mark, transcript
from bot.joining import joining
from bot.joining.telling import hindrance, night_until
from bot.messages import Channel, Language
from bot.review import words
from bot.review.access import PREFIX, visitor_of
from bot.review.casepage import id_of
from bot.review.desk import Desk, desk_of
from bot.review.rendering import page
from bot.reviewing import giving
from bot.transcripts.conversations import SENDER
from bot.transcripts.tables import Conversation

LIST: Final = f"{PREFIX}/transcripts"


async def show_transcripts(request: web.Request) -> web.StreamResponse:
    """GET /transcripts: conversations, without a word of them."""
    return await _list(request)


async def do_search(request: web.Request) -> web.StreamResponse:
    """POST /transcripts/search: not in the address, which browsers and proxies keep."""
    desk, staff, form = desk_of(request), visitor_of(request).staff, await _form(request)
    asked, filters, before = form.get("words", ""), Filters.parse(form), form.get("before", "")
    detail = {"words": asked[:400], "filters": filters.query(), "from": before}
    try:
        found = await desk.searcher.search(asked, filters, desk.times.zone, before=Cursor.parse(before))
    except SearchError as error:
        return await _list(request, status=409, failure=str(error), filters=filters)
    await desk.write(
        lambda session: record(
            session, desk.ring, Act.SEARCHED, desk.clock.now(), staff=staff.staff, detail=detail
        )
    )
    shared = await _shared(request, filters)
    return page(
        request,
        "found.html",
        **shared,
        failure="",
        words=asked,
        lines=(),
        before="",
        hits=found.hits,
        searched=found.searched,
        next=found.next,
        looked_back_to=None,
    )


async def show_conversation(request: web.Request) -> web.StreamResponse:
    """GET /transcripts/{conversation}"""
    await log_reading(request, Act.TRANSCRIPT_VIEWED)
    return await conversation_page(request)


async def do_reveal(request: web.Request) -> web.StreamResponse:
    """POST /transcripts/{conversation}/reveal: the page once with every number in full."""
    await log_reading(request, Act.CONTACT_REVEALED)
    return await conversation_page(request, reveal=True)


async def do_save_view(request: web.Request) -> web.StreamResponse:
    """POST /views"""
    desk, staff, form = desk_of(request), visitor_of(request).staff, await _form(request)
    filters, name, shared = Filters.parse(form), form.get("name", ""), form.get("shared") == "yes"
    try:
        await desk.write(
            lambda session: views.save(
                session, desk.ring, staff.staff, desk.clock.now(), name=name, filters=filters, shared=shared
            )
        )
    except views.ViewError as error:
        return await _list(request, status=409, failure=str(error), filters=filters)
    raise web.HTTPSeeOther(f"{LIST}{words.as_query({**filters.query(), 'said': 'view-saved'})}")


async def do_remove_view(request: web.Request) -> web.StreamResponse:
    """POST /views/{view}/remove"""
    desk, staff, view = desk_of(request), visitor_of(request).staff, id_of(request, "view")
    try:
        await desk.write(lambda session: views.remove(session, view, staff.staff))
    except views.ViewError as error:
        return await _list(request, status=409, failure=str(error), filters=Filters())
    raise web.HTTPSeeOther(f"{LIST}?said=view-removed")


async def log_reading(request: web.Request, act: Act) -> None:
    """Write into the audit log that a conversation's words are shown.

    Raises:
        HTTPNotFound: There is no such conversation.
    """
    desk, staff, wanted = desk_of(request), visitor_of(request).staff, id_of(request, "conversation")

    async def write(session: AsyncSession) -> None:
        if await session.get(Conversation, wanted) is None:
            raise web.HTTPNotFound
        await joining.note_viewer(session, wanted, staff.staff, desk.clock.now())
        await record(session, desk.ring, act, desk.clock.now(), staff=staff.staff, subject=wanted)

    await desk.write(write)


async def conversation_page(
    request: web.Request, *, status: int = 200, failure: str = "", reveal: bool = False, draft: str = ""
) -> web.Response:
    """The page; whoever makes it has written the view into the audit log.

    Args:
        draft: What staff wrote and could not send.
    """
    desk, wanted, staff = desk_of(request), id_of(request, "conversation"), visitor_of(request).staff
    before = _seq(request.query.get("before", "")) or _around(request.query.get("around", ""))

    async def read(session: AsyncSession) -> dict[str, Any]:
        row = await session.get_one(Conversation, wanted)
        number = desk.ring.decrypt(row.sender, row.id, field=SENDER) if row.sender else None
        said = await transcript(session, desk.ring, wanted, before=before, reveal=reveal)
        cases = await queue.cases_of(session, desk.ring, wanted, desk.clock.now())
        reviews = await giving.verdicts_in(session, desk.ring, wanted)
        others = await joining.others_looking(session, wanted, staff.staff, desk.clock.now())
        newest = await mark(session, wanted)
        session.expunge_all()
        return {
            "conversation": row,
            "others": others,
            "canned": (
                desk.canned(row.language or Language.EN, row.channel) if row.held_by == staff.staff else ()
            ),
            **_texting(desk, row),
            "contact": mask_number(number) if number else None,
            "number": number if reveal else None,
            "transcript": said,
            "mark": newest,
            "later": bool(said.turns) and said.earlier + len(said.turns) < said.total,
            "cases": cases,
            "reviews": reviews,
        }

    values = await desk.read(read)
    live = before is None and not reveal
    return page(
        request,
        "conversation.html",
        status=status,
        failure=failure,
        revealed=reveal,
        renews=live,
        key=uuid4(),
        draft=draft,
        **values,
    )


def _texting(desk: Desk, row: Conversation) -> dict[str, Any]:
    """Whether the person can be written to now, why not, and whether it is night where they are."""
    now, texts = desk.clock.now(), desk.texts()
    cannot = hindrance(row, desk.ring, now, texts)
    night = None if cannot else night_until(row, desk.ring, now, texts)
    return {"cannot": cannot, "night": night, "by_text": row.channel is Channel.SMS}


async def _list(
    request: web.Request, *, status: int = 200, failure: str = "", filters: Filters | None = None
) -> web.Response:
    desk = desk_of(request)
    wanted = Filters.parse(request.query) if filters is None else filters
    before = Cursor.parse(request.query.get("before", ""))
    found = await desk.read(lambda session: conversations(session, wanted, desk.times.zone, before=before))
    shared = await _shared(request, wanted)
    return page(
        request,
        "transcripts.html",
        status=status,
        failure=failure,
        **shared,
        words="",
        before=before,
        lines=found.lines,
        next=found.next,
        looked_back_to=found.looked_back_to,
    )


async def _shared(request: web.Request, filters: Filters) -> dict[str, Any]:
    """What the list and a search show alike."""
    desk, staff = desk_of(request), visitor_of(request).staff
    own = await desk.read(lambda session: views.views_for(session, desk.ring, staff.staff))
    return {
        "query": filters.query(),
        "described": words.described(filters),
        "topics": topics(desk, filters.topic),
        "views": own,
    }


def topics(desk: Desk, chosen: str | None = None) -> list[tuple[str, str]]:
    """Every topic that may be chosen, with what it is called."""
    known = {*desk.topics(), *([chosen] if chosen else [])}
    return [(topic, topic.replace("_", " ")) for topic in sorted(known)]


async def _form(request: web.Request) -> Mapping[str, str]:
    return {name: str(value) for name, value in (await request.post()).items()}


def _seq(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _around(text: str) -> int | None:
    """A page in whose middle a turn stands."""
    seq = _seq(text)
    return seq + PAGE // 2 if seq is not None else None
