"""Environments on a Kubernetes cluster without nodes, and the chart that they deploy."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import yaml
from kubernetes.client import CoreV1Api

from logops.environment import Environment
from logops.platforms.azure.accounts import AzureAccounts
from logops.platforms.kubernetes.access import Access
from logops.platforms.kubernetes.api import Api
from logops.platforms.kubernetes.platform import KubernetesPlatform
from logops.platforms.platform import Progress
from logops.platforms.preview import NO_PREVIEW, Preview
from logops.render import Files
from logops.render.kubernetes import secret_sources
from logops.render.kubernetes.rights import namespaces, rights
from tests.support.environments import environment, rendered_on_kubernetes
from tests.support.kubernetes_cluster import KubernetesCluster

CHART = Path(__file__).parents[1] / "data/kubernetes/loki"
STORAGE_CLASS = "managed-premium"
READY_WITHIN_S = 40.0
_UPSTREAM = ("loki", "alloy")
_FREE_VOLUMES = 20


@dataclass
class Chart:
    """A copy of the small chart, which a test may change."""

    folder: Path

    @classmethod
    def copied_to(cls, folder: Path) -> "Chart":
        shutil.copytree(CHART, folder / "loki")
        return cls(folder / "loki")

    def replace(self, old: str, new: str, file: str = "values.yaml") -> None:
        """Replace a text in a file of the chart."""
        text = (self.folder / file).read_text()
        assert old in text
        (self.folder / file).write_text(text.replace(old, new))


@dataclass
class FakeLoki:
    """The ring and the flushes of a Loki that does not run: on a cluster without nodes, no container does."""

    url: str = ""
    states: dict[str, str] = field(default_factory=dict)
    """Member of the ring -> its state."""
    flushed: list[str] = field(default_factory=list)
    leaves: set[str] = field(default_factory=set)
    """Members that do not become ACTIVE again when they were flushed and restarted."""

    def reach(self, url: str) -> str:
        """Return the address of this server for an address in the cluster."""
        return f"{self.url}/{url.removeprefix('http://').partition('.')[0]}"


@contextmanager
def fake_loki() -> Iterator[FakeLoki]:
    """Serve a ring of three ingesters, and count flushes."""
    loki = FakeLoki(states={f"loki-main-ingester-{number}": "ACTIVE" for number in range(3)})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.endswith("/ring"):
                self._answer({}, 404)
                return
            shards = [
                {
                    "id": name,
                    "state": state,
                    "address": "10.0.0.1:9095",
                    "timestamp": "2030-01-01T00:00:00Z",
                    "zone": "",
                }
                for name, state in loki.states.items()
            ]
            self._answer({"shards": shards, "now": "2030-01-01T00:00:00Z"})

        def do_POST(self) -> None:
            name = self.path.split("/")[1]
            loki.flushed.append(name)
            if name in loki.leaves:
                loki.states[name] = "LEAVING"
            self._answer({}, 204)

        def _answer(self, content: Any, status: int = 200) -> None:
            body = json.dumps(content).encode() if status != 204 else b""
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test's output free of access logs."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    loki.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield loki
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def storage_class() -> dict[str, Any]:
    """Return the storage class of the environment `production`."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": STORAGE_CLASS},
        "provisioner": "kubernetes.io/no-provisioner",
        "allowVolumeExpansion": True,
    }


def zones(api: Api, chart: Chart, namespace: str, loki: FakeLoki) -> list[str]:
    """Let the chart render an ingester in each of three zones. Return the names of their pods."""
    chart.replace("zones: false", "zones: true")
    for number in range(3):
        # The volumes of a namespace are for the claims of ingesters without zones.
        free = volume(namespace, number)
        free["metadata"]["name"] += "-zone"
        free["spec"]["claimRef"]["name"] = f"data-loki-main-ingester-zone-{'abc'[number]}-0"
        api.create(free, "")
    names = [f"loki-main-ingester-zone-{zone}-0" for zone in "abc"]
    loki.states = dict.fromkeys(names, "ACTIVE")
    return names


