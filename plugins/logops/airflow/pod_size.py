"""The size of the pods that judge tables of an audit, with KubernetesExecutor.

Airflow gives all tasks that one operator is mapped to the same `executor_config` (`TaskInstance.insert_mapping`), so a
pod has the memory for the largest table that a batch may have, not for its own.
"""

from pathlib import Path
from typing import Any

_DISK_REQUEST = {"ephemeral-storage": "2Gi"}
_DISK_LIMIT = {"ephemeral-storage": "10Gi"}
"""As of the other tasks in include/helm/airflow/values.yaml."""


def judge_pod(project: Path, environment: str) -> dict[str, Any]:
    """Return the `executor_config` of the tasks that judge tables of an environment.

    It is empty with other executors. If the environment file is not valid, the pods are those of the pod template: the
    tasks then say what is wrong with the file.
    """
    from airflow.configuration import conf

    # Other executors ignore it, and Airflow parses DAG files too often for these imports.
    if "KubernetesExecutor" not in conf.get("core", "executor"):
        return {}
    from kubernetes.client import V1Container, V1Pod, V1PodSpec, V1ResourceRequirements

    from logops.audit.task_size import judge_size
    from logops.environment import find_environment, load_environment
    from logops.environment.errors import ConfigurationFileError

    try:
        audit = load_environment(find_environment(environment, project)).audit
    except ConfigurationFileError:
        return {}
    size = judge_size(audit.chunks_per_task, audit.memory.value)
    # They replace the resources of the pod template as a whole.
    resources = V1ResourceRequirements(
        requests={"cpu": "1", "memory": _mebibytes(size.usual), **_DISK_REQUEST},
        limits={"memory": _mebibytes(size.most), **_DISK_LIMIT},
    )
    container = V1Container(name="base", resources=resources)
    return {"pod_override": V1Pod(spec=V1PodSpec(containers=[container]))}


def _mebibytes(size: int) -> str:
    return f"{size >> 20}Mi"
