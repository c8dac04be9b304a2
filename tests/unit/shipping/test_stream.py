"""Lines of a file or a pipe."""

import io
from collections.abc import Iterator
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from logops.shipping.stream import read_lines

LONGEST = 16 * 1024 * 1024


class Pipe:
    """A pipe that delivers these pieces, one at each read."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)

    def read1(self, size: int = -1, /) -> bytes:
        return next(self._pieces, b"")


def lines_of(*pieces: bytes) -> list[str]:
    return list(chain.from_iterable(read_lines(Pipe(*pieces))))


@given(st.lists(st.binary(min_size=1), max_size=20))
def test_lines_do_not_depend_on_how_a_pipe_cuts_them(pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    assert lines_of(*pieces) == list(chain.from_iterable(read_lines(io.BytesIO(content))))


def test_each_line_is_given_as_soon_as_it_is_complete() -> None:
    lines = read_lines(Pipe(b"a\nb", b"c\n", b"d"))
    assert [next(lines), next(lines), next(lines)] == [["a"], ["bc"], ["d"]]


def test_line_without_line_break_at_the_end_is_read() -> None:
    assert lines_of(b"a\nb") == ["a", "b"]


def test_empty_lines_keep_the_number_of_the_next_ones() -> None:
    assert lines_of(b"a\n\nb\n") == ["a", "", "b"]


def test_carriage_return_at_the_end_is_removed() -> None:
    assert lines_of(b"a\r\nb\rc\r\n") == ["a", "b\rc"]


def test_invalid_utf8_is_replaced() -> None:
    assert lines_of(b"caf\xe9\n") == ["caf\N{REPLACEMENT CHARACTER}"]


def test_character_that_a_pipe_cuts_in_two_is_read() -> None:
    assert lines_of(b"caf\xc3", b"\xa9\n") == ["café"]


def test_endless_line_is_read_in_part_and_the_next_line_whole() -> None:
    endless, line = lines_of(*[b"x" * (LONGEST // 4)] * 8, b"x\nnext\n")
    assert LONGEST < len(endless) < LONGEST * 1.5
    assert line == "next"
