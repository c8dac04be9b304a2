"""Rules: the ruler evaluated each without an error, and recorded series arrive in Prometheus."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import yaml

from logops.clients.loki import EvaluatedRule, LokiClient
from logops.clients.prometheus import recorded
from logops.environment.units import Duration
from logops.number_text import count_text
from logops.platforms.platform import DeployablePlatform
from logops.rollout.verifications.verification import Verification, wait_for

SLACK_SECONDS = 30.0
"""Additional time after the ruler's poll and the evaluation interval: for Loki's answer, and for the batch that
Prometheus receives."""
STORED_WITHIN = timedelta(seconds=2)
"""A revision is dated before its rules are stored."""


def verifications(platform: DeployablePlatform) -> Iterator[Verification]:
    for name, text in platform.desired()["rules"].items():
        _, cluster, tenant, file = PurePosixPath(name).parts
        rule_file = (cluster, tenant, file.removesuffix(".yaml"))
        for group in yaml.safe_load(text)["groups"]:
            patience = _patience(platform, cluster, group)
            subject = "/".join((*rule_file, group["name"]))
            yield Verification("rules-evaluated", subject, partial(_evaluated, platform, rule_file, group, patience))
            if url := platform.prometheus_url(cluster):
                for rule in (rule for rule in group["rules"] if "record" in rule):
                    subject = f"{cluster}/{tenant}/{rule['record']}"
                    yield Verification("series-recorded", subject, partial(_recorded, platform, url, rule, patience))


def _evaluated(
    platform: DeployablePlatform, rule_file: tuple[str, str, str], group: dict[str, Any], patience: float
) -> str:
    cluster, tenant, namespace = rule_file
    expected = [rule.get("record") or rule["alert"] for rule in group["rules"]]
    since = _in_force(platform, cluster)
    problem = {"state": "the ruler has not loaded it"}
    with LokiClient(platform.ruler_url(cluster)) as client:

        def look() -> bool | None:
            loaded = client.evaluated_rules(tenant)
            for evaluated in loaded:
                if (evaluated.namespace, evaluated.name) == (namespace, group["name"]):
                    problem["state"] = trouble(expected, evaluated.rules, since)
                    return None if problem["state"] else True
            return None

        wait_for(look, lambda: f"{namespace}/{group['name']} of {tenant}: {problem['state']}", patience)
    return f"{count_text(len(expected), 'rule')} evaluated, none failed"


def trouble(expected: Sequence[str], rules: Sequence[EvaluatedRule], since: datetime) -> str:
    """Return why the rules of a group are not the desired ones or do not work; empty if all is well."""
    if [rule.name for rule in rules] != list(expected):
        return "the ruler has other rules"
    if old := [rule.name for rule in rules if rule.evaluated_at < since or rule.health == "unknown"]:
        return f"{', '.join(old)} was not evaluated since it was stored"
    return "; ".join(f"{rule.name} failed: {rule.error}" for rule in rules if rule.health != "ok")


def _in_force(platform: DeployablePlatform, cluster: str) -> datetime:
    """Return the time from which the ruler evaluates the newest stored rules.

    An evaluated rule has no version, and its text is not compared, because Loki formats expressions differently.
    """
    history = platform.revisions("rules")
    applied = history[-1].applied_at if history else datetime.min.replace(tzinfo=UTC)
    return applied + platform.environment.clusters[cluster].ruler.poll_interval.timedelta + STORED_WITHIN


def _recorded(platform: DeployablePlatform, url: str, rule: dict[str, Any], patience: float) -> str:
    """If the rule's query returns nothing, nothing can arrive."""
    cluster, tenant = rule["labels"]["cluster"], rule["labels"]["tenant"]
    selector = f'{rule["record"]}{{cluster="{cluster}",tenant="{tenant}"}}'
    with LokiClient(platform.read_url(cluster)) as client:

        def look() -> str | None:
            if not client.query(tenant, rule["expr"], time.time_ns()):
                return "its query answers nothing now"
            # Not a value that arrived long ago.
            series = recorded(url, f"last_over_time({selector}[{patience:.0f}s])")
            return f"{len(series)} series in Prometheus" if series else None

        return wait_for(look, lambda: f"no series {selector} arrived at {url}", patience)


def _patience(platform: DeployablePlatform, cluster: str, group: dict[str, Any]) -> float:
    """Return the seconds until a newly stored rule must have been evaluated and its series have arrived."""
    ruler = platform.environment.clusters[cluster].ruler
    interval = Duration(group["interval"]) if "interval" in group else ruler.evaluation_interval
    return ruler.poll_interval.seconds + interval.seconds + SLACK_SECONDS
