"""System logs of the nodes: syslog in RFC 5424, `<PRI>1 TIMESTAMP HOST APP PROCID MSGID SD MSG`."""

from collections.abc import Callable, Mapping
from random import Random

from logops.samples.fleet import NODES, SERVICES
from logops.samples.line import Line
from logops.samples.rhythm import Incident

_KERNEL, _DAEMON, _AUTH = 0, 3, 10
"""Facilities of RFC 5424, 6.2.1: kern, daemon, authpriv."""
_CRITICAL, _WARNING, _INFO = 2, 4, 6

_Message = tuple[int, int, str]
"""Facility, severity, text."""


def line_at(at_ns: int, day_and_minute: str, chance: Random, incident: Incident | None) -> Line:
    """Return one message at a moment. `day_and_minute` is the start of its timestamp, `2026-08-22T14:05:`."""
    random = chance.random
    host = NODES[int(random() * len(NODES))]
    app = _SHARES[int(random() * len(_SHARES))]
    if incident and incident.cause == "memory" and app == "kernel":
        facility, severity, message = _out_of_memory(random, incident)
    else:
        facility, severity, message = _WRITERS[app](random)
    seconds, microseconds = divmod(at_ns // 1000 % 60_000_000, 1_000_000)
    process = "-" if app == "kernel" else str(700 + NODES.index(host) * 100 + _APPS.index(app))
    text = (
        f"<{facility * 8 + severity}>1 {day_and_minute}{seconds:02d}.{microseconds:06d}Z "
        f"{host} {app} {process} - - {message}"
    )
    return Line(at_ns, _LABELS[host, app], text, {})


def _sshd(random: Callable[[], float]) -> _Message:
    port = 32768 + int(random() * 28000)
    if random() < 0.3:
        name = ("admin", "root", "oracle", "test")[int(random() * 4)]
        address = f"192.0.2.{int(random() * 254) + 1}"
        return _AUTH, _INFO, f"Failed password for invalid user {name} from {address} port {port} ssh2"
    return _AUTH, _INFO, f"Accepted publickey for deploy from 10.20.1.{int(random() * 20) + 5} port {port} ssh2"


def _kubelet(random: Callable[[], float]) -> _Message:
    service = SERVICES[int(random() * len(SERVICES))]
    pod = f"production/{service}-{int(random() * 3)}"
    if random() < 0.05:
        why = 'probeType="Readiness" output="HTTP probe failed with statuscode: 503"'
        return _DAEMON, _WARNING, f'"Probe failed" {why} pod="{pod}"'
    return _DAEMON, _INFO, f'"SyncLoop (PLEG): event for pod" pod="{pod}" event="ContainerStarted"'


def _systemd(random: Callable[[], float]) -> _Message:
    return _DAEMON, _INFO, f"Started session-{int(random() * 9000)}.scope - Session of User deploy."


def _kernel(random: Callable[[], float]) -> _Message:
    port = (443, 80, 6443)[int(random() * 3)]
    return _KERNEL, _WARNING, f"TCP: request_sock_TCP: Possible SYN flooding on port {port}. Sending cookies."


def _out_of_memory(random: Callable[[], float], incident: Incident) -> _Message:
    process = 10_000 + int(random() * 20_000)
    return _KERNEL, _CRITICAL, f"Memory cgroup out of memory: Killed process {process} (node) of {incident.service}"


_WRITERS: Mapping[str, Callable[[Callable[[], float]], _Message]] = {
    "sshd": _sshd,
    "kubelet": _kubelet,
    "systemd": _systemd,
    "kernel": _kernel,
}
_APPS = tuple(_WRITERS)
_SHARES = ("kubelet",) * 10 + ("sshd",) * 5 + ("systemd",) * 4 + ("kernel",)
_LABELS = {(host, app): {"job": "syslog", "host": host, "app": app} for host in NODES for app in _APPS}
