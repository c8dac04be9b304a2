"""Whether a rollout runs, as a delivery of alerts sees it: it only reads the environment."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from logops.alerts.rollouts import muting_rollouts
from logops.platforms import open_to_read
from logops.platforms.kubernetes.access import CONTENT, FILE
from logops.platforms.kubernetes.platform import KubernetesPlatform
from logops.platforms.platform import ReadablePlatform
from tests.integration.kubernetes.conftest import USER
from tests.support.kubernetes_cluster import KubernetesCluster


@pytest.fixture
def readable(
    platform: KubernetesPlatform, cluster: KubernetesCluster, monkeypatch: pytest.MonkeyPatch
) -> ReadablePlatform:
    monkeypatch.delenv(CONTENT, raising=False)
    monkeypatch.setenv(FILE, str(cluster.kubeconfig()))
    return open_to_read(platform.environment, Path("/nowhere"))


def test_running_rollout_mutes_until_it_gives_its_lease_back(
    platform: KubernetesPlatform, readable: ReadablePlatform
) -> None:
    before = readable.rollout_since()
    platform.acquire_lease("run")
    since = readable.rollout_since()
    now = datetime.now(UTC)
    (mute,) = muting_rollouts([], since, platform.environment, now)
    platform.release_lease("run")

    assert (before, readable.rollout_since()) == (None, None)
    assert (mute.began, mute.is_running) == (since, True)
    assert mute.until > now


def test_cluster_that_cannot_be_asked_mutes_nothing(
    platform: KubernetesPlatform,
    readable: ReadablePlatform,
    cluster: KubernetesCluster,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    platform.acquire_lease("run")
    monkeypatch.setenv(FILE, str(cluster.kubeconfig(f"{USER}-token", USER)))
    without_rights = readable.rollout_since()
    away = tmp_path / "away.kubeconfig"
    away.write_text(cluster.kubeconfig().read_text().replace(cluster.url, "https://127.0.0.1:1"))
    monkeypatch.setenv(FILE, str(away))
    unreachable = readable.rollout_since()
    monkeypatch.setenv(FILE, str(tmp_path / "missing"))

    assert (without_rights, unreachable, readable.rollout_since()) == (None, None, None)
