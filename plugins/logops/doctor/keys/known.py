"""The keys that Loki 3.7.8 and Promtail 3.6.15 know."""

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from logops.doctor.keys.generate import Keys, data_file

Path = tuple[str | int, ...]
"""Keys and indexes of lists, from the top."""

ANY_NAME = "ANY"

_ELSEWHERE = {
    "tenants": "Loki takes tenants as they come; their limits stand in the runtime configuration: overrides.TENANT.",
    "overrides": "Tenants' limits stand in a file of their own, which runtime_config.file names.",
}
"""What people write that was never a key, and where the thing belongs."""


@cache
def known_keys(program: str) -> Keys:
    """All keys of `loki` or `promtail`, as generated from the program."""
    keys: Keys = json.loads(data_file(program).read_text(encoding="utf-8"))
    return keys


def unknown_paths(value: Any, keys: Any, path: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Paths of the keys in a value that are not known, each with the keys that may stand in its place."""
    if keys is None:
        return
    if isinstance(value, list):
        for index, element in enumerate(value):
            yield from unknown_paths(element, keys, (*path, index))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name in keys or ANY_NAME in keys:
                yield from unknown_paths(inner, keys.get(name, keys.get(ANY_NAME)), (*path, str(name)))
            else:
                yield (*path, str(name)), keys


def dotted(path: Path) -> str:
    """Without indexes: the form in which keys are looked up.

    >>> dotted(("schema_config", "configs", 0, "store"))
    'schema_config.configs.store'
    """
    return ".".join(step for step in path if isinstance(step, str))


def hint(path: Path, siblings: Mapping[str, Any], program: str) -> str:
    """What was probably meant: a sibling of nearly the same name, else where the very key is known."""
    name = str(path[-1])
    if len(path) == 1 and name in _ELSEWHERE:
        return _ELSEWHERE[name]
    close = get_close_matches(name, [key for key in siblings if key != ANY_NAME], n=1, cutoff=0.75)
    if close:
        return f"Did you mean {close[0]}?"
    section = f"{path[0]}."
    locations = _places(program).get(name, ())
    elsewhere = sorted(
        locations, key=lambda location: (not location.startswith(section), location.count("."), location)
    )
    return f"It belongs in {elsewhere[0].rpartition('.')[0] or 'the top level'}." if elsewhere else "Remove it."


@cache
def _places(program: str) -> dict[str, list[str]]:
    """Every path at which a key of a name is known."""
    locations: dict[str, list[str]] = {}
    for path in _paths(known_keys(program)):
        locations.setdefault(path.rpartition(".")[2], []).append(path)
    return locations


def _paths(keys: Any, above: str = "") -> Iterator[str]:
    for name, inner in (keys or {}).items():
        path = f"{above}.{name}" if above else name
        yield path
        yield from _paths(inner, path)
