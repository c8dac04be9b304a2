"""The lines of a canary while a rollout restarts ingesters: real Loki behind the pods of a real API server."""

import shutil
from pathlib import Path

import pytest

from logops.clients.loki import LokiClient
from logops.clients.loki.metrics import total
from logops.platforms.kubernetes import canary
from logops.platforms.platform import PlatformError
from tests.support.kubernetes_cluster import KubernetesCluster
from tests.support.loki_on_kubernetes import Deployment, deployed_loki
from tests.support.pod_programs import INGESTERS, Program, pod_of
from tests.support.waiting import wait_for


def upgrade(deployment: Deployment) -> list[str]:
    """Roll out another image, which restarts the ingesters. Return the messages."""
    deployment.chart.replace("grafana/loki:3.7.6", "grafana/loki:3.7.8")
    platform = deployment.platform
    messages: list[str] = []
    platform.apply("loki", platform.desired()["loki"], "upgrade", messages.append)
    return messages


def lines_written(deployment: Deployment) -> float:
    with LokiClient(deployment.canary.url) as client:
        return total(client.metrics(), "loki_canary_entries_total") or 0


def test_lines_of_the_canary_are_counted_after_each_restart_and_none_is_lost(
    cluster: KubernetesCluster, tmp_path: Path
) -> None:
    with deployed_loki(cluster, tmp_path) as deployment:
        messages = upgrade(deployment)
        pod = pod_of(deployment.api, deployment.namespace, "canary")
        counted = [message for message in messages if pod in message]

        assert deployment.kubelet.restarted == [*reversed(INGESTERS)]
        assert len(counted) == 3
        assert all(message.endswith(f"of canary {pod} found, none lost") for message in counted)


def test_lines_lost_with_the_write_ahead_log_of_a_killed_ingester_stop_the_restarts(
    cluster: KubernetesCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary, "ARRIVE_WITHIN_S", 10.0)
    with deployed_loki(cluster, tmp_path, ingesters=1) as deployment:

        def lose(program: Program) -> None:
            # Lines that are in no chunk yet: the ingester was flushed before its pod was deleted.
            enough = lines_written(deployment) + 3
            wait_for(lambda: lines_written(deployment) >= enough, 20)
            program.kill()
            shutil.rmtree(program.folder)

        deployment.kubelet.stop = lose
        with pytest.raises(
            PlatformError, match=r"after the restart of loki-main-ingester-0: \d+ of \d+ lines of canary"
        ):
            upgrade(deployment)
