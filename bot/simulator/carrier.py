"""The network and Twilio between the phones and the clinic: keywords, blocking, webhooks, reports, the API.

It does what Twilio's documentation says, as far as Harborline meets it, so that the channel can be tried
and tested without an account. Nothing here leaves the machine.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import uuid4

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web

from bot.channels.sms.twilio import SIGNATURE, sign
from bot.keywords import carrier_act
from bot.messages import CarrierAct
from bot.simulator.phone import Bubble, By, Phone
from bot.simulator.wire import error_response, is_login, messages, report_params, resource, text_params

WEBHOOK_SECONDS: Final = 15.0
"""Twilio's own limit for a webhook."""
OPTED_OUT: Final = "21610"
HELP_WORDS: Final = frozenset({"help", "info", "ayuda"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What the API does wrong next: an error, no answer at all, or a text taken without an answer."""

    status: int = 0
    code: int = 0
    hangs: bool = False
    loses_answer: bool = False
    fails_with: str = ""
    """The error code with which the text, once taken, does not arrive."""


class Carrier:
    """One Twilio account with one number, and any phones that text it.

    Args:
        url: The public address of Harborline, whose webhook this texts.
        account, token: As in Harborline's settings.
        number: The clinic's.
        advanced: Whether Advanced Opt-Out answers reserved words, with `confirmations`, and says so.
        confirmations: What it then sends, by act.
        fallback: What is sent when the webhook fails: the texts of the fallback file.
        changed: Called when a phone has changed.
    """

    def __init__(
        self,
        url: str,
        *,
        account: str,
        token: str,
        number: str,
        advanced: bool = True,
        confirmations: Mapping[CarrierAct, str] | None = None,
        fallback: tuple[str, ...] = (),
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.url = url
        self.number = number
        self.phones: dict[str, Phone] = {}
        self.faults: deque[Fault] = deque()
        self.reports = True
        self._account = account
        self._token = token
        self._advanced = advanced
        self._confirmations = confirmations or {}
        self._fallback = fallback
        self._changed = changed
        self._background: set[asyncio.Task[None]] = set()
        self._http: ClientSession | None = None

    def phone(self, number: str) -> Phone:
        """The phone of a number, new if need be."""
        return self.phones.setdefault(number, Phone(number))

    def add_routes(self, app: web.Application) -> None:
        """Serve the part of Twilio's REST API that Harborline uses."""
        app.router.add_post("/2010-04-01/Accounts/{account}/Messages.json", self._take)

    async def close(self) -> None:
        """Let the reports under way arrive, then close."""
        await self.settle()
        if self._http is not None:
            await self._http.close()

    async def settle(self) -> None:
        """Wait until every report has arrived."""
        while self._background:
            await asyncio.wait(set(self._background))

    async def text(
        self, number: str, body: str, *, sid: str | None = None, attachments: tuple[str, ...] = ()
    ) -> list[Bubble]:
        """A phone texts the clinic.

        Returns:
            What it gets at once, in order.
        """
        phone = self.phone(number)
        own = Bubble(By.PERSON, body, "delivered", sid=sid or f"SM{uuid4().hex}", attachments=attachments)
        phone.bubbles.append(own)
        act = self._act(body)
        if act is not None and act is not CarrierAct.HELP:
            phone.blocked = act is CarrierAct.STOP
        before = len(phone.bubbles)
        answered_by_network = act is not None and self._advanced
        if act is not None and answered_by_network and act in self._confirmations:
            phone.bubbles.append(Bubble(By.NETWORK, self._confirmations[act], "delivered"))
        params = text_params(
            own,
            number,
            act if answered_by_network else None,
            clinic=self.number,
            account=self._account,
        )
        began = time.monotonic()
        status, twiml = await self.post(f"{self.url}/sms/twilio", params)
        own.milliseconds = round((time.monotonic() - began) * 1000)
        said = messages(twiml) if status == web.HTTPOk.status_code else [(t, "") for t in self._fallback]
        for text, report_to in said:
            self._deliver(phone, Bubble(By.CLINIC, text, "queued"), report_to)
        self._changed()
        return phone.bubbles[before:]

    async def post(
        self, url: str, params: Mapping[str, str], *, signature: str | None = None
    ) -> tuple[int, str]:
        """Call a webhook, signed; its status and body, status 0 when it cannot be reached."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            SIGNATURE: sign(self._token, url, params) if signature is None else signature,
        }
        if self._http is None:
            # As many at once as there are phones: a network has no queue of its own.
            self._http = ClientSession(
                connector=TCPConnector(limit=0), timeout=ClientTimeout(total=WEBHOOK_SECONDS)
            )
        try:
            async with self._http.post(url, data=urlencode(params), headers=headers) as response:
                return response.status, await response.text()
        except (ClientError, TimeoutError, OSError):
            return 0, ""

    def _act(self, body: str) -> CarrierAct | None:
        act = carrier_act(body)
        said = body.strip().casefold()
        if act is None and said in HELP_WORDS:
            return CarrierAct.HELP
        # With Advanced Opt-Out our set-up leaves YES out: it answers questions of ours.
        return None if self._advanced and said == "yes" else act

    def _deliver(self, phone: Phone, bubble: Bubble, report_to: str, fails_with: str = "") -> None:
        phone.bubbles.append(bubble)
        code = OPTED_OUT if phone.blocked else fails_with
        states = ("failed",) if phone.blocked else ("sent", "undelivered" if code else "delivered")
        task = asyncio.create_task(self._travel(bubble, states, code, report_to))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _travel(self, bubble: Bubble, states: tuple[str, ...], code: str, report_to: str) -> None:
        for state in states:
            await asyncio.sleep(0.05)
            bubble.state = state
            bubble.code = code if code and state in ("failed", "undelivered") else None
            self._changed()
            if report_to and self.reports:
                await self.report(report_to, bubble.sid, state, bubble.code)

    async def report(self, report_to: str, sid: str, state: str, code: str | None = None) -> int:
        """Tell Harborline what became of a text; the status of its response."""
        params = report_params(sid, state, code, clinic=self.number, account=self._account)
        status, _ = await self.post(report_to, params)
        return status

    async def _take(self, request: web.Request) -> web.Response:
        """The Messages resource: takes a text, or does what the next fault says."""
        given = request.headers.get("Authorization", "")
        if not is_login(given, self._account, self._token):
            return error_response(401, 20003)
        form = await request.post()
        fault = self.faults.popleft() if self.faults else Fault()
        if fault.hangs:
            await asyncio.sleep(WEBHOOK_SECONDS * 4)
        if fault.status:
            return error_response(fault.status, fault.code)
        phone = self.phone(str(form["To"]))
        if phone.blocked:
            return error_response(400, int(OPTED_OUT))
        bubble = Bubble(By.CLINIC, str(form["Body"]), "queued")
        self._deliver(phone, bubble, str(form.get("StatusCallback", "")), fault.fails_with)
        self._changed()
        if fault.loses_answer and request.transport is not None:
            request.transport.close()
        return web.json_response(resource(bubble, self._account, form), status=201)
