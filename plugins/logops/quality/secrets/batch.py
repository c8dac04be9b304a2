"""Texts as one block of bytes, so that one search covers all of them."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Self


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts as UTF-8, one after the other, each followed by a line end."""

    block: bytes
    ends: Sequence[int]
    """Position in the block after the line end of each text."""
    cut: int
    """Texts that were longer than allowed, and were cut."""

    @classmethod
    def of(cls, texts: Sequence[str], max_bytes: int) -> Self:
        """Return texts as a batch, each cut after `max_bytes`.

        Bytes that are not UTF-8 (decoded with `surrogateescape`) stay as they are. Half a surrogate pair, which JSON
        can contain, is kept as its three bytes.
        """
        joined = "\n".join(texts)
        if joined.isascii() and max(map(len, texts), default=0) <= max_bytes:
            lengths, block, cut = [*map(len, texts)], joined.encode(), 0
        else:
            # A character is at least one byte, so a huge text is cut before it is encoded.
            whole = [_encoded(text[: max_bytes + 1]) for text in texts]
            lengths = [min(len(text), max_bytes) for text in whole]
            block = b"\n".join(text[:max_bytes] for text in whole)
            cut = sum(len(text) > max_bytes for text in whole)
        return cls(block, [*accumulate(length + 1 for length in lengths)], cut)

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def size_bytes(self) -> int:
        """Bytes of the texts, without the line ends between them."""
        return len(self.block) - max(len(self.ends) - 1, 0)

    def text(self, number: int) -> bytes:
        return self.block[self.ends[number - 1] if number else 0 : self.ends[number] - 1]

    def number_at(self, position: int) -> int:
        """Return the number of the text at a position of the block. A line end belongs to the text before it."""
        return min(bisect_right(self.ends, position), len(self.ends) - 1)


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
