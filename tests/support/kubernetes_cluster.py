"""A Kubernetes cluster without nodes: a real API server, its controllers and scheduler. kwok says that pods are ready.

It proves what the API server does. It proves nothing of Loki: no container runs.
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from logops.platforms.local.ports import taken
from logops.toolchain import ProgramMissingError
from logops.toolchain.programs import KUBERNETES_PROGRAMS
from logops.toolchain.progress import quiet
from logops.toolchain.provide import find_or_raise, provide
from tests.support.azurites import until_listening
from tests.support.local_platforms import own_share
from tests.support.waiting import wait_for

BUILD = "LOGOPS_KUBERNETES"
"""Set it, and the tests build the programs that are missing: minutes, and once."""
ADMIN = "admin-token"
KWOK_STAGES = Path(__file__).parents[1] / "data/kubernetes/kwok.yaml"
_READY_WITHIN_S = 60
_PORTS = 5


def kubernetes_programs() -> dict[str, str]:
    """Return the path of each program. Skips the test if one is missing and may not be built."""
    programs = list(KUBERNETES_PROGRAMS.values())
    if os.environ.get(BUILD):
        return {found.program.name: found.command[0] for found in provide(programs, quiet)}
    try:
        return {program.name: find_or_raise(program).command[0] for program in programs}
    except ProgramMissingError as missing:
        names = " ".join(KUBERNETES_PROGRAMS)
        pytest.skip(f"{str(missing).partition('.')[0]}. Build all: `logops toolchain {names}`, or set {BUILD}=1")


@dataclass
class KubernetesCluster:
    """A running cluster."""

    folder: Path
    url: str
    processes: list["subprocess.Popen[bytes]"]
    _server: list[str]

    def kubeconfig(self, token: str = ADMIN, name: str = "admin") -> Path:
        """Return a kubeconfig with which a token logs in."""
        file = self.folder / f"{name}.kubeconfig"
        file.write_text(yaml.safe_dump(_kubeconfig(self.url, token)))
        return file

    @property
    def memory_bytes(self) -> int:
        """The resident memory of all processes."""
        return sum(psutil.Process(process.pid).memory_info().rss for process in self.processes)

    def stop_server(self) -> None:
        """Kill the API server: in order, it would wait for everybody who watches it. Its data stay."""
        server = self.processes.pop(1)
        server.kill()
        server.wait()

    def start_server(self) -> None:
        """Start the API server again, and wait until it answers."""
        self.processes.insert(1, _started(self._server, self.folder))
        _until_ready(self.url)


@contextmanager
def kubernetes_cluster(folder: Path, tokens: Sequence[str] = ()) -> Iterator[KubernetesCluster]:
    """Run a cluster with three nodes. Its data are in `folder`.

    tokens   lines of the API server's token file: TOKEN,USER,UID
    """
    programs = kubernetes_programs()
    etcd_port, peer_port, server_port, kwok_port, _ = _free_ports()
    url = f"https://127.0.0.1:{server_port}"
    _write_key(folder)
    (folder / "tokens.csv").write_text("\n".join((f'{ADMIN},admin,1,"system:masters"', *tokens)) + "\n")
    (folder / "admin.kubeconfig").write_text(yaml.safe_dump(_kubeconfig(url, ADMIN)))
    server = [
        programs["kube-apiserver"],
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        f"--secure-port={server_port}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--cert-dir={folder / 'certificates'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'service-account.pub'}",
        f"--service-account-signing-key-file={folder / 'service-account.key'}",
        # No service of these tests has endpoints of the server itself.
        "--endpoint-reconciler-type=none",
        "--kubelet-preferred-address-types=InternalIP",
        # No controller would remove the taint of a new node.
        "--disable-admission-plugins=TaintNodesByCondition",
    ]
    etcd = [
        programs["etcd"],
        f"--data-dir={folder / 'etcd'}",
        # The data live as long as the test.
        "--unsafe-no-fsync",
        f"--listen-client-urls=http://127.0.0.1:{etcd_port}",
        f"--advertise-client-urls=http://127.0.0.1:{etcd_port}",
        f"--listen-peer-urls=http://127.0.0.1:{peer_port}",
        f"--initial-advertise-peer-urls=http://127.0.0.1:{peer_port}",
        f"--initial-cluster=default=http://127.0.0.1:{peer_port}",
    ]
    config = str(folder / "admin.kubeconfig")
    controllers = [
        programs["kube-controller-manager"],
        f"--kubeconfig={config}",
        f"--service-account-private-key-file={folder / 'service-account.key'}",
        "--leader-elect=false",
        "--secure-port=0",
        # It removes the pods of a node without a heartbeat, and no node has one.
        "--controllers=*,-node-lifecycle-controller",
        "--horizontal-pod-autoscaler-sync-period=1s",
    ]
    scheduler = [programs["kube-scheduler"], f"--kubeconfig={config}", "--leader-elect=false", "--secure-port=0"]
    kwok = [
        programs["kwok"],
        f"--kubeconfig={config}",
        f"--config={KWOK_STAGES}",
        "--manage-all-nodes=true",
        # It is the kubelet of every node, for ports of pods that are forwarded to programs on this machine.
        f"--server-address=127.0.0.1:{kwok_port}",
        "--node-ip=127.0.0.1",
        f"--node-port={kwok_port}",
        f"--tls-cert-file={folder / 'certificates/apiserver.crt'}",
        f"--tls-private-key-file={folder / 'certificates/apiserver.key'}",
        "--enable-crds=PortForward",
    ]
    with ExitStack() as stack:
        cluster = KubernetesCluster(folder, url, [], server)
        stack.callback(_end, cluster)
        cluster.processes.append(_started(etcd, folder))
        until_listening(etcd_port, cluster.processes[0], folder / "etcd.log")
        cluster.start_server()
        _add_port_forwards(url)
        for command in (controllers, scheduler, kwok):
            cluster.processes.append(_started(command, folder))
        _add_nodes(url)
        yield cluster


def _started(command: Sequence[str], folder: Path) -> "subprocess.Popen[bytes]":
    name = Path(command[0]).name.replace("server", "etcd") if command[0].endswith("/server") else Path(command[0]).name
    with (folder / f"{name}.log").open("a") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)


def _end(cluster: KubernetesCluster) -> None:
    # The data are thrown away, so nothing has to end in order.
    for process in reversed(cluster.processes):
        process.send_signal(signal.SIGKILL)
    for process in cluster.processes:
        process.wait()


def _until_ready(url: str) -> None:
    with httpx.Client(verify=False, headers={"Authorization": f"Bearer {ADMIN}"}) as client:

        def is_ready() -> bool:
            try:
                return client.get(f"{url}/readyz").status_code == 200
            except httpx.TransportError:
                return False

        wait_for(is_ready, _READY_WITHIN_S)


def _add_port_forwards(url: str) -> None:
    """Define kwok's kind PortForward: which port of a pod is which port of this machine."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "portforwards.kwok.x-k8s.io"},
        "spec": {
            "group": "kwok.x-k8s.io",
            "names": {"kind": "PortForward", "plural": "portforwards"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1alpha1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                }
            ],
        },
    }
    with httpx.Client(verify=False, headers={"Authorization": f"Bearer {ADMIN}"}) as client:
        client.post(f"{url}/apis/apiextensions.k8s.io/v1/customresourcedefinitions", json=definition).raise_for_status()
        wait_for(
            lambda: client.get(f"{url}/apis/kwok.x-k8s.io/v1alpha1/portforwards").status_code == 200, _READY_WITHIN_S
        )


