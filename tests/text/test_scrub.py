"""What tells who somebody is does not become training data. All people, numbers and places are invented."""

from __future__ import annotations

import pytest

from bot.content.folding import words
from bot.text.scrub import scrub

KNOWN = frozenset(
    words(
        "hi hello my name is and number i live at do you take insurance for mom call me tomorrow about "
        "ketamine this is the son dr said it helps how much does a session cost on was born can come from "
        "me llamo tengo preguntas la cita del para doctor email or text id"
    )
)


@pytest.mark.parametrize(
    ("written", "left"),
    [
        (
            "hi my name is Rosa Quintero and i live at 1234 Oak Ridge Dr apt 5",
            "hi my name is NAME and i live at ADDRESS",
        ),
        ("call me at (407) 555-0199 tomorrow", "call me at NUMBER tomorrow"),
        ("call me +1 321 555 0148", "call me NUMBER"),
        ("me llamo bernardo, tengo preguntas", "me llamo NAME, tengo preguntas"),
        ("Dr. Okonkwo said it helps", "Dr. NAME said it helps"),
        ("was born 03/04/1988", "was born DATE"),
        ("was born on March 4, 1988", "was born on DATE"),
        ("la cita del 5 de junio", "la cita del DATE"),
        ("email me at j.doe+x@example.org", "email me at CONTACT"),
        ("this is the id XGH123456789", "this is the id NUMBER"),
        ("do you take insurance 000-12-3456", "do you take insurance NUMBER"),
        ("can my son Thaddeus come", "can my son NAME come"),
        ("la cita para Xiomara", "la cita para NAME"),
        ("[ketamine](drug) {cost}\nsession", "ketamine drug cost session"),
    ],
)
def test_takes_out(written: str, left: str) -> None:
    assert " ".join(scrub(written, KNOWN).split()) == left


@pytest.mark.parametrize(
    "written",
    [
        "How much does a session cost",
        "can i come tomorrow",
        "Is it for my mom",
        "how much for 2",
        "is 50 mg much",
    ],
)
def test_leaves_the_rest(written: str) -> None:
    assert scrub(written, KNOWN) == written
