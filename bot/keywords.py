"""Short commands over SMS: no more messages, messages again, help.

The FCC counts any reasonable wording as a revocation (47 CFR 64.1200(a)(10), since April 2025), so plain
requests count beside the carriers' reserved words. A request has to fill the whole message and to speak
of messages: "make it stop" and "he won't stop texting me" are somebody's life, not a command.
"""

from __future__ import annotations

import re
from enum import StrEnum

from bot.content.folding import words
from bot.messages import CarrierAct, Channel, Language


class Keyword(StrEnum):
    """What the sender commands."""

    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    HELP = "help"


LONGEST = 160
"""Characters above which a message is a message and not a command."""

_OPT_OUT = frozenset(
    {
        *(
            "stop",
            "stopall",
            "stop all",
            "unsubscribe",
            "cancel",
            "end",
            "quit",
            "revoke",
            "optout",
            "opt out",
        ),
        *(
            "opt me out",
            "remove",
            "please stop",
            "stop please",
            "please unsubscribe",
            "alto",
            "parar",
            "pare",
        ),
        *("detener", "baja", "cancelar", "darme de baja", "deme de baja", "denme de baja", "no mas mensajes"),
    }
)
_OPT_IN = frozenset({"start", "unstop"})
_YES = frozenset({"yes", "si"})
_HELP = frozenset({"help", "info", "ayuda"})

_POLITE = (
    r"(?:(?:please|pls|plz|hey|hi|hello|ok|okay|no|thanks|thank you|sorry|wrong number"
    r"|can you|could you|would you|you (?:need|have) to|you"
    r"|i want you to|i need you to|i would like you to|just"
    r"|por favor|hola|ya|gracias|favor de|le pido que|les pido que|quiero que|pueden?|podrian?) )*"
)
_TAIL = (
    r"(?: (?:please|pls|plz|now|right now|anymore|any more|ever|again|at all|immediately|thanks|thank you"
    r"|por favor|ya|gracias|nunca|otra vez|de nuevo|mas|nunca mas))*"
)
_MESSAGES = r"(?:text messages|texts?|messages?|msgs?|sms|texting|messaging)"
_MENSAJES = r"(?:mensajes? de texto|mensajes?|textos?|sms)"
_WHOSE = r"(?:(?:all|any|any more|more|the|these|those|this|your) )*"
_CUYOS = r"(?:(?:mas|los|estos|esos|sus|tus|todos) )*"
_WRITING = r"(?:texting|messaging|contacting|writing|writing to|spamming|bothering)"
_TO_ME = r"(?: (?:to )?(?:me|us|this number|my number|my phone|this phone))?"
_ME = r"(?:me|my number|this number)"
_LIST = rf"{_WHOSE}(?:{_MESSAGES} |mailing )?list"
_NO_ESCRIBAN = r"(?:escriban?|texteen?|contacten?|contacte|manden?|envien?)"
_REQUESTS = (
    rf"(?:stop|quit|cease) {_WRITING}{_TO_ME}",
    rf"(?:stop|quit|cease)(?: sending)?(?: me| us)? {_WHOSE}{_MESSAGES}{_TO_ME}",
    rf"(?:do not|dont|never) (?:text|message|contact|write|spam){_TO_ME}",
    rf"(?:do not|dont|never) send(?: me| us)? {_WHOSE}{_MESSAGES}{_TO_ME}",
    rf"no more {_MESSAGES}{_TO_ME}",
    rf"i (?:do not|dont|no longer) want (?:to (?:get|receive) )?{_WHOSE}{_MESSAGES}(?: from you)?",
    r"(?:unsubscribe|stop ?all|opt ?out)",
    r"(?:i (?:want|need|wish|would like)|id like) to (?:opt out|unsubscribe|be removed)",
    rf"(?:unsubscribe|remove|opt) {_ME}(?: out)?(?: (?:from|of|off) (?:{_LIST}|{_WHOSE}{_MESSAGES}))?",
    rf"take {_ME} off {_LIST}",
    r"(?:lose|delete|forget) (?:my|this) number",
    rf"(?:cancel|end) {_WHOSE}{_MESSAGES}",
    r"(?:dejen?|dejar|paren?|parar) de (?:mandar|enviar|escribir|textear|contactar)(?:me|nos)?"
    rf"(?: {_CUYOS}{_MENSAJES})?",
    rf"no (?:me |nos )?{_NO_ESCRIBAN} {_CUYOS}{_MENSAJES}",
    rf"no (?:me|nos) {_NO_ESCRIBAN}(?: nada)?",
    rf"no quiero (?:recibir )?{_CUYOS}{_MENSAJES}(?: de ustedes| suyos)?",
    r"(?:quiero|deseo|quisiera) darme de baja",
    rf"(?:quiero|deseo|quisiera) (?:dejar de recibir|cancelar) {_CUYOS}{_MENSAJES}",
    r"(?:borren?|quiten?|eliminen?|saquen?) (?:mi|este) numero(?: de (?:la|su|esta) lista)?",
    r"(?:borren?|quiten?|eliminen?|saquen?)me de (?:la|su|esta) lista",
)
_REQUEST = re.compile(_POLITE + "(?:" + "|".join(_REQUESTS) + ")" + _TAIL)


_BY_CARRIER = {
    CarrierAct.STOP: Keyword.OPT_OUT,
    CarrierAct.START: Keyword.OPT_IN,
    CarrierAct.HELP: Keyword.HELP,
}
_CARRIER_STOP = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"},
)
_CARRIER_START = frozenset({"start", "unstop", "yes"})
_SPANISH = frozenset({"alto", "parar", "pare", "detener", "baja", "cancelar", "ayuda"})


def keyword(
    text: str, channel: Channel, opted_out: bool, carrier: CarrierAct | None = None
) -> Keyword | None:
    """The command that a whole message is, or None.

    Args:
        text: What the sender wrote; case, accents and punctuation do not matter.
        channel: Only SMS has commands.
        opted_out: Whether the sender is opted out now, which makes a bare "yes" an opt-in.
        carrier: What the network says that it took the message for; it comes before the words.
    """
    if carrier is not None:
        return _BY_CARRIER[carrier]
    if channel != Channel.SMS or len(text) > LONGEST:
        return None
    said = " ".join(words(text))
    if said in _OPT_OUT or _REQUEST.fullmatch(said):
        return Keyword.OPT_OUT
    if said in _OPT_IN or (opted_out and said in _YES):
        return Keyword.OPT_IN
    return Keyword.HELP if said in _HELP else None


def carrier_act(text: str) -> CarrierAct | None:
    """What a network does by default when this is a whole message: block our texts, or let them through.

    Networks compare the body as it is, so "STOP." is a request to us alone. Source: Twilio's list of
    default keywords, as of April 2025.
    """
    said = text.strip().casefold()
    if said in _CARRIER_STOP:
        return CarrierAct.STOP
    return CarrierAct.START if said in _CARRIER_START else None


def keyword_language(text: str) -> Language | None:
    """The language of a command that only one language has."""
    return Language.ES if " ".join(words(text)) in _SPANISH else None
