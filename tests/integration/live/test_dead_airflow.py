"""The dead-man alert: if Airflow delivers nothing any more, both Alertmanagers have an alert, until it delivers again.

Everything is real: the results store, the metrics of logops, both Prometheus, both Alertmanagers. Only the waits of the
rule are shorter, and the last delivery is older than it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psutil

from logops.alerts.last_delivery import write_last_delivery
from logops.clients.alertmanager.client import AlertmanagerClient
from logops.environment.cluster import AUDIENCES, Data
from logops.platforms import open_results
from logops.platforms.local import LocalPlatform
from tests.support.local_platforms import pid_of, statuses
from tests.support.waiting import wait_for

RULES = "storage/prometheus/rules/logops.yaml"
PROMETHEUSES = ("prometheus", "prometheus-security")
WAITS = (("for: 2m", "for: 0s"), ('{component="logops"}) > 600', '{component="logops"}) > 0'))
"""The waits of the rule: for a second look, and for Airflow after a start of the machine. Each with a shorter one."""


def test_airflow_that_delivers_nothing_is_an_alert_in_both_alertmanagers_until_it_delivers_again(
    platform: LocalPlatform,
) -> None:
    store = open_results(platform.environment, platform.state.parents[1])
    name = platform.environment.name
    assert told(platform) == []

    with shorter_waits(platform):
        write_last_delivery(store, name, (), datetime.now(UTC) - timedelta(minutes=11))
        restart(platform, "metrics")
        wait_for(lambda: told(platform) == [*AUDIENCES], 120)
        write_last_delivery(store, name, (), datetime.now(UTC))
        restart(platform, "metrics")
        wait_for(lambda: told(platform) == [], 120)


def told(platform: LocalPlatform) -> list[Data]:
    """Return the audiences whose Alertmanager has the alert."""
    audiences = []
    for audience in AUDIENCES:
        [url] = platform.alertmanager_urls(audience)
        with AlertmanagerClient(url) as client:
            alerts = [dict(alert.labels) for alert in client.alerts()]
        if any((alert["alertname"], alert.get("path")) == ("check-overdue", "alerts") for alert in alerts):
            audiences.append(audience)
    return audiences


@contextmanager
def shorter_waits(platform: LocalPlatform) -> Iterator[None]:
    """Let both Prometheus load the rule with shorter waits, and the declared rule again at the end."""
    file = platform.state / "live" / RULES
    declared = file.read_text()
    shorter = declared
    for wait, short in WAITS:
        assert wait in shorter
        shorter = shorter.replace(wait, short, 1)
    try:
        file.write_text(shorter)
        restart(platform, *PROMETHEUSES)
        yield
    finally:
        file.write_text(declared)
        restart(platform, *PROMETHEUSES)


def restart(platform: LocalPlatform, *processes: str) -> None:
    """Kill processes, and wait until supervisord has started them again. `metrics` then reads the results again."""
    before = {process: pid_of(platform, process) for process in processes}
    for pid in before.values():
        psutil.Process(pid).kill()

    def is_back(process: str) -> bool:
        status = statuses(platform)[process]
        return status.ready and status.pid not in (None, before[process])

    wait_for(lambda: all(map(is_back, processes)))
