"""The name of a chunk's blob."""

import re
from dataclasses import dataclass
from typing import Self

_NAME = re.compile(
    r"(?P<tenant>[^/]+)/(?P<fingerprint>[0-9a-f]{1,16})"
    r"/(?P<from>[0-9a-f]{1,15})[-:](?P<through>[0-9a-f]{1,15})[-:](?P<checksum>[0-9a-f]{1,8})"
)


@dataclass(frozen=True, slots=True)
class ChunkName:
    """The parts of a chunk's name, which describe its content (ExternalKey in pkg/storage/config/schema_config.go).

    On Azure, Loki writes `-` instead of `:` (object_store.azure.chunk_delimiter).
    """

    tenant: str
    fingerprint: int
    from_ms: int
    through_ms: int
    checksum: int
    """CRC32C of the whole blob."""

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Return the parts of a name; None if it is not the name of a chunk.

        >>> ChunkName.parse("t1/bd15146d26cb7768/1a206677295-1a206677296-a94a724d").from_ms
        1795403772565
        """
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        numbers = (int(match[part], 16) for part in ("fingerprint", "from", "through", "checksum"))
        return cls(match["tenant"], *numbers)

    def __str__(self) -> str:
        return f"{self.tenant}/{self.fingerprint:x}/{self.from_ms:x}-{self.through_ms:x}-{self.checksum:x}"
