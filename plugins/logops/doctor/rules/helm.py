"""Rules for Helm values: keys that the chart ignores, missing components and values that it refuses.

Helm accepts unknown keys silently. Sources: the charts grafana-community/loki 18.11.0 (values.yaml,
templates/validate.yaml, _workload.tpl, _service.tpl) and grafana/promtail 6.17.1.
"""

from collections.abc import Iterator
from datetime import datetime

from logops.doctor.deployment import Cluster, Deployment, HelmValues
from logops.doctor.helm_chart import COMPONENTS, MODE, is_distributed
from logops.doctor.helm_keys import ignored_keys, mistyped_component
from logops.doctor.rules.rule import RuleFinding
from logops.doctor.untyped import as_mapping
from logops.findings.classes import doctor as classes

_PROMTAIL_IGNORED_KEYS = {
    ("config", "lokiAddress"): "config.clients[0].url",
    ("config", "scrapeConfigs"): "config.snippets.extraScrapeConfigs, as one text",
    ("volumes",): "extraVolumes",
    ("volumeMounts",): "extraVolumeMounts",
}

_PROMTAIL_CHART = "grafana/promtail 6.17.1"
_SCALABLE = ("write", "read", "backend")
_GRPC_LOAD_BALANCING_PORT = 9096


def helm_key_ignored(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report keys that the chart of Loki or Promtail does not read."""
    for cluster in deployment.clusters:
        if cluster.values:
            for steps, instead in ignored_keys(cluster.values):
                yield _ignored_key(cluster.values, steps, instead, cluster=cluster.name)
    for agent in deployment.agents:
        for steps, instead in _PROMTAIL_IGNORED_KEYS.items():
            if agent.kind == "promtail" and agent.values and agent.values.get(*steps) is not None:
                yield _ignored_key(agent.values, steps, instead, source=agent.name)


def component_missing(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report components of a distributed Loki that have no replica."""
    for cluster in deployment.clusters:
        values = cluster.values
        if values is None or not is_distributed(values):
            continue
        mistyped = {name for key in values.data if (name := mistyped_component(str(key)))}
        for name in COMPONENTS:
            needed = name != "ruler" or any(values.get("loki", key) for key in ("rulerConfig", "ruler"))
            settings = as_mapping(values.get(name))
            scaled = any(as_mapping(settings.get(key)).get("enabled") for key in ("autoscaling", "kedaAutoscaling"))
            count = settings.get("replicas", 0)
            if needed and not scaled and name not in mistyped and count == 0:
                location = values.at(name, "replicas")
                state = "0" if "replicas" in settings else "not set, so 0"
                message = f"{location.path} is {state}: no {COMPONENTS[name]} runs"
                yield RuleFinding(
                    classes.COMPONENT_MISSING, location, message, cluster=cluster.name, evidence={"replicas": 0}
                )


def helm_values_refused(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report values that the chart's checks or the Kubernetes API refuse."""
    for cluster in deployment.clusters:
        values = cluster.values
        if values is None:
            continue
        yield from _mixed_modes(cluster, values)
        title = _title(values)
        placed = {instead for _, instead in ignored_keys(values)}
        stores_objects = values.get("loki", "storage", "type") != "filesystem"
        buckets = values.get("loki", "storage", "bucketNames", "chunks") or "loki.storage.bucketNames.chunks" in placed
        if stores_objects and not buckets:
            location = values.at("loki", "storage", "bucketNames")
            message = (
                f"{location.path} is not set: the chart {title} requires the names of the containers for chunks and"
                " ruler"
            )
            yield RuleFinding(classes.HELM_VALUES_REFUSED, location, message, cluster=cluster.name)
        schema = any(values.get("loki", key) for key in ("schemaConfig", "schema_config", "useTestSchema"))
        schema = schema or values.get("loki", "structuredConfig", "schema_config")
        if not schema and "loki.schemaConfig" not in placed:
            location = values.at("loki", "schemaConfig")
            yield RuleFinding(
                classes.HELM_VALUES_REFUSED,
                location,
                f"{location.path} is not set: the chart {title} requires a schema",
                cluster=cluster.name,
            )
        if cluster.value("server.grpc_listen_port") == _GRPC_LOAD_BALANCING_PORT:
            location = cluster.at("server.grpc_listen_port")
            message = (
                f"{location.path} is 9096, but the services of the chart {title} already use that port"
                " for gRPC load balancing: Kubernetes refuses two ports with one number"
            )
            remedy = "Write 9095, the chart's default."
            yield RuleFinding(classes.HELM_VALUES_REFUSED, location, message, cluster=cluster.name, remedy=remedy)


def _title(values: HelmValues) -> str:
    return values.chart.full_name if values.chart else _PROMTAIL_CHART


def _mixed_modes(cluster: Cluster, values: HelmValues) -> Iterator[RuleFinding]:
    mode = values.get("deploymentMode") or (MODE[values.chart] if values.chart else "")
    scalable = [name for name in _SCALABLE if values.get(name, "replicas") != 0]
    if not is_distributed(values) or mode == "SimpleScalable<->Distributed" or (mode == "Distributed" and not scalable):
        return
    missing = ["deploymentMode: Distributed"] * (mode != "Distributed") + [f"{name}.replicas: 0" for name in scalable]
    location = values.at("deploymentMode")
    message = (
        f"{location.path} is {mode}, but distributed components have replicas too: the chart {_title(values)} refuses a"
        " mixture of modes"
    )
    remedy = f"Set {', '.join(missing)}."
    evidence = {"scalable_components": len(scalable)}
    yield RuleFinding(
        classes.HELM_VALUES_REFUSED, location, message, cluster=cluster.name, remedy=remedy, evidence=evidence
    )


def _ignored_key(
    values: HelmValues, steps: tuple[str, ...], instead: str, *, cluster: str = "", source: str = ""
) -> RuleFinding:
    location = values.at(*steps)
    message = f"the chart {_title(values)} does not read {location.path}"
    remedy = f"Write {instead} instead." if instead else "Remove it."
    return RuleFinding(classes.HELM_KEY_IGNORED, location, message, cluster=cluster, source=source, remedy=remedy)
