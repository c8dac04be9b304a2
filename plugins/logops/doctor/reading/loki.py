"""Read Loki's configuration, or the values of its Helm chart, as a cluster."""

from collections.abc import Iterator, Mapping
from typing import Any

from logops.doctor import helm_chart
from logops.doctor.charts import Chart, recognise
from logops.doctor.deployment import Cluster, HelmValues, Location, UnreadablePart
from logops.doctor.keys.known import known_keys
from logops.doctor.promtail.templates import TEMPLATE, parse_template
from logops.doctor.promtail.value import Ledger, Value
from logops.doctor.reading.document_part import DocumentPart, tenant_limits
from logops.doctor.reading.safe_yaml import DocumentError, parse
from logops.doctor.untyped import as_mapping
from logops.number_text import count_text

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


def read_loki_values(
    document: Mapping[str, Any], name: str, at_top: Location, chart: Chart | None = None
) -> Iterator[DocumentPart]:
    """Yield the cluster of Helm values. If its configuration is a template, yield an UnreadablePart first.

    chart   the chart that the values are for; None: the one that their keys show
    """
    chart = chart or recognise(document)
    values = HelmValues(at_top, document, chart)
    loki = as_mapping(document.get("loki"))
    config, key_locations = _sections(values, loki)
    loki_config, location, templates = loki.get("config"), at_top.at("loki"), list[str]()
    if isinstance(loki_config, str):
        whole, templates = _text_config(loki_config, values.at("loki", "config"))
        if templates:
            reason, remedy = (
                f"only Helm can evaluate {_listed(templates)}",
                "Run `helm template`, and check its ConfigMap.",
            )
            yield UnreadablePart(values.at("loki", "config"), reason, remedy, is_rest_checked=whole is not None)
        if whole is not None:
            config, location = {**config, **whole}, location.at("config")
    elif isinstance(loki_config, Mapping):
        config, location = {**config, **loki_config}, location.at("config")
    _add_storage(values, config, key_locations)
    ingester_section = _ingester_section(values)
    key_locations["ingester.persistence"] = values.at(ingester_section, "persistence")
    key_locations["overrides"] = values.at("loki", "runtimeConfig", "overrides")
    mounting = (*helm_chart.COMPONENTS, "defaults", "write", "singleBinary")
    has_extra_mounts = any(values.get(section, "extraVolumeMounts") for section in mounting)
    yield Cluster(
        name,
        location,
        config,
        # In the values of loki-stack, keys are laid over a configuration without tenants.
        defaults={**helm_chart.DEFAULTS, **({"auth_enabled": False} if chart is Chart.STACK else {})},
        key_locations=key_locations,
        overrides=tenant_limits(values.get("loki", "runtimeConfig", "overrides")),
        replicas=_replicas(values),
        volume=helm_chart.VOLUME if chart.is_current and not has_extra_mounts else None,
        ingester_volume=_has_volume(values, ingester_section) if chart.is_current else None,
        security=_is_security(name, config),
        values=values if chart.is_current else None,
        chart=chart,
        # Only the newest chart sets the argument itself; in the others it is one of extraArgs.
        expands_variables=chart is Chart.LOKI or "config.expand-env" in str(document),
        is_excerpt=bool(templates) or not chart.is_current,
    )


def _text_config(text: str, location: Location) -> tuple[Mapping[str, Any] | None, list[str]]:
    """Return the configuration in `loki.config`, without templates, and the templates; None if it is not readable."""
    if "{{" not in text:
        return as_mapping(next(iter(parse(text, location.file)), None)), []
    ledger = Ledger()
    try:
        return as_mapping(parse_template(text, Value(text, location, ledger), ledger)), TEMPLATE.findall(text)
    except DocumentError:
        return None, TEMPLATE.findall(text)


def _listed(templates: list[str]) -> str:
    """Return the first templates for a message."""
    shown = ", ".join(f"`{' '.join(template.split())}`" for template in templates[:2])
    more = f" and {count_text(len(templates) - 2, 'other template')}" if len(templates) > 2 else ""
    return f"{shown}{more}"


def _sections(values: HelmValues, loki: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Location]]:
    """Return Loki's sections under `loki`, and the locations of those that the chart names or places differently."""
    loki_sections = known_keys("loki").keys() - helm_chart.SWITCH_SECTIONS
    config = {key: value for key, value in loki.items() if key in loki_sections}
    key_locations = {}
    for section, chart_name in helm_chart.RENAMED_SECTIONS.items():
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
    if helm_chart.is_distributed(values):
        return "ingester"
    return "write" if str(values.get("deploymentMode") or "").startswith("SimpleScalable") else "singleBinary"


def _replicas(values: HelmValues) -> dict[str, int]:
    """Return the configured replicas by Loki's name of the component."""
    counts = {component: values.get(section, "replicas") for section, component in helm_chart.COMPONENTS.items()}
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
