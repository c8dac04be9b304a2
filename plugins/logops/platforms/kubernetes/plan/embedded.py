"""Texts inside of ConfigMaps and Secrets that are YAML documents. Pure."""

from typing import Any

import yaml

from logops.platforms.kubernetes.plan.paths import Path

_SUFFIXES = (".yaml", ".yml", ".json")


class _Loader(yaml.BaseLoader):
    """Reads every scalar as text, so that a value is compared as it is written."""


def is_document(path: Path, kind: str) -> bool:
    """Whether the text at a path of an object is the file of a configuration."""
    return (
        kind in ("ConfigMap", "Secret")
        and len(path) == 2
        and path[0] == "data"
        and isinstance(path[1], str)
        and path[1].endswith(_SUFFIXES)
    )


def document(text: object) -> Any:
    """Return the mapping or list that a text holds; None if it holds something else."""
    if not isinstance(text, str):
        return None
    try:
        # A subclass of the safe base loader: it builds texts, lists and mappings only.
        data = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError):
        return None
    return data if isinstance(data, dict | list) else None
