"""Rules: each was evaluated as it was rolled out, without an error, and what is recorded arrives in Prometheus."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import yaml

from logops.environment.units import Duration
from logops.logql.errors import LogQLError
from logops.logql.parse import parse
from logops.logql.text import one_line
from logops.loki import LokiClient
from logops.loki.recorded import recorded
from logops.loki.rules import EvaluatedRule
from logops.platforms.platform import Platform
from logops.rollout.proofs.proof import Proof, wait_for

SLACK_SECONDS = 30.0
"""On top of the poll, after which the ruler has a rule, and the interval, after which it evaluates it: for Loki's
answer, and the batch in which Prometheus gets it."""


def proofs(platform: Platform) -> Iterator[Proof]:
    for name, text in platform.desired()["rules"].items():
        _, cluster, tenant, file = PurePosixPath(name).parts
        where = (cluster, tenant, file.removesuffix(".yaml"))
        for group in yaml.safe_load(text)["groups"]:
            patience = _patience(platform, cluster, group)
            subject = "/".join((*where, group["name"]))
            yield Proof("rules-evaluated", subject, partial(_evaluated, platform, where, group, patience))
            if url := platform.prometheus_url(cluster):
                for rule in (rule for rule in group["rules"] if "record" in rule):
                    subject = f"{cluster}/{tenant}/{rule['record']}"
                    yield Proof("series-recorded", subject, partial(_recorded, platform, url, rule, patience))


def _evaluated(platform: Platform, where: tuple[str, str, str], group: dict[str, Any], patience: float) -> str:
    cluster, tenant, namespace = where
    wanted = [(rule.get("record") or rule["alert"], rule["expr"]) for rule in group["rules"]]
    seen = {"state": "the ruler has not loaded it"}
    with LokiClient(platform.ruler_url(cluster)) as client:

        def look() -> bool | None:
            found = [
                one for one in client.evaluated_rules(tenant) if (one.namespace, one.name) == (namespace, group["name"])
            ]
            if not found:
                return None
            seen["state"] = _trouble(wanted, found[0].rules)
            return None if seen["state"] else True

        wait_for(look, lambda: f"{namespace}/{group['name']} of {tenant}: {seen['state']}", patience)
    return f"{len(wanted)} rules evaluated, none failed"


def _trouble(wanted: list[tuple[str, str]], rules: tuple[EvaluatedRule, ...]) -> str:
    """Why the rules that the ruler has are not the wanted ones at work; empty where they are."""
    if [(rule.name, _normal(rule.logql)) for rule in rules] != wanted:
        return "the ruler still has other rules"
    if failed := [f"{rule.name} failed: {rule.error}" for rule in rules if rule.health == "err"]:
        return "; ".join(failed)
    if waiting := [rule.name for rule in rules if rule.health != "ok" or not rule.evaluated]:
        return f"{', '.join(waiting)} was not evaluated"
    return ""


def _normal(logql: str) -> str:
    try:
        return one_line(parse(logql))
    except LogQLError:
        return logql


def _recorded(platform: Platform, url: str, rule: dict[str, Any], patience: float) -> str:
    """Where the rule's query answers nothing, nothing can arrive."""
    cluster, tenant = rule["labels"]["cluster"], rule["labels"]["tenant"]
    selector = f'{rule["record"]}{{cluster="{cluster}",tenant="{tenant}"}}'
    with LokiClient(platform.read_url(cluster)) as client:

        def look() -> str | None:
            if not client.query(tenant, rule["expr"], time.time_ns()):
                return "its query answers nothing now"
            # Not what arrived long ago.
            found = recorded(url, f"last_over_time({selector}[{patience:.0f}s])")
            return f"{len(found)} series in Prometheus" if found else None

        return wait_for(look, lambda: f"no series {selector} arrived at {url}", patience)


def _patience(platform: Platform, cluster: str, group: dict[str, Any]) -> float:
    """Seconds until a rule that was just stored must have been evaluated, and its series have arrived."""
    ruler = platform.environment.clusters[cluster].ruler
    interval = Duration(group["interval"]) if "interval" in group else ruler.evaluation_interval
    return ruler.poll_interval.seconds + interval.seconds + SLACK_SECONDS
