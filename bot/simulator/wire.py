"""What Twilio says on the wire, and what it hears: parameters of its webhooks, its resource, TwiML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from aiohttp import BasicAuth, web

from bot.messages import CarrierAct
from bot.simulator.phone import Bubble


def text_params(
    bubble: Bubble, number: str, act: CarrierAct | None, *, clinic: str, account: str
) -> dict[str, str]:
    """The parameters of a text from `number`; `act` when the network has answered it."""
    params = {
        "ToCountry": "US",
        "ToState": "FL",
        "SmsMessageSid": bubble.sid,
        "NumMedia": str(len(bubble.attachments)),
        "ToCity": "",
        "FromZip": "",
        "SmsSid": bubble.sid,
        "FromState": "FL",
        "SmsStatus": "received",
        "FromCity": "",
        "Body": bubble.text,
        "FromCountry": "US",
        "To": clinic,
        "MessagingServiceSid": f"MG{'0' * 32}",
        "ToZip": "",
        "NumSegments": "1",
        "MessageSid": bubble.sid,
        "AccountSid": account,
        "From": number,
        "ApiVersion": "2010-04-01",
    }
    for place, kind in enumerate(bubble.attachments):
        params |= {f"MediaContentType{place}": kind, f"MediaUrl{place}": "https://media.invalid/x"}
    return params | ({"OptOutType": act.value} if act else {})


def report_params(sid: str, state: str, code: str | None, *, clinic: str, account: str) -> dict[str, str]:
    """The parameters of a report on a text of the clinic's."""
    params = {
        "SmsSid": sid,
        "SmsStatus": state,
        "MessageStatus": state,
        "To": "",
        "MessageSid": sid,
        "AccountSid": account,
        "From": clinic,
        "ApiVersion": "2010-04-01",
    }
    return params | ({"ErrorCode": code} if code else {})


def resource(bubble: Bubble, account: str, form: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sid": bubble.sid,
        "account_sid": account,
        "to": form["To"],
        "from": form.get("From"),
        "messaging_service_sid": form.get("MessagingServiceSid"),
        "body": bubble.text,
        "status": "accepted",
        "num_segments": "1",
        "num_media": "0",
        "direction": "outbound-api",
        "api_version": "2010-04-01",
        "error_code": None,
        "error_message": None,
    }


def error_response(status: int, code: int) -> web.Response:
    body = {"code": code, "message": "simulated", "more_info": "", "status": status}
    return web.json_response(body, status=status)


def is_login(header: str, account: str, token: str) -> bool:
    try:
        return BasicAuth.decode(header) == BasicAuth(account, token)
    except ValueError:
        return False


def messages(twiml: str) -> list[tuple[str, str]]:
    """The texts of a TwiML response, and where each is reported."""
    if not twiml:
        return []
    # It is our own server's answer.
    response = ElementTree.fromstring(twiml)  # noqa: S314
    return [
        ("".join(message.itertext()), message.get("statusCallback", ""))
        for message in response.iter("Message")
    ]
