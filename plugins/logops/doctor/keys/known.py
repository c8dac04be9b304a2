"""Look up the keys that Loki 3.7.8 and Promtail 3.6.15 know."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from logops.doctor.keys.generate import Keys, data_file
from logops.suggestions import CERTAIN, did_you_mean

Path = tuple[str | int, ...]
"""Keys and list indexes, from the top."""

ANY_NAME = "ANY"

_NEVER_KEYS = {
    "tenants": "Loki needs no list of tenants. Write their limits in the runtime configuration: overrides.TENANT.",
    "overrides": "Write tenants' limits in a separate file, and name that file in runtime_config.file.",
}
"""Keys that users write but Loki never had -> what to do instead."""

MEANT_KEYS = {
    "common.storage.filesystem.directory": "chunks_directory",
    "common.storage.filesystem.dir": "chunks_directory",
    "storage_config.filesystem.chunks_directory": "directory",
    "storage_config.filesystem.dir": "directory",
    "storage_config.object_store.filesystem.directory": "dir",
    "storage_config.object_store.filesystem.chunks_directory": "dir",
    "ruler.storage.local.rules_directory": "directory",
    "ruler.storage.local.dir": "directory",
    "ruler_storage.local.rules_directory": "directory",
    "ruler_storage.filesystem.directory": "dir",
    "common.storage.s3.bucket_name": "bucketnames",
    "ruler.storage.s3.bucket_name": "bucketnames",
    "storage_config.aws.bucket_name": "bucketnames",
    "storage_config.object_store.s3.bucketnames": "bucket_name",
}
"""A key that is right in another section, by dotted path -> the key with the same meaning in its section."""


@cache
def known_keys(program: str) -> Keys:
    """Return all keys of `loki` or `promtail`, as generated from the program."""
    keys: Keys = json.loads(data_file(program).read_text(encoding="utf-8"))
    return keys


def unknown_paths(value: Any, keys: Any, path: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the paths of unknown keys in a value, each with the keys that are allowed there."""
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
    """Return a path without list indexes, the form in which keys are looked up.

    >>> dotted(("schema_config", "configs", 0, "store"))
    'schema_config.configs.store'
    """
    return ".".join(step for step in path if isinstance(step, str))


def hint(path: Path, siblings: Mapping[str, Any], program: str) -> str:
    """Return advice for an unknown key: a similar key of the section, else another section with this key."""
    name = str(path[-1])
    if len(path) == 1 and name in _NEVER_KEYS:
        return _NEVER_KEYS[name]
    if meant := MEANT_KEYS.get(dotted(path)):
        return f"Write {meant} instead."
    if suggestion := did_you_mean(name, [key for key in siblings if key != ANY_NAME], CERTAIN):
        return suggestion.strip()
    section = f"{path[0]}."
    paths = _paths_by_key(program).get(name, ())
    elsewhere = sorted(paths, key=lambda path: (not path.startswith(section), path.count("."), path))
    return f"It belongs in {elsewhere[0].rpartition('.')[0] or 'the top level'}." if elsewhere else "Remove it."


@cache
def _paths_by_key(program: str) -> dict[str, list[str]]:
    """Return the paths of every key by its name."""
    paths: dict[str, list[str]] = {}
    for path in _paths(known_keys(program)):
        paths.setdefault(path.rpartition(".")[2], []).append(path)
    return paths


def _paths(keys: Any, above: str = "") -> Iterator[str]:
    for name, inner in (keys or {}).items():
        path = f"{above}.{name}" if above else name
        yield path
        yield from _paths(inner, path)
