"""Reach the pods of a cluster from anywhere: the API server forwards connections, as for `kubectl port-forward`.

A connection begins in the pod itself. So each replica of a Deployment can be reached, and no network policy has to let
it in.
"""

import re
import socket
from collections.abc import Callable
from contextlib import suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Lock, Thread
from urllib.parse import urlsplit

from logops.platforms.kubernetes.api import Api
from logops.platforms.kubernetes.ingesters import is_ready
from logops.platforms.kubernetes.plan.objects import Object
from logops.platforms.platform import PlatformError

_HOST = re.compile(r"(?:(?P<pod>[^.]+)\.)?(?P<service>[^.]+)\.(?P<namespace>[^.]+)\.svc")
_BUFFER = 65_536

PodPort = tuple[str, int]


class Tunnels:
    """Addresses on this machine for addresses in a cluster. They work as long as this process lives."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._lock = Lock()
        self._open: dict[str, str] = {}

    def url(self, address: str) -> str:
        """Return the address on this machine for `http://[POD.]SERVICE.NAMESPACE.svc:PORT`. Others are returned as
        they are.

        Connects to nothing. A request to a pod that cannot be reached is answered with 502 and the reason.
        """
        parts = urlsplit(address)
        matched = _HOST.fullmatch(parts.hostname or "")
        if not matched or not parts.port:
            return address
        pod, service, namespace = matched["pod"], matched["service"], matched["namespace"]
        port = parts.port

        def target() -> PodPort:
            return (pod, port) if pod else _ready_pod(self._api, service, namespace, port)

        with self._lock:
            if address not in self._open:
                server = _Server(self._api, namespace, target)
                Thread(target=server.serve_forever, name=f"tunnel to {parts.hostname}", daemon=True).start()
                self._open[address] = f"http://127.0.0.1:{server.server_address[1]}"
            return self._open[address]


class _Server(ThreadingTCPServer):
    """Accepts connections to a pod, or to any ready pod of a service."""

    daemon_threads = True
    request_queue_size = 32

    def __init__(self, api: Api, namespace: str, target: Callable[[], PodPort]) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.api = api
        self.namespace = namespace
        self.target = target


class _Connection(BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        client: socket.socket = self.request
        # With a request that was read, an answer about a failure is not lost.
        request = b""
        with suppress(OSError):
            request = client.recv(_BUFFER)
        if not request:
            return
        try:
            pod, port = self.server.target()
            forwarded = self.server.api.forward(pod, self.server.namespace, port)
        except PlatformError as error:
            _send(client, _bad_gateway(str(error)))
            return
        remote = forwarded.socket(port)
        _send(remote, request)
        Thread(target=_copy, args=(client, remote), daemon=True).start()
        received = _copy(remote, client, ends=False)
        if not received and (reason := forwarded.error(port)):
            _send(client, _bad_gateway(f"connecting to port {port} of pod {self.server.namespace}/{pod}: {reason}."))
        _end(client)


def _ready_pod(api: Api, service: str, namespace: str, port: int) -> PodPort:
    """Return a ready pod of a service, and its port. Raises PlatformError if there is none."""
    doing = f"connecting to service {namespace}/{service}"
    found = api.read("v1", "Service", service, namespace)
    if found is None:
        raise PlatformError(f"{doing}: it does not exist. Roll out the stage that makes it.")
    labels = ",".join(f"{key}={value}" for key, value in found["spec"]["selector"].items())
    ready = [pod for pod in api.items("v1", "Pod", namespace, labels) if is_ready(pod)]
    if not ready:
        raise PlatformError(f"{doing}: none of its pods is ready. Look at `kubectl get pods -n {namespace}`.")
    target = next((each.get("targetPort", port) for each in found["spec"]["ports"] if each["port"] == port), port)
    return ready[0]["metadata"]["name"], _port_number(ready[0], target, port)


def _port_number(pod: Object, target: int | str, default: int) -> int:
    """Return the number of a port that a service names."""
    if isinstance(target, int):
        return target
    ports = [port for container in pod["spec"]["containers"] for port in container.get("ports") or ()]
    return next((int(port["containerPort"]) for port in ports if port.get("name") == target), default)


def _copy(source: socket.socket, target: socket.socket, *, ends: bool = True) -> int:
    """Copy until one side ends. Return the number of bytes.

    ends   then end the target too
    """
    copied = 0
    # A side may be closed in the middle. The other one must see it.
    with suppress(OSError):
        while data := source.recv(_BUFFER):
            target.sendall(data)
            copied += len(data)
    if ends:
        _end(target)
    return copied


def _send(target: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        target.sendall(data)


def _end(side: socket.socket) -> None:
    with suppress(OSError):
        side.shutdown(socket.SHUT_RDWR)


def _bad_gateway(reason: str) -> bytes:
    body = reason.encode()
    head = f"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body
