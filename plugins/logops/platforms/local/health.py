"""Ask a process whether it is ready."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from logops.clients.http.request import Failure, Outcome, Request
from logops.clients.http.transport import Transport
from logops.clients.loki import LokiClient, LokiError, RingMember, total
from logops.clients.loki.metrics import parse_metrics
from logops.platforms.local.section import Section

_TIMEOUT_SECONDS = 5.0
_READY = {
    "promtail": "/ready",
    "prometheus": "/-/ready",
    "alertmanager": "/-/ready",
    "loki-canary": "/metrics",
    "logops": "/metrics",
}


@dataclass(frozen=True)
class Health:
    """The readiness of a process."""

    ready: bool
    detail: str = ""
    """Why it is not ready, in one line."""


def check(section: Section, observers: Sequence[Section], age: float) -> Health:
    """Ask a process whether it is ready. An ingester must also be ACTIVE in the ring, as every other process sees it.

    age   seconds since the process started: its heartbeat in the ring must be newer
    """
    if section.program != "loki":
        return _answers(section)
    try:
        with LokiClient(section.url, read_timeout=_TIMEOUT_SECONDS, retry_for=0) as client:
            readiness = client.ready()
    except LokiError as error:
        return Health(False, str(error))
    if not readiness.ready:
        return Health(False, " ".join(readiness.text.split()))
    if not section.holds_logs:
        return Health(True)
    healths = (in_ring(section.name, members, age) for members in _rings([*observers, section]))
    return next((health for health in healths if not health.ready), Health(True))


def in_ring(name: str, members: Sequence[RingMember], age: float) -> Health:
    """Return whether an ingester is ACTIVE in a ring, with a heartbeat since its last start."""
    member = next((member for member in members if member.id == name), None)
    if member is None:
        return Health(False, "other processes do not see it in the ring yet")
    # Heartbeats are whole seconds.
    if member.heartbeat_age.total_seconds() > age + 1:
        return Health(False, "its heartbeat in the ring is older than its start")
    return Health(True) if member.state == "ACTIVE" else Health(False, f"it is {member.state} in the ring")


def version(section: Section) -> str | None:
    """Return the running version, as the process reports it; None if it reports none."""
    try:
        if section.program == "loki":
            with LokiClient(section.url, read_timeout=_TIMEOUT_SECONDS, retry_for=0) as client:
                return client.build_info().version
        answer = _get(section, "/metrics")
        if isinstance(answer, Failure):
            return None
        if section.program == "azurite":
            return answer.header("Server").partition("/")[2] or None
        infos = [metric for metric in parse_metrics(answer.text) if metric.name == f"{section.program}_build_info"]
        return infos[0].labels.get("version") if infos else None
    except (LokiError, ValueError):
        return None


def flush(section: Section) -> None:
    """Make an ingester store its data while it still serves. Raises LokiError."""
    with LokiClient(section.url, retry_for=0) as client:
        client.flush()


def waiting_to_be_flushed(section: Section) -> int:
    """Return the number of streams in an ingester's flush queue. Raises LokiError."""
    with LokiClient(section.url, retry_for=0) as client:
        return int(total(client.metrics(), "loki_ingester_flush_queue_length") or 0)


def _answers(section: Section) -> Health:
    """Return whether a process answers HTTP requests. Azurite refuses an unsigned request, which also is an answer."""
    answer = _get(section, _READY.get(section.program, "/"))
    if isinstance(answer, Failure):
        return Health(False, f"no answer at {section.url}: {answer.detail}")
    alive = answer.status < 400 or (section.program == "azurite" and answer.status < 500)
    return Health(alive, "" if alive else f"{answer.status} {answer.first_words[:200]}")


def _rings(observers: Sequence[Section]) -> Iterator[Sequence[RingMember]]:
    """Yield the ring as each of these processes sees it. Skip processes that do not answer."""
    for observer in observers:
        try:
            with LokiClient(observer.url, read_timeout=_TIMEOUT_SECONDS, retry_for=0) as client:
                yield client.ring()
        except LokiError:
            continue


def _get(section: Section, path: str) -> Outcome:
    transport = Transport(
        section.url, connect_timeout_s=_TIMEOUT_SECONDS, read_timeout_s=_TIMEOUT_SECONDS, use_proxies=False
    )
    try:
        return transport.send(Request(f"reading {path}", path))
    finally:
        transport.close()
