"""What came with a text and was never fetched, as staff read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "image": ("a picture", "pictures"),
    "audio": ("a voice message or sound", "voice messages or sounds"),
    "video": ("a film", "films"),
    "location": ("a location", "locations"),
    "text": ("a contact card or text file", "contact cards or text files"),
}
"""By the first part of a media type, RFC 6838; `location` is ours."""
_OTHER: Final = ("a file", "files")


def attached(kinds: Sequence[str]) -> str:
    """How many of each kind, such as "a picture, 2 files"; of a media type that we do not know, "a file"."""
    counted = Counter(_NAMES.get(kind.partition("/")[0].lower(), _OTHER) for kind in kinds)
    return ", ".join(one if count == 1 else f"{count} {many}" for (one, many), count in counted.items())
