"""Tests of the Prometheus of each audience on the running environment: targets, rules, and where alerts go."""

from collections import Counter

import psutil
import pytest
import requests

from logops.clients.loki.metrics import parse_metrics
from logops.clients.metric_names import LOKI_4_SHIPPER
from logops.clients.prometheus import alertmanagers_of, scraped_targets
from logops.environment.cluster import AUDIENCES
from logops.platforms.local import LocalPlatform
from logops.rollout import VerificationError, verify_stage
from logops.rollout.verifications import storage
from logops.rules.prometheus import metrics_of
from tests.support.environments import PROMETHEUS_RULES
from tests.support.local_platforms import pid_of, statuses
from tests.support.waiting import wait_for

ONLY_AFTER_AN_EVENT = {
    "loki_discarded_samples_total",
    "loki_boltdb_shipper_retention_sweeper_chunk_deleted_duration_seconds_count",
    "logops_delivery_last_timestamp_seconds",
}
"""From the first refused line (pkg/validation/validate.go), the first deleted chunk, the first delivery of alerts."""
RULES = "storage/prometheus/rules/logops.yaml"


def test_every_process_is_scraped_by_one_prometheus(platform: LocalPlatform) -> None:
    expected = {name for name, status in statuses(platform).items() if name != "azurite"}

    def scraped() -> dict[str, str]:
        targets = [target for url in platform.alerting_prometheus_urls() for target in scraped_targets(url)]
        # The metrics of logops have a page for each audience.
        assert [name for name, count in Counter(t.instance for t in targets).items() if count > 1] == ["metrics"]
        return {target.instance: target.health for target in targets}

    wait_for(lambda: set(scraped().values()) == {"up"}, 60)
    assert scraped().keys() == expected


def test_alerts_go_to_the_alertmanager_of_the_audience_only(platform: LocalPlatform) -> None:
    receivers = [alertmanagers_of(url) for url in platform.alerting_prometheus_urls()]

    assert receivers == [[f"{url}/api/v2/alerts" for url in platform.alertmanager_urls(who)] for who in AUDIENCES]


def test_every_metric_of_a_rule_is_a_metric_of_a_running_process(platform: LocalPlatform) -> None:
    pages = [
        requests.get(f"http://127.0.0.1:{status.port}/metrics", timeout=10).text
        for name, status in statuses(platform).items()
        if name != "azurite"
    ]
    names = {metric.name for page in pages for metric in parse_metrics(page)}
    of_loki_3 = {name for name in metrics_of(PROMETHEUS_RULES) if not name.startswith(LOKI_4_SHIPPER)}

    assert of_loki_3 - names - ONLY_AFTER_AN_EVENT == {"up"}, "`up` comes from Prometheus itself"


def test_rule_that_prometheus_does_not_load_fails_the_storage_verification(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = platform.state / "live" / RULES
    declared = file.read_text()
    try:
        file.write_text(declared.replace("alert: check-overdue", "alert: other"))
        restart_prometheus(platform)
        monkeypatch.setattr(storage, "EVALUATED_WITHIN_S", 1.0)
        with pytest.raises(VerificationError, match="Prometheus has not loaded check-overdue"):
            verify_stage(platform, "storage", print)
    finally:
        monkeypatch.undo()
        file.write_text(declared)
        restart_prometheus(platform)
    verify_stage(platform, "storage", print)


def restart_prometheus(platform: LocalPlatform) -> None:
    """Kill the standard Prometheus. supervisord starts it again."""
    old = pid_of(platform, "prometheus")
    psutil.Process(old).kill()
    wait_for(lambda: (status := statuses(platform)["prometheus"]).ready and status.pid not in (None, old))
