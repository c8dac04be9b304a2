"""Read numbers from a chunk's bytes. Every function checks the bounds."""


class DamagedError(Exception):
    """The bytes are not what Loki writes. `verify_chunk` adds the name of the chunk."""

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(what)
        self.offset = offset
        """Bytes from the start of the blob."""
        self.what = what


class UnknownFormatError(DamagedError):
    """The bytes are a format that no known version of Loki writes, or damaged."""


class Reader:
    """Numbers in a part of a blob, read one after another."""

    def __init__(self, blob: bytes, start: int, end: int) -> None:
        self._blob = blob
        self.position = start
        self._end = end

    def big_endian(self, length: int) -> int:
        """Return the unsigned number in the next `length` bytes."""
        start, self.position = self.position, self.position + length
        if self.position > self._end:
            raise DamagedError(start, "it ends in the middle of a number")
        return int.from_bytes(self._blob[start : self.position], "big")

    def uvarint(self) -> int:
        """Return the next unsigned number in Go's variable-length format (encoding/binary)."""
        value = shift = 0
        for position in range(self.position, min(self.position + 10, self._end)):
            byte = self._blob[position]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                self.position = position + 1
                return value
            shift += 7
        raise DamagedError(self.position, "it has a number without an end")

    def varint(self) -> int:
        """Return the next signed number: zigzag, as a uvarint."""
        value = self.uvarint()
        return (value >> 1) ^ -(value & 1)
