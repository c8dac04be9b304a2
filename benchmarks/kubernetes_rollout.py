"""Measure a rollout of `production` on Kubernetes: the first one, a plan, and a rollout that changes nothing.

    LOGOPS_CHARTS=FOLDER python -m benchmarks.kubernetes_rollout [--rounds 3]

LOGOPS_CHARTS names a folder with an unpacked upstream chart in each subfolder. The cluster is a real API server without
nodes: nothing of it measures Loki.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from logops.platforms.kubernetes.platform import KubernetesPlatform
from logops.stages import Stage
from tests.support.kubernetes_cluster import KubernetesCluster, kubernetes_cluster, kubernetes_programs
from tests.support.kubernetes_platforms import fake_loki, production_with_upstream_charts

STAGES: tuple[Stage, ...] = ("loki", "agents", "tenants")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    os.environ["LOGOPS_HELM"] = kubernetes_programs()["helm"]
    charts = Path(os.environ["LOGOPS_CHARTS"])
    with (
        tempfile.TemporaryDirectory() as folder,
        kubernetes_cluster(Path(folder)) as cluster,
        fake_loki() as loki,
        production_with_upstream_charts(charts, cluster, loki) as platform,
    ):
        measure(platform, cluster, rounds)


def measure(platform: KubernetesPlatform, cluster: KubernetesCluster, rounds: int) -> None:
    shown = Table("stage", "first apply s", "plan s", "no change s", box=None)
    for stage in STAGES:
        files = platform.desired()[stage]
        first = seconds(partial(platform.apply, stage, files, "first", quiet))
        plans = [seconds(partial(platform.preview, stage, files)) for _ in range(rounds)]
        again = [seconds(partial(platform.apply, stage, files, "again", quiet)) for _ in range(rounds)]
        shown.add_row(stage, f"{first:.1f}", _texts(plans), _texts(again))
    console = Console()
    console.print(shown)
    console.print(f"cluster: {cluster.memory_bytes / 2**20:.0f} MiB resident")
    console.print(f"{psutil.cpu_count()} cores, load {psutil.getloadavg()[0]:.1f}")


def seconds(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def quiet(_line: str) -> None:
    pass


def _texts(times: list[float]) -> str:
    return ", ".join(f"{each:.1f}" for each in times)


if __name__ == "__main__":
    main()
