"""Encoded metadata of one request."""

from collections.abc import Callable


class PairCache(dict[tuple[str, str], bytes]):
    """Encodes each pair of metadata once a request: records share many, for example the logger's name."""

    def __init__(self, encode: Callable[[str, str], bytes]) -> None:
        self._encode = encode

    def __missing__(self, pair: tuple[str, str]) -> bytes:
        encoded = self[pair] = self._encode(*pair)
        return encoded
