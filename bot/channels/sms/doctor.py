"""A check-up of the SMS channel from outside: through the public address, as the provider would come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode
from uuid import uuid4
from xml.etree import ElementTree

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.cards import Cards
from bot.channels.sms.twilio import CHECK, SIGNATURE, sign
from bot.content import Content
from bot.messages import Channel, Language

NUMBER: Final = "+12025550143"
"""Of the block that is kept for stories; nobody has it."""
TEXT: Final = "Automatic check of the crisis path: I want to kill myself."
SECONDS: Final = 10.0
SLOWEST: Final = 3.0


class DoctorError(Exception):
    """Something is not as it must be; the message says what, and what to do."""


async def examine(
    url: str, token: str, content: Content, *, fallback: str | None, tell: Callable[[str], None]
) -> None:
    """Text through the public address and look at what comes back, then at the fallback.

    Args:
        url: Where the provider calls, without a path.
        token: What it signs with.
        content: For the numbers that must come.
        fallback: The address of the fallback file, if there is one.
        tell: Hears of each thing that is in order.

    Raises:
        DoctorError: Of the first thing that is not.
    """
    numbers = [content.clinic.numbers[name].display for name in ("clinic_phone", "lifeline", "emergency")]
    async with ClientSession(timeout=ClientTimeout(total=SECONDS)) as http:
        await _text(http, f"{url}/sms/twilio", token, content, tell)
        await _forged(http, f"{url}/sms/twilio", tell)
        if fallback is None:
            tell("The fallback was not looked at: give its address with --fallback.")
        else:
            await _fallback(http, fallback, numbers, tell)


async def _text(
    http: ClientSession, url: str, token: str, content: Content, tell: Callable[[str], None]
) -> None:
    params = {
        "MessageSid": f"SM{uuid4().hex}",
        "From": NUMBER,
        "To": NUMBER,
        "Body": TEXT,
        "NumMedia": "0",
        CHECK: "yes",
    }
    began = time.monotonic()
    status, body = await _post(http, url, params, sign(token, url, params))
    seconds = time.monotonic() - began
    if status == 403:
        raise DoctorError(
            "The server refuses the signature. HARBORLINE_PUBLIC_URL must be the same here, at the server "
            "and at the provider, and a proxy must not change the path."
        )
    _require(status == 200, f"The webhook answers {status}. Look at the server's log.")
    cards = Cards(content)
    expected = cards.fallback(Language.EN, Channel.SMS).text
    texts = _texts(body)
    _require(bool(texts), "The answer holds no text. Look at the server's log.")
    _require(texts != [expected], "The answer is the fallback card: look at the server's log.")
    _require("988" in texts[0] and "911" in texts[0], "The answer to a crisis lacks 988 or 911.")
    _require(seconds <= SLOWEST, f"The answer took {seconds:.1f} s; more than {SLOWEST:.0f} is too slow.")
    tell(f"A signed crisis text got its card in {seconds * 1000:.0f} ms. It paged nobody.")


async def _forged(http: ClientSession, url: str, tell: Callable[[str], None]) -> None:
    params = {"MessageSid": f"SM{uuid4().hex}", "From": NUMBER, "To": NUMBER, "Body": "x", CHECK: "yes"}
    status, _ = await _post(http, url, params, "forged")
    _require(
        status == 403,
        f"A forged text is answered with {status} instead of 403. Is HARBORLINE_SMS_UNSIGNED set?",
    )
    tell("A forged text is refused.")


async def _fallback(
    http: ClientSession, address: str, numbers: list[str], tell: Callable[[str], None]
) -> None:
    try:
        async with http.post(address) as answer:
            status, body = answer.status, await answer.text()
    except (ClientError, TimeoutError, OSError, ValueError) as error:
        raise DoctorError(f"The fallback cannot be reached: {type(error).__name__}.") from error
    _require(status == 200, f"The fallback answers {status}; it must take a POST and give TwiML.")
    said = " ".join(_texts(body))
    missing = [number for number in numbers if number not in said]
    remedy = "Run 'harborline sms-setup' and put its file there."
    _require(not missing, f"The fallback lacks {' and '.join(missing)}. {remedy}")
    tell("The fallback holds the clinic's line, 988 and 911.")


async def _post(http: ClientSession, url: str, params: dict[str, str], signature: str) -> tuple[int, str]:
    headers = {SIGNATURE: signature, "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    try:
        async with http.post(url, data=urlencode(params), headers=headers) as answer:
            return answer.status, await answer.text()
    except (ClientError, TimeoutError, OSError, ValueError) as error:
        raise DoctorError(f"{url} cannot be reached: {type(error).__name__}.") from error


def _texts(twiml: str) -> list[str]:
    try:
        # Whoever serves the clinic's own addresses could answer worse things than a bad file.
        response = ElementTree.fromstring(twiml)  # noqa: S314
    except ElementTree.ParseError as error:
        raise DoctorError("What comes back is no TwiML.") from error
    return ["".join(message.itertext()).strip() for message in response.iter("Message")]


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise DoctorError(problem)
