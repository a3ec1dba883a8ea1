"""A simulated account before a Harborline: what it is called, what its network says, texts of staff."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

from bot.cards import Cards
from bot.content.safety import REST
from bot.messages import CarrierAct, Channel, Language
from bot.services import Services
from bot.settings import Settings, SettingsError
from bot.simulator.carrier import Carrier
from bot.texting import queue_text
from bot.transcripts.conversations import conversation_of

ACCOUNT: Final = f"AC{'0' * 32}"
CLINIC: Final = "+13215550100"
PERSON: Final = "+14075550142"
CONFIRMATIONS: Final = {
    CarrierAct.STOP: "opt_out",
    CarrierAct.START: "opted_in",
    CarrierAct.HELP: "help",
}


@dataclass
class Simulation:
    """A carrier before a Harborline.

    `services`: a rehearsal's, in which the page may write as staff; None before any other Harborline.
    `kept`: what is written stays, and comes up on the desk below `/staff/` beside the page.
    """

    carrier: Carrier
    services: Services | None
    kept: bool = False

    async def text_as_staff(self, number: str, text: str) -> None:
        """Text somebody as staff would, at any hour.

        Raises:
            CannotTextError: It must not, or cannot, be sent.
            UnknownConversationError: The phone has not written yet.
        """
        services = self.services
        if services is None:
            raise SettingsError("Texts of staff can be tried in a rehearsal alone: leave --url out.")
        now = services.clock.now()
        async with services.database.transaction() as session:
            conversation = await conversation_of(session, services.ring, number, now)
            await queue_text(
                session,
                services.ring,
                conversation,
                text,
                f"simulator:{uuid4()}",
                now,
                zone=services.settings.time_zone,
                hint=services.cards.service(REST, Language.EN, Channel.SMS).text,
            )


def with_account(settings: Settings, api: str) -> Settings:
    """Settings with an account of the simulated network and a token that nobody else has.

    Args:
        api: Where the network's API is.
    """
    return replace(
        settings,
        sms_from=CLINIC,
        twilio_account_sid=ACCOUNT,
        twilio_auth_token=(uuid4().hex,),
        twilio_api_url=api,
    )


def make_carrier(settings: Settings, cards: Cards, url: str, *, advanced: bool) -> Carrier:
    """The network around an account.

    Args:
        settings: The account and its token.
        cards: What the network says in our name.
        url: The public address of Harborline.
        advanced: Whether the network answers reserved words itself.
    """
    texts = {act: cards.service(name, Language.EN, Channel.SMS).text for act, name in CONFIRMATIONS.items()}
    return Carrier(
        url.rstrip("/"),
        account=settings.twilio_account_sid or ACCOUNT,
        token=settings.twilio_auth_token[0],
        number=settings.sms_from if settings.sms_from.startswith("+") else CLINIC,
        advanced=advanced,
        confirmations=texts,
        fallback=tuple(cards.fallback(language, Channel.SMS).text for language in Language),
    )
