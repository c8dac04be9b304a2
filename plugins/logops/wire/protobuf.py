"""The few parts of protobuf's wire format that a request needs (protobuf.dev, encoding)."""

from functools import lru_cache


@lru_cache(maxsize=16_384)
def varint(value: int) -> bytes:
    """Return a non-negative number as a varint. Cached: lengths and seconds repeat.

    >>> varint(300)
    b'\\xac\\x02'
    """
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def field(number: int, content: bytes) -> bytes:
    """Return a field with bytes, a text, or a message.

    >>> field(1, b"a")
    b'\\n\\x01a'
    """
    return varint(number << 3 | 2) + varint(len(content)) + content


def number_field(number: int, value: int) -> bytes:
    """Return a field with a non-negative number."""
    return varint(number << 3) + varint(value)
