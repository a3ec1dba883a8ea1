"""Which of our two languages a short message is written in.

Statistical identifiers guess wildly on a few words of chat (py3langid calls "no" Afrikaans and takes
a second to load), so this counts words that only one of the two languages has.
"""

from __future__ import annotations

import re
from typing import Final

from bot.messages import Language
from bot.text.foreign import is_other_language
from bot.text.normalise import normalise

_EMOJI_NAME = re.compile(r":[a-z0-9_]+:")
_WORD = re.compile(r"[a-z]+")
_SPANISH_SIGNS = re.compile(r"[ñ¿¡]|[áéíóú](?=\w)|\b\w+ó\b", re.IGNORECASE)
SAMPLE: Final = 2_000
"""Characters looked at; the beginning of a message tells its language."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words of both languages (no, a, me, he, son, sin, come, once, red, hay, van, plan, hospital …) are in
# neither set.
_ENGLISH: Final = _words(
    """
    the and i you it is are was were am im ive ill id dont cant wont doesnt didnt isnt wasnt youre hes shes
    its thats theres what when where why how who which this that these those my your his her our their mine
    we they she him us them to of for with from about into over after before because but or if then than so
    very just not have has had do does did doing can could would should will shall might must be been being
    go going gonna wanna want need get got getting know think feel feels feeling like really please thanks
    thank hello yes yeah help tell make take took give say said see there here now today
    tonight tomorrow never always still anymore nobody everyone everything nothing something someone people
    life live dead die kill hurt myself yourself himself herself u ur r pls rn cuz much many more any some
    an at by on up out off down in as all too again without through back only other depression anxiety
    insurance appointment session cost treatment therapy mom dad friend brother sister kid baby cost addictive
    work works long time day days night week year years open hours address doctor side effects
    """
)
_SPANISH: Final = _words(
    """
    el la los las un una unos unas del al de que qué y o pero porque por para pa con yo tu tú él ella ellos
    ellas nosotros usted ustedes mi mis su sus nuestro esta este esto eso esa ese estas estos esos aqui alli
    ahi soy eres es somos fue era eran estoy esta estas estamos estan estar ser tengo tienes tiene tenemos
    tienen tener hago hace hacer hice puedo puedes puede pueden poder quiero quieres quiere quieren querer
    quisiera voy vas va vamos ir sabe saben saber se siento siente cuanto cuantos cuantas cuando como donde
    quien cual cuales nada nadie nunca siempre tambien muy mas menos mucho mucha muchos muchas poco ya ahora
    hoy ayer manana noche dia dias ano anos vida vivir morir morirme muerto muerta matar matarme ayuda
    ayudame ayudenme hola gracias favor buenas buenos tardes si le les lo te nos cita seguro seguros cuesta
    tratamiento medicina pastillas depresion ansiedad dolor ketamina adictiva hijo hija hermano hermana
    esposo esposa mama papa amigo amiga madre padre casa todo todos toda todas otro otra algo alguien asi
    entonces aunque desde hasta sobre entre tan solo sola q xq pq necesito necesita creo dice dijo hablar
    espanol ingles aceptan atienden ofrecen abren direccion horario precio toy mal bien triste
    """
)
_BOTH: Final = _ENGLISH & _SPANISH


_GO_ON = r"(?:in|speak|talk|write|use|switch to|change to)"
_SEGUIR = r"(?:en|habla|hablan|hablar|hable|hablas)"
_SWITCH: Final = {
    Language.ES: re.compile(
        rf"\b{_GO_ON} (?:in )?spanish\b|\bspanish (?:please|pls)\b|^spanish$"
        rf"|\b{_SEGUIR} espanol\b|\bespanol por favor\b|^espanol$"
    ),
    Language.EN: re.compile(
        rf"\b{_GO_ON} (?:in )?english\b|\benglish (?:please|pls)\b|^english$"
        rf"|\b{_SEGUIR} ingles\b|\bingles por favor\b|^ingles$"
    ),
}
_ABOUT_SOMEBODY: Final = _words(
    """doctor doctors doctora therapist therapists terapeuta counselor counselors nurse staff personal people
    anyone anybody someone mom dad mama papa husband wife he she they"""
)
SWITCH_WORDS: Final = 9
"""A longer message is about something else as well."""


def requested_language(text: str) -> Language | None:
    """The language that a short message asks to go on in: "in Spanish please", "en inglés"."""
    said = _WORD.findall(normalise(text[:SAMPLE]).text.replace("'", ""))
    if len(said) > SWITCH_WORDS or _ABOUT_SOMEBODY.intersection(said):
        return None
    plain = " ".join(said)
    return next((language for language, asks in _SWITCH.items() if asks.search(plain)), None)


def other_language(text: str) -> bool:
    """Whether a message is plainly in neither of our languages: "você fala português?", "救命"."""
    return is_other_language(text[:SAMPLE], _ENGLISH | _SPANISH)


def detect_language(text: str) -> Language | None:
    """English or Spanish when the words leave no doubt, None for one ambiguous word, a mix or neither.

    One word of a language is enough only when it is the whole message or comes with another sign of it.
    """
    head = text[:SAMPLE]
    if other_language(head):
        return None
    words = _WORD.findall(_EMOJI_NAME.sub(" ", normalise(head).text).replace("'", ""))
    english = sum(word in _ENGLISH and word not in _BOTH for word in words)
    spanish = sum(word in _SPANISH and word not in _BOTH for word in words)
    spanish += 2 * min(len(_SPANISH_SIGNS.findall(head)), 2)
    winner, ahead, behind = (
        (Language.ES, spanish, english) if spanish > english else (Language.EN, english, spanish)
    )
    if ahead == 0 or ahead < 2 * behind + 1:
        return None
    is_clear = ahead >= 2 or len(words) <= 3
    return winner if is_clear else None
