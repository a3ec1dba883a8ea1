"""Twilio: form posts signed with the account's token, TwiML in return, a REST API for the rest.

Sources: Twilio's documentation of incoming messages, webhook security, TwiML <Message>, Messages resource
and error codes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from multidict import CIMultiDict, MultiDict

from bot.messages import CarrierAct
from bot.texting.provider import (
    SEND_SECONDS,
    Abilities,
    Answer,
    Failed,
    Failure,
    Inbound,
    MalformedError,
    Said,
    Status,
)
from bot.transcripts.tables import Delivery

log = logging.getLogger(__name__)

SIGNATURE: Final = "X-Twilio-Signature"
SETTINGS: Final = "X-Twilio-Webhooks-Signature-Settings"
API: Final = "https://api.twilio.com"
CHECK: Final = "HarborlineCheck"
"""A parameter of the doctor's own; it is signed like the others, so that nobody else can use it."""
FROM_SERVICE: Final = "MG"
"""How the id of a Messaging Service begins."""
_STATES: Final = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending"), Delivery.RECORDED),
    "sent": Delivery.SENT,
    **dict.fromkeys(("delivered", "read"), Delivery.DELIVERED),
    **dict.fromkeys(("undelivered", "failed", "canceled"), Delivery.FAILED),
}
_FAILURES: Final = {
    "21610": Failed.OPTED_OUT,
    **dict.fromkeys(("20429", "14107", "30001", "30022", "20500", "20503", "21611"), Failed.RETRY),
    **dict.fromkeys(("30007", "30410"), Failed.FILTERED),
    **dict.fromkeys(("30032", "30034", "30033"), Failed.UNREGISTERED),
}
"""By error code; others are permanent, but for what the HTTP status calls a passing fault."""
_TOO_MANY, _SERVER_FAULT = 429, 500


