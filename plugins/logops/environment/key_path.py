"""Paths of keys in a JSON object, as `http.status` or `'"http.status".code'`."""

import re

_STEP = re.compile(r'"((?:[^"\\]|\\.)+)"|([^."\s]+)')


class KeyPathError(ValueError):
    """A path of keys that cannot be read."""


def key_path(text: str) -> tuple[str, ...]:
    """Return the keys of a path. A dot enters an object; a key with dots is written in quotes. Raises KeyPathError.

    >>> key_path("http.status"), key_path('"http.status".code')
    (('http', 'status'), ('http.status', 'code'))
    """
    keys: list[str] = []
    position = 0
    while match := _STEP.match(text, position):
        keys.append(re.sub(r"\\(.)", r"\1", match[1]) if match[1] else match[2])
        position = match.end()
        if position == len(text):
            return tuple(keys)
        if text[position] != ".":
            break
        position += 1
    raise KeyPathError(f"{text!r} is not a path of keys: write it as status, http.status or '\"http.status\"'")
