"""Text as people send it: cleaning, normalising with a map back, and telling its language."""

from bot.text.clean import clean, plain
from bot.text.fault import DataError, Fault
from bot.text.language import detect_language, other_language, requested_language
from bot.text.normalise import Normalised, normalise

__all__ = [
    "DataError",
    "Fault",
    "Normalised",
    "clean",
    "detect_language",
    "normalise",
    "other_language",
    "plain",
    "requested_language",
]
