"""R16: a plain request to stop messages is an opt-out; wanting pain or life to stop never is."""

import pytest

from bot.keywords import LONGEST, Keyword, keyword
from bot.messages import Channel


def sms(text: str, *, opted_out: bool = False) -> Keyword | None:
    return keyword(text, Channel.SMS, opted_out)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "STOP",
            "stop",
            " Stop. ",
            "STOP!!!",
            "StopAll",
            "stop all",
            "UNSUBSCRIBE",
            "Cancel",
            "END",
            "quit",
        ),
        *("REVOKE", "OPTOUT", "Opt out", "opt-out", "remove", "REMOVE ME", "ALTO", "Parar", "¡Alto!", "BAJA"),
        "please stop texting me",
        "Can you stop messaging this number please",
        "stop sending me texts",
        "Stop sending these messages!",
        "stop the texts",
        "don't text me anymore",
        "Do not contact me again.",
        "dont send me any more messages",
        "no more texts please",
        "I don't want these texts",
        "I no longer want to receive your messages",
        "I'd like to unsubscribe",
        "take me off your list",
        "Remove my number from your text list",
        "unsubscribe me from these texts",
        "wrong number, please stop texting",
        "lose my number",
        "cancel texts",
        "Por favor dejen de mandarme mensajes",
        "deje de escribirme",
        "no me escriban más",
        "No me envíe más mensajes, gracias",
        "no quiero recibir sus mensajes",
        "quiero darme de baja",
        "Ya no quiero más mensajes",
        "borren mi número de su lista",
        "quítenme de la lista",
    ],
)
def test_plain_requests_opt_out(text: str) -> None:
    assert sms(text) is Keyword.OPT_OUT


@pytest.mark.parametrize(
    "text",
    [
        "I want it to stop",
        "make it stop",
        "please make it stop",
        "I just want the pain to stop",
        "stop the pain",
        "when does it stop hurting",
        "I want to end it",
        "I want to end it all",
        "end my life",
        "end me",
        "I quit life",
        "I want to quit",
        "cancel everything, I am done living",
        "I cannot stop crying",
        "how do I stop drinking",
        "my ex will not stop texting me",
        "he won't stop messaging me and I am scared",
        "how do I get him to stop contacting me",
        "I stopped taking my pills",
        "stop texting me, I want to die",
        "remove me from this world",
        "take me off this planet",
        "no more",
        "no more pain",
        "I do not want this anymore",
        "never mind me",
        "forget me",
        "quiero que pare el dolor",
        "que pare ya",
        "quiero parar de sufrir",
        "no quiero más vida",
        "ya no quiero más",
        "no me quiten la esperanza",
        "bórrenme del mundo",
        "Bórrenme",
        "no one would write to me anyway",
        "does treatment stop the cravings",
        "what happens if I stop ketamine",
        "",
        "...",
    ],
)
def test_wanting_pain_or_life_to_stop_never_opts_out(text: str) -> None:
    assert sms(text) is None


@pytest.mark.parametrize(
    ("text", "opted_out", "expected"),
    [
        ("START", False, Keyword.OPT_IN),
        ("unstop", True, Keyword.OPT_IN),
        ("YES", True, Keyword.OPT_IN),
        ("sí", True, Keyword.OPT_IN),
        ("YES", False, None),
        ("sí", False, None),
        ("yes I want to die", True, None),
        ("HELP", False, Keyword.HELP),
        ("Info", False, Keyword.HELP),
        ("AYUDA.", False, Keyword.HELP),
        ("help me", False, None),
        ("STOP", True, Keyword.OPT_OUT),
    ],
)
def test_opt_in_and_help(text: str, opted_out: bool, expected: Keyword | None) -> None:
    assert sms(text, opted_out=opted_out) is expected


@pytest.mark.parametrize("text", ["STOP", "START", "HELP", "please stop texting me"])
def test_the_web_has_no_commands(text: str) -> None:
    assert keyword(text, Channel.WEB, False) is None


def test_a_long_message_is_never_a_command() -> None:
    assert sms("please " * 10 + "stop texting me") is Keyword.OPT_OUT
    assert sms("please " * LONGEST + "stop texting me") is None
