"""Words and letter groups as sparse features: what the encoders miss in names, slang and misspellings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

_SHARED: Final = {"sublinear_tf": True, "strip_accents": "unicode", "lowercase": False, "dtype": np.float32}


class Terms:
    """TF-IDF of words (one and two) and of letter groups (from two up), side by side."""

    def __init__(self, *, letters: int = 4, least: int = 1) -> None:
        """Nothing learned yet.

        Args:
            letters: The longest letter group.
            least: In how many texts a term must stand to count.
        """
        self._options = {"letters": letters, "least": least}
        kinds: dict[str, dict[str, Any]] = {
            "words": {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
            "letters": {"analyzer": "char_wb", "ngram_range": (2, letters)},
        }
        self._vectorizers = {
            kind: TfidfVectorizer(**_SHARED, **options, min_df=least) for kind, options in kinds.items()
        }

    def fit(self, texts: Sequence[str]) -> Terms:
        """Learn the vocabulary and the weights of its terms."""
        for vectorizer in self._vectorizers.values():
            vectorizer.fit(texts)
        return self

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """n × terms."""
        return hstack([each.transform(texts) for each in self._vectorizers.values()], format="csr")

    def save(self, file: Path) -> None:
        """Write vocabulary and weights as JSON."""
        stored: dict[str, Any] = {
            kind: {
                "terms": each.get_feature_names_out().tolist(),
                "weights": [round(float(weight), 6) for weight in each.idf_],
            }
            for kind, each in self._vectorizers.items()
        }
        stored["options"] = self._options
        file.write_text(json.dumps(stored), encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> Terms:
        """The reverse of `save`.

        Raises:
            OSError, ValueError, KeyError: The file is missing or was not made by `save`.
        """
        stored = json.loads(file.read_text(encoding="utf-8"))
        terms = cls(**stored["options"])
        for kind, vectorizer in terms._vectorizers.items():
            vectorizer.vocabulary = {term: at for at, term in enumerate(stored[kind]["terms"])}
            vectorizer.idf_ = np.array(stored[kind]["weights"], dtype=np.float32)
        return terms