class Twilio:
    """One Twilio account, and the number or Messaging Service that speaks for the clinic.

    Args:
        tokens: Auth tokens; any of them may sign, so that the token can be changed. The first sends.
        account: The account's SID; without it nothing can be sent.
        sender: Our number in E.164, or a Messaging Service's SID.
        api: Where the REST API is.
    """

    name = "twilio"
    abilities = Abilities(sync_reply=True, opt_out_type=True, network_opt_out=True)

    def __init__(self, tokens: Sequence[str], *, account: str = "", sender: str = "", api: str = API) -> None:
        # Imported here, since most of the program's commands never text.
        from twilio.request_validator import RequestValidator

        self._validators = [RequestValidator(token) for token in tokens]
        self._token = tokens[0] if tokens else ""
        self._account = account
        self._sender = sender
        self._api = api.rstrip("/")
        self._client: Any = None

    @property
    def sends(self) -> bool:
        """Whether there are credentials to send with."""
        return bool(self._token and self._account and self._sender)

    def verify(self, raw: bytes, headers: Mapping[str, str], url: str) -> bool:
        """Whether the account's token signed this URL with all of these parameters."""
        from twilio.request_validator import get_signature_algorithm

        said = CIMultiDict(headers)
        signature = said.get(SIGNATURE, "")
        algorithm = get_signature_algorithm(said.get(SETTINGS, ""))
        try:
            params = _params(raw)
            return any(each.validate(url, params, signature, algorithm) for each in self._validators)
        except UnicodeError:
            return False

    def parse(self, raw: bytes) -> Inbound | Status | None:
        """A text, or a report on one of ours."""
        params = _params(raw)
        message = params.get("MessageSid") or params.get("SmsSid") or params.get("SmsMessageSid")
        if not message:
            raise MalformedError("MessageSid")
        state = params.get("MessageStatus") or params.get("SmsStatus") or "received"
        if state not in ("received", "receiving"):
            known = _STATES.get(state)
            return Status(message, known, params.get("ErrorCode") or None) if known else None
        if not params.get("From"):
            raise MalformedError("From")
        return Inbound(
            id=message,
            sender=params["From"],
            text=params.get("Body", ""),
            carrier=_carrier(params.get("OptOutType", "")),
            attachments=_attachments(params),
            check=params.get(CHECK) == "yes",
        )

    def respond(self, said: Sequence[Said]) -> Answer | None:
        """TwiML with a message for each text; without one, a response that sends nothing."""
        from twilio.twiml.messaging_response import Message, MessagingResponse

        response = MessagingResponse()
        for one in said:
            message = Message(**({"status_callback": one.report_to} if one.report_to else {}))
            message.body(one.text)
            response.append(message)
        return Answer(str(response), "text/xml")

    async def send(self, to: str, text: str, report_to: str) -> str | Failure:
        """Hand one text to the Messages resource."""
        try:
            async with asyncio.timeout(SEND_SECONDS + 1):
                return await asyncio.to_thread(self._send, to, text, report_to)
        except TimeoutError:
            return Failure(Failed.RETRY, "timeout", uncertain=True)

    def _send(self, to: str, text: str, report_to: str) -> str | Failure:
        import requests
        from twilio.base.exceptions import TwilioException, TwilioRestException

        by = "messaging_service_sid" if self._sender.startswith(FROM_SERVICE) else "from_"
        try:
            sent = self._rest().messages.create(
                to=to, body=text, status_callback=report_to, **{by: self._sender}
            )
        except TwilioRestException as error:
            return _failure(error.status, str(error.code))
        except requests.ConnectionError as error:
            # Refused at the door was not taken; a line that broke later may have been.
            refused = "NewConnectionError" in repr(error)
            return Failure(Failed.RETRY, "unreachable", uncertain=not refused)
        except (requests.RequestException, TwilioException, ValueError, KeyError, TypeError) as error:
            return Failure(Failed.RETRY, type(error).__name__, uncertain=True)
        return str(sent.sid)

    def _rest(self) -> Any:
        if self._client is None:
            from twilio.http.http_client import TwilioHttpClient
            from twilio.rest import Client

            # The library logs what it sends, words and numbers, at INFO.
            logging.getLogger("twilio.http_client").setLevel(logging.CRITICAL)
            client = Client(
                self._account, self._token, http_client=_At(self._api, TwilioHttpClient(timeout=SEND_SECONDS))
            )
            self._client = client
        return self._client


class _At:
    """The library's HTTP client, at another address than Twilio's: the simulator's, or a region's."""

    def __init__(self, api: str, client: Any) -> None:
        self._to = urlsplit(api)
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def request(self, method: str, url: str, *rest: Any, **named: Any) -> Any:
        """Make the request there."""
        there = urlsplit(url)._replace(scheme=self._to.scheme, netloc=self._to.netloc)
        return self._client.request(method, urlunsplit(there), *rest, **named)


def sign(token: str, url: str, params: Mapping[str, str]) -> str:
    """The signature that Twilio puts on a request; for the simulator, the doctor and tests."""
    from twilio.request_validator import RequestValidator

    signature: str = RequestValidator(token).compute_signature(url, params)
    return signature


def _params(raw: bytes) -> MultiDict[str]:
    """Every parameter as it was sent, blank ones and spaces at the ends included."""
    return MultiDict(parse_qsl(raw.decode("ascii", "surrogateescape"), keep_blank_values=True))


def _carrier(said: str) -> CarrierAct | None:
    return CarrierAct(said) if said in set(CarrierAct) else None


def _attachments(params: Mapping[str, str]) -> tuple[str, ...]:
    """Media types; the addresses of the media are not even kept."""
    count = params.get("NumMedia", "0")
    types = [
        params.get(f"MediaContentType{place}", "unknown")[:64]
        for place in range(min(int(count), 10) if count.isdecimal() else 0)
    ]
    if params.get("Latitude") and params.get("Longitude"):
        types.append("location")
    return tuple(types)


def _failure(status: int, code: str) -> Failure:
    passing = status == _TOO_MANY or status >= _SERVER_FAULT
    return Failure(_FAILURES.get(code, Failed.RETRY if passing else Failed.PERMANENT), code)
