"""Mask values in a text, so that it can be shown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from logops.quality.secrets.entropy import entropy_bits

EXAMPLE_CHARACTERS = 300
MIN_REPEATED_BYTES = 5
"""A masked value that is at least this long is masked everywhere in the text. Shorter ones are parts of other words."""


RANDOM_RUN = re.compile(rb"[A-Za-z0-9+/_\-]{40,}={0,2}")
MIN_RANDOM_ENTROPY_BITS = 4.5
"""Bits per character. Digests in hexadecimal have at most 4, paths and words a little more, base64 has 5 and more."""


@dataclass(frozen=True)
class Span:
    """A part of a text to mask."""

    start: int
    end: int
    mask: str


def merged(spans: Sequence[Span]) -> list[Span]:
    """Return spans in the order of the text, without overlaps. The first given of those that overlap names the mask."""
    merged_spans: list[tuple[int, Span]] = []
    for order, span in sorted(enumerate(spans), key=lambda pair: pair[1].start):
        if merged_spans and span.start < merged_spans[-1][1].end:
            last_order, last = merged_spans.pop()
            mask = last.mask if last_order < order else span.mask
            merged_spans.append((min(last_order, order), Span(last.start, max(last.end, span.end), mask)))
        else:
            merged_spans.append((order, span))
    return [span for _, span in merged_spans]


def random_runs(text: bytes) -> list[Span]:
    """Return the long random parts of a text, such as the inner lines of a private key, which no rule can know."""
    return [
        Span(*match.span(), "[random characters]")
        for match in RANDOM_RUN.finditer(text)
        if entropy_bits(match.group().decode()) > MIN_RANDOM_ENTROPY_BITS
    ]


def masked(text: bytes, spans: Sequence[Span]) -> tuple[bytes, ...]:
    """Return the text in pieces: text, mask, text, mask, ..., text. A value is masked at each of its positions."""
    pieces: list[bytes] = []
    position = 0
    ordered = merged(spans)
    for span in ordered:
        pieces += [text[position : span.start], span.mask.encode()]
        position = span.end
    pieces.append(text[position:])
    for span in ordered:
        value = text[span.start : span.end]
        if len(value) >= MIN_REPEATED_BYTES:
            pieces[::2] = [piece.replace(value, span.mask.encode()) for piece in pieces[::2]]
    return tuple(pieces)


def example(text: bytes, spans: Sequence[Span], at: int) -> str:
    """Return a masked text in one line, shortened to the part around the span that contains the byte `at`.

    Without spans it is the start of the text.
    """
    if not spans:
        shown = printable(text[: 4 * EXAMPLE_CHARACTERS])
        return shown if len(shown) <= EXAMPLE_CHARACTERS else f"{shown[:EXAMPLE_CHARACTERS]}..."
    pieces = [printable(piece) for piece in masked(text, spans)]
    number = next((number for number, span in enumerate(merged(spans)) if span.start <= at < span.end), 0)
    before, mask, after = "".join(pieces[: 2 * number + 1]), pieces[2 * number + 1], "".join(pieces[2 * number + 2 :])
    room = max(EXAMPLE_CHARACTERS - len(mask), 0)
    kept_before = max(room // 2, room - len(after))
    kept_after = max(room - min(len(before), kept_before), 0)
    if len(before) > kept_before:
        before = "..." + before[len(before) - kept_before :]
    if len(after) > kept_after:
        after = after[:kept_after] + "..."
    return before + mask + after


def printable(text: bytes) -> str:
    """Return a text without characters that could break a line or control a terminal.

    >>> printable(b"caf\\xc3\\xa9\\n\\x1b[31m\\xff")
    'café\\\\n\\\\x1b[31m\\\\xff'
    """
    decoded = text.decode("utf-8", "backslashreplace")
    if decoded.isprintable():
        return decoded
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in decoded
    )
