"""The pods of a release, as statuses of processes."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from logops.platforms.kubernetes.api import Api
from logops.platforms.kubernetes.ingesters import is_ready
from logops.platforms.kubernetes.plan.objects import Object
from logops.platforms.kubernetes.plan.versions import image_version
from logops.platforms.platform import MISSING, ProcessStatus
from logops.render import Stage
from logops.render.kubernetes import Release

_WORKLOADS = (("apps/v1", "StatefulSet"), ("apps/v1", "Deployment"), ("apps/v1", "DaemonSet"))


def pod_statuses(api: Api, stage: Stage, release: Release, cluster: str) -> Iterator[ProcessStatus]:
    """Yield the status of each pod of a release, and of each workload that has fewer pods than it wants."""
    labels = f"app.kubernetes.io/instance={release.name}"
    workloads = [workload for kind in _WORKLOADS for workload in api.items(*kind, release.namespace, labels)]
    for pod in api.items("v1", "Pod", release.namespace, labels):
        yield _status(pod, stage, cluster, workloads)
    for workload in workloads:
        if problem := _missing(workload):
            yield ProcessStatus(workload["metadata"]["name"], stage, MISSING, False, problem, cluster=cluster)


def _status(pod: Object, stage: Stage, cluster: str, workloads: Sequence[Object]) -> ProcessStatus:
    status: Any = pod.get("status") or {}
    container = pod["spec"]["containers"][0]
    started = status.get("startTime")
    return ProcessStatus(
        pod["metadata"]["name"],
        stage,
        "Terminating" if pod["metadata"].get("deletionTimestamp") else status.get("phase", "Unknown"),
        is_ready(pod),
        "" if is_ready(pod) else _detail(status),
        since=datetime.fromisoformat(started) if started else None,
        version=image_version(container["image"]),
        declared_version=_declared_version(pod, container["name"], workloads),
        program=str(container["image"]).rpartition("/")[2].partition(":")[0].partition("@")[0],
        cluster=cluster,
    )


def _declared_version(pod: Object, container: str, workloads: Sequence[Object]) -> str | None:
    """Return the version of a container in the template of the pod's workload; None if no workload selects the pod."""
    labels = pod["metadata"].get("labels") or {}
    for workload in workloads:
        if workload["spec"]["selector"].get("matchLabels", {}).items() <= labels.items():
            for declared in workload["spec"]["template"]["spec"]["containers"]:
                if declared["name"] == container:
                    return image_version(declared["image"])
    return None


def _detail(status: Any) -> str:
    """Return why a pod is not ready, in the words of Kubernetes."""
    waiting = [
        f"{container['name']}: {state.get('reason', '')} {state.get('message', '')}".strip()
        for container in status.get("containerStatuses") or ()
        if (state := (container.get("state") or {}).get("waiting"))
    ]
    failed = [
        condition.get("message") or condition.get("reason") or ""
        for condition in status.get("conditions") or ()
        if condition["status"] != "True"
    ]
    return "; ".join(dict.fromkeys(filter(None, (*waiting, *failed)))) or "not ready"


def _missing(workload: Object) -> str:
    status: Any = workload.get("status") or {}
    if workload["kind"] == "DaemonSet":
        wanted, existing = status.get("desiredNumberScheduled", 0), status.get("currentNumberScheduled", 0)
    else:
        wanted, existing = workload["spec"].get("replicas", 1), status.get("replicas", 0)
    return f"{existing} of {wanted} pods exist" if existing < wanted else ""
