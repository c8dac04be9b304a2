"""Loki's configuration, and the values of its Helm chart, as a cluster."""

from collections.abc import Iterator, Mapping
from typing import Any

from logops.doctor import helm_chart as chart
from logops.doctor.deployment import Cluster, HelmValues, Location, UnreadablePart
from logops.doctor.keys.known import known_keys
from logops.doctor.reading.document_part import DocumentPart, tenant_limits
from logops.doctor.reading.safe_yaml import DocumentError, parse
from logops.doctor.untyped import as_mapping

_AZURE = {
    "accountName": "account_name",
    "accountKey": "account_key",
    "connectionString": "connection_string",
    "endpointSuffix": "endpoint_suffix",
}


_SHARED_SECTIONS = {"server", "target", "tracing"}
"""Sections that tell nothing: other programs have them too."""


def is_loki_config(document: Mapping[str, Any]) -> bool:
    """Whether a mapping's keys are those of Loki's configuration."""
    return bool(document.keys() & (known_keys("loki").keys() - _SHARED_SECTIONS)) and "scrape_configs" not in document


def read_loki_config(config: Mapping[str, Any], name: str, location: Location) -> Cluster:
    """A cluster of Loki's own configuration. Nothing is known of what runs it."""
    return Cluster(name, location, config, security=_is_security(name, config))


def read_loki_values(document: Mapping[str, Any], name: str, file: str) -> Iterator[DocumentPart]:
    """A cluster of Helm values: sections under `loki`, the chart's own names for some of them, and what runs them."""
    values = HelmValues(Location(file), document)
    loki = as_mapping(document.get("loki"))
    config, moved = _sections(values, loki)
    whole, location = loki.get("config"), Location(file, "loki")
    if isinstance(whole, str):
        try:
            config = {**config, **as_mapping(next(iter(parse(whole, file)), None))}
            location = location.at("config")
        except DocumentError:
            yield UnreadablePart(
                values.at("loki", "config"), "a template; render the chart and give its ConfigMap instead"
            )
    elif isinstance(whole, Mapping):
        config, location = {**config, **whole}, location.at("config")
    _storage(values, config, moved)
    ingesters, replicas = _ingesters(values), _replicas(values)
    moved["ingester.persistence"] = values.at(ingesters, "persistence")
    moved["overrides"] = values.at("loki", "runtimeConfig", "overrides")
    mounts = any(
        values.get(part, "extraVolumeMounts") for part in (*chart.COMPONENTS, "defaults", "write", "singleBinary")
    )
    yield Cluster(
        name,
        location,
        config,
        defaults=chart.DEFAULTS,
        moved=moved,
        overrides=tenant_limits(values.get("loki", "runtimeConfig", "overrides")),
        replicas=replicas,
        volume=None if mounts else chart.VOLUME,
        ingester_volume=_has_volume(values, ingesters),
        security=_is_security(name, config),
        values=values,
    )


def _sections(values: HelmValues, loki: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Location]]:
    """Loki's sections under `loki`, and where those stand that are not under their own name there."""
    config = {
        key: value for key, value in loki.items() if key in known_keys("loki") and key not in chart.SWITCH_SECTIONS
    }
    moved = {}
    for section, name in chart.RENAMED_SECTIONS.items():
        if name in loki and section != "runtime_config":
            config[section] = loki[name]
            moved[section] = values.at("loki", name)
    for section, written in as_mapping(loki.get("structuredConfig")).items():
        location = values.at("loki", "structuredConfig", section)
        if not isinstance(written, Mapping):
            config[section], moved[section] = written, location
            continue
        config[section] = {**as_mapping(config.get(section)), **written}
        moved.update({f"{section}.{key}": location.at(key) for key in written})
    return config, moved


def _storage(values: HelmValues, config: dict[str, Any], moved: dict[str, Location]) -> None:
    """The chart's `loki.storage` as the sections of Loki that it becomes."""
    if values.get("loki", "storage", "type") != "azure":
        return
    location = values.at("loki", "storage", "azure")
    azure = {_AZURE[k]: v for k, v in as_mapping(values.get("loki", "storage", "azure")).items() if k in _AZURE and v}
    buckets = as_mapping(values.get("loki", "storage", "bucketNames"))
    for path, bucket in (("common.storage.azure", "chunks"), ("ruler.storage.azure", "ruler")):
        section, below, name = path.split(".")
        if buckets.get(bucket):
            outer = as_mapping(config.get(section))
            settings = {**azure, "container_name": buckets[bucket]}
            config[section] = {**outer, below: {**as_mapping(outer.get(below)), name: settings}}
            moved[path] = location
            moved.update({f"{path}.{ours}": location.at(theirs) for theirs, ours in _AZURE.items()})
            moved[f"{path}.container_name"] = values.at("loki", "storage", "bucketNames", bucket)


def _ingesters(values: HelmValues) -> str:
    """The part of the values that runs the ingesters."""
    if chart.is_distributed(values):
        return "ingester"
    return "write" if str(values.get("deploymentMode") or "").startswith("SimpleScalable") else "singleBinary"


def _replicas(values: HelmValues) -> dict[str, int]:
    """Replicas by Loki's names, where they are written."""
    counts = {component: values.get(part, "replicas") for part, component in chart.COMPONENTS.items()}
    counts["ingester"] = values.get(_ingesters(values), "replicas")
    return {component: count for component, count in counts.items() if isinstance(count, int)}


def _has_volume(values: HelmValues, part: str) -> bool | None:
    switched = values.get(part, "persistence", "enabled")
    if part == "ingester":
        return switched is True
    return False if switched is False else None


def _is_security(name: str, config: Mapping[str, Any]) -> bool:
    azure = as_mapping(as_mapping(config.get("storage_config")).get("azure"))
    return "security" in f"{name} {azure.get('container_name', '')}".lower()