def _add_nodes(url: str) -> None:
    with httpx.Client(verify=False, headers={"Authorization": f"Bearer {ADMIN}"}) as client:
        for number in range(3):
            name = f"node-{number}"
            node = {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}},
            }
            client.post(f"{url}/api/v1/nodes", json=node).raise_for_status()

        def is_ready() -> bool:
            nodes = client.get(f"{url}/api/v1/nodes").json()["items"]
            accounts = client.get(f"{url}/api/v1/namespaces/default/serviceaccounts").json()["items"]
            return bool(accounts) and all(
                condition["status"] == "True"
                for node in nodes
                for condition in node["status"].get("conditions", [{"type": "Ready", "status": "False"}])
                if condition["type"] == "Ready"
            )

        wait_for(is_ready, _READY_WITHIN_S)


def _kubeconfig(url: str, token: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": {"server": url, "insecure-skip-tls-verify": True}}],
        "users": [{"name": "user", "user": {"token": token}}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "user"}}],
        "current-context": "tests",
    }


def _write_key(folder: Path) -> None:
    """Write the key that signs the tokens of service accounts."""
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "service-account.key").write_bytes(private)
    (folder / "service-account.pub").write_bytes(public)


def _free_ports() -> range:
    """Return free ports, below the range of ephemeral ports."""
    bases = own_share(range(14_000, 19_000, _PORTS))
    return next(range(base, base + _PORTS) for base in bases if not taken(range(base, base + _PORTS)))
