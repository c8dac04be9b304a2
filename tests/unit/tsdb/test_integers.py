"""Numbers of an index file."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from logops.tsdb.integers import TOO_LONG, four_short_ends, four_uvarints, short_uvarint

NUMBERS = st.integers(0, 6).flatmap(lambda length: st.integers(0, 128**length)) | st.integers(0, (1 << 64) - 1)
ENOUGH = bytes([0x80] * 44)
"""Bytes after the numbers, which the code reads and must not use."""


def encoded(number: int) -> bytes:
    digits = bytearray()
    while number >= 0x80:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*digits, number))


def signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


@given(before=st.binary(max_size=9), numbers=st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), after=st.binary(max_size=9))
def test_four_numbers_are_the_encoded_ones_at_once_and_one_by_one(
    before: bytes, numbers: tuple[int, ...], after: bytes
) -> None:
    parts = [encoded(number) for number in numbers]
    data = np.frombuffer(before + b"".join(parts) + after + ENOUGH, np.uint8)
    ends = [len(before) + sum(map(len, parts[: count + 1])) for count in range(4)]

    assert four_uvarints(data, len(before)) == (*map(signed, numbers), ends[-1])
    found = four_short_ends(data, len(before))
    if ends[-1] - len(before) <= 16 and max(map(len, parts)) <= 8:
        assert list(found) == ends
        starts = [len(before), *ends[:-1]]
        assert [short_uvarint(data, *part) for part in zip(starts, ends, strict=True)] == list(numbers)
    else:
        assert found[-1] == TOO_LONG


@given(st.integers(0, 3))
def test_number_with_more_than_64_bits_among_four_is_refused(place: int) -> None:
    parts = [b"\x01"] * 4
    parts[place] = bytes([0xFF] * 9 + [2])
    data = np.frombuffer(b"".join(parts) + ENOUGH, np.uint8)

    assert four_short_ends(data, 0)[-1] == TOO_LONG
    assert four_uvarints(data, 0)[-1] == TOO_LONG
