"""Read Loki's configuration, or the values of its Helm chart, as a cluster."""

from collections.abc import Iterator, Mapping
from typing import Any

from logops.doctor import helm_chart as chart
from logops.doctor.deployment import Cluster, HelmValues, Location, UnreadablePart
from logops.doctor.keys.known import known_keys
from logops.doctor.reading.document_part import DocumentPart, tenant_limits
from logops.doctor.reading.safe_yaml import DocumentError, parse
from logops.doctor.untyped import as_mapping

_AZURE_KEYS = {
    "accountName": "account_name",
    "accountKey": "account_key",
    "connectionString": "connection_string",
    "endpointSuffix": "endpoint_suffix",
}
"""The chart's name of an Azure setting -> Loki's name."""

_SHARED_SECTIONS = {"server", "target", "tracing"}
"""Sections that other programs have too, so they do not identify a Loki configuration."""


def is_loki_config(document: Mapping[str, Any]) -> bool:
    """Return whether a mapping is a configuration of Loki, judged by its keys."""
    loki_sections = known_keys("loki").keys() - _SHARED_SECTIONS
    return bool(document.keys() & loki_sections) and "scrape_configs" not in document


def read_loki_config(config: Mapping[str, Any], name: str, location: Location) -> Cluster:
    """Return the cluster of a Loki configuration. Its replicas and volumes are unknown."""
    return Cluster(name, location, config, security=_is_security(name, config))


def read_loki_values(document: Mapping[str, Any], name: str, at_top: Location) -> Iterator[DocumentPart]:
    """Yield the cluster of Helm values. If its configuration is a template, yield an UnreadablePart first."""
    values = HelmValues(at_top, document)
    loki = as_mapping(document.get("loki"))
    config, key_locations = _sections(values, loki)
    loki_config, location = loki.get("config"), at_top.at("loki")
    if isinstance(loki_config, str):
        try:
            config = {**config, **as_mapping(next(iter(parse(loki_config, at_top.file)), None))}
            location = location.at("config")
        except DocumentError:
            reason = "a template; render the chart and check its ConfigMap instead"
            yield UnreadablePart(values.at("loki", "config"), reason)
    elif isinstance(loki_config, Mapping):
        config, location = {**config, **loki_config}, location.at("config")
    _add_storage(values, config, key_locations)
    ingester_section = _ingester_section(values)
    key_locations["ingester.persistence"] = values.at(ingester_section, "persistence")
    key_locations["overrides"] = values.at("loki", "runtimeConfig", "overrides")
    has_extra_mounts = any(
        values.get(section, "extraVolumeMounts") for section in (*chart.COMPONENTS, "defaults", "write", "singleBinary")
    )
    yield Cluster(
        name,
        location,
        config,
        defaults=chart.DEFAULTS,
        key_locations=key_locations,
        overrides=tenant_limits(values.get("loki", "runtimeConfig", "overrides")),
        replicas=_replicas(values),
        volume=None if has_extra_mounts else chart.VOLUME,
        ingester_volume=_has_volume(values, ingester_section),
        security=_is_security(name, config),
        values=values,
    )


def _sections(values: HelmValues, loki: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Location]]:
    """Return Loki's sections under `loki`, and the locations of those that the chart names or places differently."""
    loki_sections = known_keys("loki").keys() - chart.SWITCH_SECTIONS
    config = {key: value for key, value in loki.items() if key in loki_sections}
    key_locations = {}
    for section, chart_name in chart.RENAMED_SECTIONS.items():
        if chart_name in loki and section != "runtime_config":
            config[section] = loki[chart_name]
            key_locations[section] = values.at("loki", chart_name)
    for section, content in as_mapping(loki.get("structuredConfig")).items():
        location = values.at("loki", "structuredConfig", section)
        if not isinstance(content, Mapping):
            config[section], key_locations[section] = content, location
            continue
        config[section] = {**as_mapping(config.get(section)), **content}
        key_locations.update({f"{section}.{key}": location.at(key) for key in content})
    return config, key_locations


def _add_storage(values: HelmValues, config: dict[str, Any], key_locations: dict[str, Location]) -> None:
    """Add the Azure sections of Loki's configuration that the chart creates from `loki.storage`."""
    if values.get("loki", "storage", "type") != "azure":
        return
    location = values.at("loki", "storage", "azure")
    chart_settings = as_mapping(values.get("loki", "storage", "azure"))
    azure = {_AZURE_KEYS[key]: value for key, value in chart_settings.items() if key in _AZURE_KEYS and value}
    buckets = as_mapping(values.get("loki", "storage", "bucketNames"))
    for path, bucket in (("common.storage.azure", "chunks"), ("ruler.storage.azure", "ruler")):
        section, block, name = path.split(".")
        if buckets.get(bucket):
            outer = as_mapping(config.get(section))
            settings = {**azure, "container_name": buckets[bucket]}
            config[section] = {**outer, block: {**as_mapping(outer.get(block)), name: settings}}
            key_locations[path] = location
            for chart_key, loki_key in _AZURE_KEYS.items():
                key_locations[f"{path}.{loki_key}"] = location.at(chart_key)
            key_locations[f"{path}.container_name"] = values.at("loki", "storage", "bucketNames", bucket)


def _ingester_section(values: HelmValues) -> str:
    """Return the section of the values that configures the ingesters."""
    if chart.is_distributed(values):
        return "ingester"
    return "write" if str(values.get("deploymentMode") or "").startswith("SimpleScalable") else "singleBinary"


def _replicas(values: HelmValues) -> dict[str, int]:
    """Return the configured replicas by Loki's name of the component."""
    counts = {component: values.get(section, "replicas") for section, component in chart.COMPONENTS.items()}
    counts["ingester"] = values.get(_ingester_section(values), "replicas")
    return {component: count for component, count in counts.items() if isinstance(count, int)}


def _has_volume(values: HelmValues, section: str) -> bool | None:
    enabled = values.get(section, "persistence", "enabled")
    if section == "ingester":
        return enabled is True
    return False if enabled is False else None


def _is_security(name: str, config: Mapping[str, Any]) -> bool:
    azure = as_mapping(as_mapping(config.get("storage_config")).get("azure"))
    return "security" in f"{name} {azure.get('container_name', '')}".lower()
