"""Helm values against the charts that read them.

Facts: charts grafana-community/loki 18.11.0 (values.yaml, templates/validate.yaml, _workload.tpl, _service.tpl) and
grafana/promtail 6.17.1. Helm takes keys it does not know without a word.
"""

from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches

from logops.doctor.deployment import Cluster, Deployment, HelmValues
from logops.doctor.helm_chart import CHART_KEYS, COMPONENTS, LOKI_SECTIONS, RENAMED_SECTIONS, is_distributed
from logops.doctor.keys.known import known_keys
from logops.doctor.rules.rule import RuleFinding
from logops.findings.classes import doctor as classes

_PROMTAIL = {
    ("config", "lokiAddress"): "config.clients[0].url",
    ("config", "scrapeConfigs"): "config.snippets.extraScrapeConfigs (a text)",
    ("volumes",): "extraVolumes",
    ("volumeMounts",): "extraVolumeMounts",
}

_SCALABLE = ("write", "read", "backend")
_GRPC_LOAD_BALANCING_PORT = 9096


def helm_key_ignored(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Keys that neither chart reads."""
    for cluster in deployment.clusters:
        if cluster.values:
            for steps, instead in _ignored(cluster.values):
                yield _ignored_key(cluster.values, steps, instead, cluster=cluster.name)
    for agent in deployment.agents:
        for steps, instead in _PROMTAIL.items():
            if agent.kind == "promtail" and agent.values and agent.values.get(*steps) is not None:
                yield _ignored_key(agent.values, steps, instead, source=agent.name)


def component_missing(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Components of a distributed Loki with no replica."""
    for cluster in deployment.clusters:
        values = cluster.values
        if values is None or not is_distributed(values):
            continue
        mistyped = {name for key in values.written if (name := _mistyped_component(str(key)))}
        for name in COMPONENTS:
            rules = name != "ruler" or any(values.get("loki", key) for key in ("rulerConfig", "ruler"))
            own = values.get(name)
            written = own if isinstance(own, dict) else {}
            scaled = any(
                isinstance(written.get(how), dict) and written[how].get("enabled")
                for how in ("autoscaling", "kedaAutoscaling")
            )
            count = written.get("replicas", 0)
            if rules and not scaled and name not in mistyped and count == 0:
                location = values.at(name, "replicas")
                how = "0" if "replicas" in written else "not set, so 0"
                message = f"{location.path} is {how}: no {COMPONENTS[name]} runs"
                yield RuleFinding(
                    classes.COMPONENT_MISSING, location, message, cluster=cluster.name, evidence={"replicas": 0}
                )


def helm_values_refused(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """What the chart's own checks, or the Kubernetes API, refuse."""
    for cluster in deployment.clusters:
        values = cluster.values
        if values is None:
            continue
        yield from _mixed_modes(cluster, values)
        stores_objects = values.get("loki", "storage", "type") != "filesystem"
        if stores_objects and not values.get("loki", "storage", "bucketNames", "chunks"):
            location = values.at("loki", "storage", "bucketNames")
            message = f"{location.path} is not set: the chart asks for the names of the containers for chunks and ruler"
            yield RuleFinding(classes.HELM_VALUES_REFUSED, location, message, cluster=cluster.name)
        schema = any(values.get("loki", key) for key in ("schemaConfig", "schema_config", "useTestSchema"))
        if not schema and not values.get("loki", "structuredConfig", "schema_config"):
            location = values.at("loki", "schemaConfig")
            yield RuleFinding(
                classes.HELM_VALUES_REFUSED, location, f"{location.path} is not set", cluster=cluster.name
            )
        if cluster.value("server.grpc_listen_port") == _GRPC_LOAD_BALANCING_PORT:
            location = cluster.at("server.grpc_listen_port")
            message = (
                f"{location.path} is 9096, which the chart's services use for grpclb already:"
                " Kubernetes refuses two ports of the same number"
            )
            remedy = "Leave it at 9095."
            yield RuleFinding(classes.HELM_VALUES_REFUSED, location, message, cluster=cluster.name, remedy=remedy)


def _mixed_modes(cluster: Cluster, values: HelmValues) -> Iterator[RuleFinding]:
    mode = values.get("deploymentMode") or "Monolithic"
    scalable = [name for name in _SCALABLE if values.get(name, "replicas") != 0]
    if not is_distributed(values) or mode == "SimpleScalable<->Distributed" or (mode == "Distributed" and not scalable):
        return
    missing = ["deploymentMode: Distributed"] * (mode != "Distributed") + [f"{name}.replicas: 0" for name in scalable]
    location = values.at("deploymentMode")
    message = f"{location.path} is {mode}, with replicas for distributed components too: the chart refuses the mixture"
    remedy = f"Set {', '.join(missing)}."
    evidence = {"scalable_components": len(scalable)}
    yield RuleFinding(
        classes.HELM_VALUES_REFUSED, location, message, cluster=cluster.name, remedy=remedy, evidence=evidence
    )


def _ignored(values: HelmValues) -> Iterator[tuple[tuple[str, ...], str]]:
    """Keys that the chart does not read, and what to write instead (nothing where it is not known)."""
    loki = values.get("loki")
    for key in map(str, loki if isinstance(loki, dict) else ()):
        if key in RENAMED_SECTIONS:
            yield ("loki", key), f"loki.{RENAMED_SECTIONS[key]}"
        elif key in known_keys("loki") and key not in LOKI_SECTIONS:
            yield ("loki", key), f"loki.structuredConfig.{key}"
        elif key not in LOKI_SECTIONS | CHART_KEYS:
            close = get_close_matches(_snake(key), LOKI_SECTIONS, n=1) or get_close_matches(key, CHART_KEYS, n=1)
            yield ("loki", key), f"loki.{close[0]}" if close else ""
    for key in map(str, values.written):
        if name := _mistyped_component(key):
            yield (key,), name
    for name in ("ingester", "compactor"):
        # The chart comes with one claim, whose own size counts; only an empty list gives way to these keys.
        claims = values.get(name, "persistence", "claims")
        for key in ("size", "storageClass"):
            if claims != [] and values.get(name, "persistence", key) is not None:
                yield (name, "persistence", key), f"{name}.persistence.claims[0].{key}"


def _mistyped_component(key: str) -> str:
    """The component meant by `query-frontend` or `query_frontend`; empty for a name that the chart reads."""
    first, *rest = key.replace("_", "-").split("-")
    name = first + "".join(part.capitalize() for part in rest)
    return name if name != key and name in COMPONENTS else ""


def _snake(key: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)


def _ignored_key(
    values: HelmValues, steps: tuple[str, ...], instead: str, *, cluster: str = "", source: str = ""
) -> RuleFinding:
    location = values.at(*steps)
    message = f"the chart does not read {location.path}"
    remedy = f"Write {instead} instead." if instead else "Remove it."
    return RuleFinding(classes.HELM_KEY_IGNORED, location, message, cluster=cluster, source=source, remedy=remedy)
