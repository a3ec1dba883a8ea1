"""Telnyx: JSON signed with Ed25519 over timestamp and body; replies go through the API.

Sources: Telnyx's documentation of webhook signing, inbound messages, delivery reports and error codes.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from multidict import CIMultiDict

from bot.messages import Clock
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

SIGNATURE: Final = "telnyx-signature-ed25519"
TIMESTAMP: Final = "telnyx-timestamp"
API: Final = "https://api.telnyx.com"
REPLAY_WINDOW: Final = timedelta(minutes=5)
"""A signature is believed for so long, so that a recorded request cannot be played again."""
CHECK: Final = "harborline_check"
_STATES: Final = {
    **dict.fromkeys(("queued", "sending"), Delivery.RECORDED),
    "sent": Delivery.SENT,
    "delivered": Delivery.DELIVERED,
    **dict.fromkeys(("sending_failed", "delivery_failed"), Delivery.FAILED),
}
"""What is never told for certain, `delivery_unconfirmed`, changes nothing."""
_FAILURES: Final = {
    "40300": Failed.OPTED_OUT,
    **dict.fromkeys(("40002", "40003"), Failed.FILTERED),
    **dict.fromkeys(("40010", "40329", "40330"), Failed.UNREGISTERED),
    **dict.fromkeys(("40014", "40318", "10011"), Failed.RETRY),
}
_TOO_MANY, _SERVER_FAULT, _REFUSED = 429, 500, 400


class Telnyx:
    """One Telnyx account.

    Args:
        public_key: Of the account, base64.
        key: For the API; without it nothing can be sent.
        sender: Our number in E.164.
        clock: For the replay window.
        api: Where the API is.

    Raises:
        ValueError: The public key is not base64 of 32 bytes.
    """

    name = "telnyx"
    abilities = Abilities(sync_reply=False, opt_out_type=False, network_opt_out=True)

    def __init__(
        self, public_key: str, *, clock: Clock, key: str = "", sender: str = "", api: str = API
    ) -> None:
        self._public = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        self._clock = clock
        self._key = key
        self._sender = sender
        self._api = api.rstrip("/")

    @property
    def sends(self) -> bool:
        """Whether there are credentials to send with."""
        return bool(self._key and self._sender)

    def verify(self, raw: bytes, headers: Mapping[str, str], url: str) -> bool:
        """Whether the account signed this body lately; the URL is not part of what is signed."""
        said = CIMultiDict(headers)
        stamp = said.get(TIMESTAMP, "")
        # A round trip through float would take "1e9" and the like.
        if not (stamp.isascii() and stamp.isdecimal()) or not self._is_recent(int(stamp)):
            return False
        try:
            signature = base64.b64decode(said.get(SIGNATURE, ""), validate=True)
            self._public.verify(signature, f"{stamp}|".encode() + raw)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True

    def _is_recent(self, stamp: int) -> bool:
        return abs(self._clock.now().timestamp() - stamp) <= REPLAY_WINDOW.total_seconds()

    def parse(self, raw: bytes) -> Inbound | Status | None:
        """A text, or a report on one of ours."""
        event = _object(raw).get("data")
        payload = event.get("payload") if isinstance(event, dict) else None
        if not isinstance(event, dict) or not isinstance(payload, dict):
            raise MalformedError("data.payload")
        kind, message = event.get("event_type"), payload.get("id")
        if not isinstance(message, str) or not message:
            raise MalformedError("data.payload.id")
        if kind == "message.received":
            return _inbound(message, payload)
        return _status(message, payload) if kind in ("message.sent", "message.finalized") else None

    def respond(self, said: Sequence[Said]) -> Answer | None:
        """Nothing: the response to the webhook sends no text."""
        return None

    async def send(self, to: str, text: str, report_to: str) -> str | Failure:
        """Hand one text to the API."""
        body = {"from": self._sender, "to": to, "text": text, "webhook_url": report_to}
        headers = {"Authorization": f"Bearer {self._key}"}
        timeout = ClientTimeout(total=SEND_SECONDS)
        try:
            async with (
                ClientSession(timeout=timeout, headers=headers) as http,
                http.post(f"{self._api}/v2/messages", json=body) as response,
            ):
                answer = _object(await response.read())
                if response.status >= _REFUSED:
                    return _failure(response.status, answer)
                return str(answer["data"]["id"])
        except ClientConnectorError:
            return Failure(Failed.RETRY, "unreachable")
        except (ClientError, TimeoutError, OSError, MalformedError, KeyError, TypeError) as error:
            return Failure(Failed.RETRY, type(error).__name__, uncertain=True)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(raw.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise MalformedError("body") from error
    if not isinstance(parsed, dict):
        raise MalformedError("body")
    return parsed


def _inbound(message: str, payload: Mapping[str, Any]) -> Inbound:
    origin = payload.get("from")
    number = origin.get("phone_number") if isinstance(origin, dict) else None
    if not isinstance(number, str) or not number:
        raise MalformedError("data.payload.from.phone_number")
    text = payload.get("text")
    media = payload.get("media")
    kinds = (
        [one.get("content_type") for one in media if isinstance(one, dict)] if isinstance(media, list) else []
    )
    return Inbound(
        id=message,
        sender=number,
        text=text if isinstance(text, str) else "",
        attachments=tuple(str(kind or "unknown")[:64] for kind in kinds[:10]),
        check=payload.get(CHECK) == "yes",
    )


def _status(message: str, payload: Mapping[str, Any]) -> Status | None:
    recipients, errors = payload.get("to"), payload.get("errors")
    first = recipients[0] if isinstance(recipients, list) and recipients else {}
    state = _STATES.get(str(first.get("status"))) if isinstance(first, dict) else None
    return Status(message, state, _code(errors)) if state else None


def _code(errors: object) -> str | None:
    first = errors[0] if isinstance(errors, list) and errors else {}
    return str(first["code"])[:32] if isinstance(first, dict) and first.get("code") else None


def _failure(status: int, answer: Mapping[str, Any]) -> Failure:
    code = _code(answer.get("errors")) or str(status)
    passing = status == _TOO_MANY or status >= _SERVER_FAULT
    return Failure(_FAILURES.get(code, Failed.RETRY if passing else Failed.PERMANENT), code)
