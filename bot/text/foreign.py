"""Whether a message is in a language that no answer is written in: Portuguese, Haitian Creole, French, …

Statistical identifiers guess wildly on a few words of chat (see `bot.text.language`), so this counts words
and letters that neither English nor Spanish has. Where in doubt it says no: a question wrongly taken for
foreign would lose its answer.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from bot.text.normalise import normalise

TELLING: Final = 2
"""Different words of other languages from which a message is taken to be written in one."""
LETTERS: Final = 2
"""Letters of another script that there must be at least: "π" is no language."""

_RAW_WORD: Final = re.compile(r"[^\W\d_]+")
_WORD: Final = re.compile(r"[a-z]+")
_OTHER_LETTERS: Final = re.compile(
    r"[ãõèòàùìâêîôûëïœæøåäßğışłńśźżąęčřěůőűơưđạảầấẩậắằặẹẻếềểễệịỉọỏốồổỗộớờởợụủứừửữựỳỵỷỹ]"
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Without accents, as people text. No word of English, Spanish or their slang is in here (com, me, pour, son,
# les, sans, gen, ap, mais, ola …), so the lists are short.
_PORTUGUESE: Final = _words(
    """
    nao voce voces vc eu estou sou meu minha meus minhas dele dela isso isto uma umas muito muita muitos
    tambem entao sao quando quem quanto onde hoje amanha ontem precisa quero posso fazer falar falam
    fala portugues obrigado obrigada tenho gostaria depressao cetamina ajuda ajudar noite mae pai filho
    filha medo atendem aceitam vicia viciante saude morrer
    """
)
_CREOLE: Final = _words(
    """
    mwen nou eske kijan kisa genyen bonjou bonswa mesi tanpri souple kreyol ayisyen bezwen kapab poukisa
    konbyen kote dokte medikaman tretman mouri malad maladi timoun manman youn oubyen anpil depi dwog
    anko konnen ede vle santi depresyon ketamin pou ak pran swen
    """
)
_FRENCH: Final = _words(
    """
    je suis vous nous avez avons etes sommes avec dans cest jai jaimerais votre notre bonjour bonsoir
    salut merci svp plait aider aidez besoin peux peut pouvez puis parlez francais quel quelle combien
    pourquoi quand qui quoi traitement medecin soigner toujours jamais etre faire depuis mere pere fils
    sante mourir
    """
)
_OTHERS: Final = _words(
    """
    ich nicht und ist brauche hilfe kann bitte danke haben wie bin mein meine deutsch sie sono vorrei
    aiuto grazie perche anche questo ciao bisogno italiano parlate della sto ho
    """
)
_SHARED: Final = _words(
    "a e o de que se me la le les un una por para como es tu te si no lo el esta on il est en al ou come mi"
)
"""Words of ours that the others have too; they speak for neither."""
_TELLING_WORDS: Final = _PORTUGUESE | _CREOLE | _FRENCH | _OTHERS


def is_other_language(text: str, familiar: frozenset[str]) -> bool:
    """Whether a message is plainly in neither English nor Spanish.

    Args:
        text: The message; its beginning is enough.
        familiar: Words, without accents, that speak for English or Spanish.
    """
    return _in_other_letters(text) or _in_other_words(text, familiar)


def _in_other_letters(text: str) -> bool:
    """Whether most letters are of another script than ours: Cyrillic, Chinese, Arabic."""
    letters = [char for char in unicodedata.normalize("NFKC", text) if char.isalpha()]
    other = sum(not unicodedata.name(char, "LATIN").startswith("LATIN") for char in letters)
    return other >= LETTERS and other * 2 > len(letters)


def _in_other_words(text: str, familiar: frozenset[str]) -> bool:
    marked = {word for word in _RAW_WORD.findall(text.lower()) if _OTHER_LETTERS.search(word)}
    said = set(_WORD.findall(normalise(text).text.replace("'", "")))
    telling = (said & _TELLING_WORDS) | marked
    against = (said & familiar) - _TELLING_WORDS - _SHARED
    return len(telling) >= TELLING and len(telling) > len(against)
