"""Golden values and properties of both encoders, with their real weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.encoders import CACHE, PairedEncoder, WeightsError, shared
from bot.encoders.minilm import BATCH, MiniLM, prepare
from bot.encoders.universal import MAX_CHARACTERS, UniversalEncoder

SENTENCES = ["That is a happy person", "That is a very happy person", "Today is a sunny day"]
GOLDEN = [0.06331, 0.0258, 0.05052, 0.01084]


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM(CACHE)


@pytest.fixture(scope="module")
def universal() -> UniversalEncoder:
    return UniversalEncoder()


def test_minilm_gives_its_published_similarities(minilm: MiniLM) -> None:
    """The example of the model's card: 0.9429 and 0.2569."""
    rows = minilm.encode(SENTENCES)
    assert rows.shape == (3, minilm.dimensions)
    assert rows[0] @ rows[1] == pytest.approx(0.9429, abs=2e-4)
    assert rows[0] @ rows[2] == pytest.approx(0.2569, abs=2e-4)


def test_minilm_gives_the_same_row_alone_and_in_a_batch(minilm: MiniLM) -> None:
    texts = [" ".join(["word"] * count) for count in range(BATCH + 5)]
    together = minilm.encode(texts)
    alone = np.vstack([minilm.encode([text]) for text in texts])
    assert np.abs(together - alone).max() < 1e-5
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_minilm_reads_a_long_text_up_to_its_limit(minilm: MiniLM) -> None:
    rows = minilm.encode(["ketamine " * 2_000, "ketamine " * 3_000])
    assert np.array_equal(rows[0], rows[1])


def test_graph_is_rebuilt_from_the_weights(tmp_path: Path, minilm: MiniLM) -> None:
    graph = prepare(tmp_path)
    assert not list(tmp_path.glob("*.partial"))
    assert np.array_equal(MiniLM(tmp_path).encode(SENTENCES), minilm.encode(SENTENCES))
    graph.write_bytes(graph.read_bytes()[:1_000_000])
    with pytest.raises(WeightsError, match="delete it"):
        MiniLM(tmp_path)


def test_universal_brings_english_and_spanish_together(universal: UniversalEncoder) -> None:
    english, spanish, other = universal.encode(
        ["Do you take my insurance?", "¿Aceptan mi seguro médico?", "Me gusta el helado de fresa"]
    )
    assert english @ spanish > 0.6
    assert english @ other < 0.3


def test_universal_golden_values(universal: UniversalEncoder) -> None:
    """As computed when the weights were chosen; another NumPy must not change them."""
    row = universal.encode(["is ketamine addictive"])[0]
    assert row.shape == (universal.dimensions,)
    assert row[:4] == pytest.approx(GOLDEN, abs=1e-4)


def test_universal_bounds_its_work(universal: UniversalEncoder) -> None:
    beginning = "palabra " * (MAX_CHARACTERS // 8)
    rows = universal.encode([beginning, beginning + "más " * 10_000])
    assert np.allclose(rows[0], rows[1], atol=1e-5)
    assert universal.encode([]).shape == (0, universal.dimensions)


@pytest.mark.parametrize("text", ["", " ", "👍", "\ud800", "\x00", "a" * 100_000])
def test_any_text_gives_finite_rows(text: str) -> None:
    clean = text.encode("utf-8", "replace").decode()
    assert np.isfinite(shared().encode([clean])).all()


def test_pair_takes_the_nearer_of_both_cosines(minilm: MiniLM, universal: UniversalEncoder) -> None:
    pair = PairedEncoder(minilm, universal)
    rows = pair.encode(SENTENCES)
    expected = np.maximum(
        *(each.encode(SENTENCES) @ each.encode(SENTENCES).T for each in (minilm, universal))
    )
    assert np.allclose(pair.cosines(rows, rows), expected, atol=1e-5)


def test_shared_encoder_encodes_a_message_once() -> None:
    before = shared().encode_one.cache_info().hits
    first, second = shared().encode_one("a message nobody sent"), shared().encode_one("a message nobody sent")
    assert first is second
    assert shared().encode_one.cache_info().hits == before + 1
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1
