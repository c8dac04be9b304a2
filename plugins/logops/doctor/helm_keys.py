"""Find the keys in Helm values that Loki's chart does not read, and what to write instead."""

from collections.abc import Iterator
from difflib import get_close_matches

from logops.doctor.deployment import HelmValues
from logops.doctor.helm_chart import (
    AZURE_KEYS,
    CHART_KEYS,
    COMPONENTS,
    LOKI_SECTIONS,
    RENAMED_SECTIONS,
    STORAGE_KEYS,
)
from logops.doctor.keys.known import known_keys
from logops.doctor.untyped import as_mapping
from logops.suggestions import closest

_MISTYPED = 0.85
"""Similarity of a mistyped component. Keys that the chart reads, such as `patternIngester`, are below it."""
_BELOW_LOKI = (
    LOKI_SECTIONS | RENAMED_SECTIONS.keys() | set(RENAMED_SECTIONS.values()) | {"structuredConfig", "storage"}
) - (COMPONENTS.keys())
"""Keys below `loki` that no key at the top has the name of."""


def ignored_keys(values: HelmValues) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield keys that the chart does not read, each with the key to write instead, or ""."""
    for key in as_mapping(values.get("loki")):
        if instead := _ignored_below_loki(str(key)):
            yield ("loki", str(key)), instead.strip()
    yield from _ignored_at_the_top(values)
    yield from _ignored_storage(values)
    for name in ("ingester", "compactor"):
        # The chart's default has one claim, whose size wins. The chart reads these keys only if the list is empty.
        claims = values.get(name, "persistence", "claims")
        for key in ("size", "storageClass"):
            if claims != [] and values.get(name, "persistence", key) is not None:
                yield (name, "persistence", key), f"{name}.persistence.claims[0].{key}"


def mistyped_component(key: str) -> str:
    """Return the component that `query-frontend` or `ingestor` means; "" for a name that the chart reads."""
    first, *others = key.replace("_", "-").split("-")
    name = first + "".join(word.capitalize() for word in others)
    if key in COMPONENTS or name in COMPONENTS:
        return "" if key in COMPONENTS else name
    return closest(name, COMPONENTS, _MISTYPED) or ""


def _ignored_below_loki(key: str) -> str:
    """Return the key to write instead of a key below `loki`: "" if the chart reads it, " " if there is none."""
    if key in RENAMED_SECTIONS:
        return f"loki.{RENAMED_SECTIONS[key]}"
    if key in known_keys("loki") and key not in LOKI_SECTIONS:
        return f"loki.structuredConfig.{key}"
    if key in LOKI_SECTIONS | CHART_KEYS:
        return ""
    close = get_close_matches(_snake_case(key), LOKI_SECTIONS, n=1) or get_close_matches(key, CHART_KEYS, n=1)
    return f"loki.{close[0]}" if close else " "


def _ignored_at_the_top(values: HelmValues) -> Iterator[tuple[tuple[str, ...], str]]:
    for key in map(str, values.data):
        if name := mistyped_component(key):
            yield (key,), name
        elif key in _BELOW_LOKI:
            yield (key,), f"loki.{RENAMED_SECTIONS.get(key, key)}"
    for component in COMPONENTS:
        for key in map(str, as_mapping(values.get(component))):
            if section := _section_of(component, key):
                yield (component, key), f"loki.{section}.{key}"


def _ignored_storage(values: HelmValues) -> Iterator[tuple[tuple[str, ...], str]]:
    storage = as_mapping(values.get("loki", "storage"))
    for key in map(str, storage.keys() - STORAGE_KEYS):
        above = RENAMED_SECTIONS.get(key, key if key in LOKI_SECTIONS | CHART_KEYS else "")
        close = get_close_matches(key, STORAGE_KEYS, n=1)
        yield ("loki", "storage", key), f"loki.{above}" if above else f"loki.storage.{close[0]}" if close else ""
    for key in map(str, as_mapping(storage.get("azure")).keys() - AZURE_KEYS):
        close = get_close_matches(key, AZURE_KEYS, n=1)
        bucket = "container" in key.lower() or "bucket" in key.lower()
        if bucket:
            is_set = values.get("loki", "storage", "bucketNames", "chunks")
            yield ("loki", "storage", "azure", key), "" if is_set else "loki.storage.bucketNames.chunks"
        else:
            yield ("loki", "storage", "azure", key), f"loki.storage.azure.{close[0]}" if close else ""


def _section_of(component: str, key: str) -> str:
    """Return Loki's section if a key below a component of the chart is a key of Loki: `retention_enabled`."""
    section = COMPONENTS[component].replace("-", "_").replace("query_frontend", "frontend")
    return section if ("_" in key or key == "wal") and key in known_keys("loki").get(section, {}) else ""


def _snake_case(key: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)
