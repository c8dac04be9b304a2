"""A rolled-out Loki on a cluster without nodes, with programs behind its pods."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from logops.environment import Environment
from logops.platforms.kubernetes.access import Access
from logops.platforms.kubernetes.api import Api
from logops.platforms.kubernetes.platform import KubernetesPlatform
from tests.support.kubernetes_cluster import KubernetesCluster, kubernetes_programs
from tests.support.kubernetes_platforms import Chart, NoAccounts, own_namespace, small_environment
from tests.support.pod_programs import (
    INGESTERS,
    PASSWORDS,
    Kubelet,
    LokiPrograms,
    Program,
    canary,
    forward,
    nginx,
    pod_of,
    rendered_for,
)

COMPONENTS = ("distributor", "query-frontend", "query-scheduler", "compactor", "index-gateway", "ruler")


@dataclass
class Deployment:
    """Loki on a cluster, and the programs behind its pods."""

    platform: KubernetesPlatform
    api: Api
    namespace: str
    chart: Chart
    loki: LokiPrograms
    gateway: Program
    canary: Program
    kubelet: Kubelet
    changed: Callable[..., KubernetesPlatform]
    """Returns the platform of the environment with changes."""


@contextmanager
def deployed_loki(cluster: KubernetesCluster, folder: Path, ingesters: int = 3) -> Iterator[Deployment]:
    """Roll out Loki, and run its programs. Each line has a copy on each ingester."""
    api = Api(Access(cluster.kubeconfig()))
    chart = Chart.copied_to(folder)
    programs = LokiPrograms(folder, INGESTERS[:ingesters], replication_factor=ingesters)
    with pytest.MonkeyPatch.context() as patch, own_namespace(api) as namespace, ExitStack() as stack:
        patch.setenv("LOGOPS_HELM", kubernetes_programs()["helm"])
        for user, password in PASSWORDS.items():
            patch.setenv(f"TEST_{user.upper()}", password)
        chart.replace("whole: false", "whole: true")
        chart.replace('program: ""', "program: loki")

        def changed(*changes: tuple[str, Any]) -> KubernetesPlatform:
            wanted = _environment(chart, namespace, ingesters, *changes)
            return KubernetesPlatform(
                wanted,
                lambda: rendered_for(wanted, programs),
                Access(cluster.kubeconfig()),
                accounts=NoAccounts(wanted.storage_accounts),
            )

        platform = changed()
        (folder / "overrides.yaml").write_text("overrides: {}\n")
        stack.callback(programs.end)
        programs.start()
        running = list(programs.programs.values())
        first, middle, last = running[0], running[ingesters // 2], running[-1]
        gateway = _started(stack, nginx(folder / "nginx", platform.environment, first, PASSWORDS))
        others = {component: (3100, middle) for component in COMPONENTS}
        others |= {"querier": (3100, last), "gateway": (8080, gateway)}
        kubelet = stack.enter_context(Kubelet(api, cluster.url, namespace, programs, others).running())
        platform.apply("loki", platform.desired()["loki"], "first run", lambda _: None)
        canary_pod = pod_of(api, namespace, "canary")
        writer = _started(stack, canary(folder / "canary", gateway, canary_pod))
        forward(api, namespace, canary_pod, 3500, writer)
        yield Deployment(platform, api, namespace, chart, programs, gateway, writer, kubelet, changed)


def _started(stack: ExitStack, program: Program) -> Program:
    # In order: if the main process of nginx is killed, its workers stay.
    stack.callback(program.stop)
    program.start()
    return program


def _environment(chart: Chart, namespace: str, ingesters: int, *changes: tuple[str, Any]) -> Environment:
    gateway = {
        "host": "logs.example.com",
        "tls_secret_name": "loki-tls",
        "users": {
            "agents": {"password": {"env": "TEST_AGENTS"}, "tenants": ["application", "platform"], "access": ["write"]},
            "grafana": {"password": {"env": "TEST_GRAFANA"}, "tenants": ["application", "platform"]},
            "canary": {"password": {"env": "TEST_CANARY"}, "tenants": ["canary"], "access": ["read", "write"]},
        },
    }
    return small_environment(
        chart,
        namespace,
        ("clusters.main.gateway", gateway),
        ("clusters.main.canary", {"tenant": "canary"}),
        ("clusters.main.replication_factor", ingesters),
        ("clusters.main.components.ingester.replicas", ingesters),
        ("clusters.main.components.querier.replicas", 2),
        ("clusters.main.components.index-gateway.replicas", 1),
        ("clusters.main.components.ruler.replicas", 1),
        *changes,
    )
