"""Restart ingesters one after the other, with nothing lost: flush, restart, replay of the write-ahead log, ring, lines
of the canary.

Their StatefulSets have the update strategy OnDelete, so Kubernetes replaces a pod only when it is deleted here.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from logops.clients.loki import LokiClient, LokiError
from logops.platforms.kubernetes.api import Api
from logops.platforms.kubernetes.plan.objects import Object
from logops.platforms.platform import PlatformError, Progress

PATIENCE_S = 900.0
"""How long a pod may take to start and to replay its write-ahead log, and a ring to become complete."""
_POLL_S = 0.5
_REVISION = "controller-revision-hash"


class RollError(PlatformError):
    """The restart of ingesters stopped. No further one was restarted."""


class Cluster(Protocol):
    """The Loki of the ingesters."""

    def ring(self) -> list[tuple[str, str]]:
        """Return name and state of each member of the ingester ring."""

    def flush(self, pod: str) -> None:
        """Write everything that an ingester has in memory to the object store. Raises LokiError."""

    def watch_lines(self) -> "Lines":
        """Watch lines that are written from now on."""


class Lines(Protocol):
    """Lines that are written while ingesters restart."""

    def lost(self) -> str:
        """Return which lines are lost until now; empty if none is."""


@dataclass(frozen=True)
class LokiCluster:
    """A `Cluster` by Loki's API."""

    ring_url: str
    url_of: Callable[[str], str]
    """Pod -> its address."""
    watch_lines: Callable[[], Lines]

    def ring(self) -> list[tuple[str, str]]:
        with LokiClient(self.ring_url) as client:
            return [(member.id, member.state) for member in client.ring()]

    def flush(self, pod: str) -> None:
        with LokiClient(self.url_of(pod)) as client:
            client.flush()


def is_rolled_here(manifest: Object) -> bool:
    """Return whether logops replaces the pods of a workload."""
    strategy = (manifest.get("spec") or {}).get("updateStrategy") or {}
    return manifest.get("kind") == "StatefulSet" and strategy.get("type") == "OnDelete"


def outdated_pods(api: Api, stateful_set: Object) -> list[Object]:
    """Return the pods of a StatefulSet that run an older template, the last one first."""
    metadata = stateful_set["metadata"]
    newest = (stateful_set.get("status") or {}).get("updateRevision")
    labels = ",".join(f"{key}={value}" for key, value in stateful_set["spec"]["selector"]["matchLabels"].items())
    pods = api.items("v1", "Pod", metadata["namespace"], labels)
    old = [pod for pod in pods if pod["metadata"]["labels"].get(_REVISION) != newest]
    return sorted(old, key=lambda pod: int(pod["metadata"]["name"].rpartition("-")[2]), reverse=True)


def roll(
    api: Api,
    stateful_sets: Sequence[tuple[str, str]],
    cluster: Cluster,
    progress: Progress,
    patience_s: float = PATIENCE_S,
) -> int:
    """Restart each pod that runs an older template, one StatefulSet (zone) after the other. Return how many.

    stateful_sets   namespace and name of each

    Before each restart, the ring must be complete and the ingester flushed. After it, the pod must be ready, which for
    Loki means that the write-ahead log is replayed, the ring must have the same members again, and no line may be lost.
    Raises RollError.
    """
    found = [_observed(api, namespace, name, patience_s) for namespace, name in sorted(stateful_sets)]
    pods = [pod for stateful_set in found for pod in outdated_pods(api, stateful_set)]
    if not pods:
        return 0
    lines = cluster.watch_lines()
    for pod in pods:
        _restart(api, pod, cluster, progress, patience_s)
        if lost := lines.lost():
            raise RollError(
                f"after the restart of {pod['metadata']['name']}: {lost}. No further ingester was restarted. Look at "
                "its log, and whether its write-ahead log was replayed: its volume may be new."
            )
    return len(pods)


def _restart(api: Api, pod: Object, cluster: Cluster, progress: Progress, patience_s: float) -> None:
    name = pod["metadata"]["name"]
    members = _complete_ring(cluster, f"restarting {name}", patience_s)
    progress(f"flushing {name}")
    try:
        cluster.flush(name)
    except LokiError as error:
        raise RollError(
            f"restarting {name}: its flush failed: {error} It was not restarted. Look at its log, and start the "
            "rollout again."
        ) from error
    progress(f"restarting {name}: {len(members)} ingesters are ACTIVE")
    api.delete("v1", "Pod", name, pod["metadata"]["namespace"])
    _until(partial(_is_replaced, api, pod), f"{name} is not ready after its restart", patience_s)
    _complete_ring(cluster, f"after the restart of {name}", patience_s, members)


def _observed(api: Api, namespace: str, name: str, patience_s: float) -> Object:
    """Return a StatefulSet when its controller has seen its newest state."""
    found: list[Object] = []

    def is_observed() -> bool:
        stored = api.read("apps/v1", "StatefulSet", name, namespace)
        if stored is None:
            raise RollError(f"restarting the pods of {name}: the StatefulSet is gone. Somebody deleted it.")
        found[:] = [stored]
        observed: int = (stored.get("status") or {}).get("observedGeneration", 0)
        return observed >= int(stored["metadata"]["generation"])

    _until(is_observed, f"the controller of StatefulSet {name} does not work", patience_s)
    return found[0]


def _complete_ring(
    cluster: Cluster, doing: str, patience_s: float, expected: frozenset[str] | None = None
) -> frozenset[str]:
    """Return the members of the ring when all are ACTIVE, and when they are the expected ones."""
    state = {"text": ""}
    members: frozenset[str] = frozenset()

    def is_complete() -> bool:
        nonlocal members
        try:
            ring = cluster.ring()
        except LokiError as error:
            state["text"] = f"the ring cannot be read: {error}"
            return False
        members = frozenset(name for name, _ in ring)
        waiting = [f"{name} is {member_state}" for name, member_state in ring if member_state != "ACTIVE"]
        missing = sorted((expected or members) - members)
        state["text"] = "; ".join([*waiting, *(f"{name} is missing" for name in missing)]) or "the ring has no member"
        return bool(members) and not waiting and not missing

    _until(is_complete, lambda: f"{doing}: {state['text']}", patience_s)
    return members


def _is_replaced(api: Api, before: Object) -> bool:
    metadata = before["metadata"]
    pod = api.read("v1", "Pod", metadata["name"], metadata["namespace"])
    return pod is not None and pod["metadata"]["uid"] != metadata["uid"] and is_ready(pod)


def is_ready(pod: Object) -> bool:
    """Return whether a pod is ready."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _until(condition: Callable[[], bool], problem: str | Callable[[], str], patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            text = problem if isinstance(problem, str) else problem()
            raise RollError(
                f"{text}, not within {patience_s:.0f} s. No further ingester was restarted. Look at its log and at the "
                "ring, repair it, and start the rollout again."
            )
        time.sleep(_POLL_S)