def volume(namespace: str, number: int) -> dict[str, Any]:
    """Return the volume of an ingester."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{namespace}-{number}"},
        "spec": {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": STORAGE_CLASS,
            "hostPath": {"path": "/nowhere"},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": namespace,
                "name": f"data-loki-main-ingester-{number}",
            },
        },
    }


@contextmanager
def own_namespace(api: Api) -> Iterator[str]:
    """Make a namespace with a volume for each ingester: no program of the cluster makes volumes."""
    name = f"logs-{uuid4().hex[:8]}"
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, "")
    api.put(storage_class(), "", "tests")
    volumes = [volume(name, number) for number in range(3)]
    for each in volumes:
        api.create(each, "")
    yield name
    api.delete("v1", "Namespace", name, "")
    for each in volumes:
        api.delete("v1", "PersistentVolume", each["metadata"]["name"], "")


def small_environment(chart: Chart, namespace: str, *changes: tuple[str, Any]) -> Environment:
    """Return an environment with one cluster of Loki, which the small chart deploys."""
    return environment(
        "production",
        ("name", "tests"),
        ("platform.namespace", namespace),
        ("platform.charts", {"loki": {"source": str(chart.folder), "version": "1.0.0"}}),
        ("platform.prometheus_operator", False),
        ("clusters.security", None),
        ("clusters.main.gateway", None),
        ("clusters.main.canary", None),
        ("sources", {}),
        ("agents", {}),
        *changes,
    )


class NoAccounts(AzureAccounts):
    """Storage accounts that are as declared, for tests that are not about them."""

    def preview(self, files: Files) -> Preview:
        return NO_PREVIEW

    def write(self, files: Files, progress: Progress) -> None:
        """Change nothing."""


def platform_of(
    wanted: Environment,
    cluster: KubernetesCluster,
    loki: FakeLoki,
    kubeconfig: Path | None = None,
    accounts: AzureAccounts | None = None,
) -> KubernetesPlatform:
    """Return the platform of an environment on a cluster."""
    return KubernetesPlatform(
        wanted,
        lambda: rendered_on_kubernetes(wanted),
        Access(kubeconfig or cluster.kubeconfig()),
        ready_within_s=READY_WITHIN_S,
        reach=loki.reach,
        accounts=accounts or NoAccounts(wanted.storage_accounts),
    )


@contextmanager
def production_with_upstream_charts(
    folder: Path, cluster: KubernetesCluster, loki: FakeLoki
) -> Iterator[KubernetesPlatform]:
    """Yield the platform of the environment `production` with the real charts, and its namespaces and volumes.

    It logs in as a service account that has the rights of a rollout, and no others.

    folder   has an unpacked chart in each subfolder, with its dependencies
    """
    charts = {name: {"source": str(folder / name), "version": _version(folder / name)} for name in _UPSTREAM}
    wanted = environment("production", ("platform.charts", charts), ("platform.prometheus_operator", False))
    files = rendered_on_kubernetes(wanted)
    loki.states = {f"loki-{name}-ingester-{number}": "ACTIVE" for name in wanted.clusters for number in range(3)}
    api = Api(Access(cluster.kubeconfig()))
    for name in namespaces(wanted):
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, "")
    api.put(storage_class(), "", "tests")
    for number in range(_FREE_VOLUMES):
        free = volume("upstream", number)
        del free["spec"]["claimRef"]
        api.create(free, "")
    for each in rights(wanted, "deployer", wanted.namespace("main")):
        api.put(each, each["metadata"].get("namespace", ""), "tests", force=True)
    deployer = cluster.kubeconfig(new_account(api, "deployer", wanted.namespace("main")), "deployer")
    references = {
        reference.variable
        for texts in files.values()
        for source in secret_sources(texts)
        for reference in (*source.values.values(), *source.users.values())
    }
    with patch.dict(os.environ, dict.fromkeys(references, "a secret of the tests")):
        yield KubernetesPlatform(wanted, lambda: files, Access(deployer), reach=loki.reach)
    for name in namespaces(wanted):
        api.delete("v1", "Namespace", name, "")
    for number in range(_FREE_VOLUMES):
        api.delete("v1", "PersistentVolume", f"upstream-{number}", "")


def new_account(api: Api, name: str, namespace: str) -> str:
    """Create a service account, and return a token of it."""
    api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}, namespace)
    made = CoreV1Api(api._client).create_namespaced_service_account_token(name, namespace, {"spec": {}})
    return str(made.status.token)


def _version(chart: Path) -> str:
    return str(yaml.safe_load((chart / "Chart.yaml").read_text())["version"])
