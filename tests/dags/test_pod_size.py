"""The pods of an audit with KubernetesExecutor: what the scheduler gets, and the pod that the executor makes of it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
from airflow.serialization.serialized_objects import DagSerialization
from kubernetes.client import V1Container, V1Pod, V1PodSpec, V1ResourceRequirements

from logops.airflow.pod_size import judge_pod
from logops.audit.task_size import judge_size
from tests.support.environments import environment
from tests.support.rollouts import save

PROJECT = Path(__file__).parents[2]
LOCAL = environment("local").audit
MIB = 1 << 20


@pytest.fixture
def _kubernetes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "KubernetesExecutor")


def memory(config: dict[str, Any]) -> tuple[str, str]:
    (container,) = config["pod_override"].spec.containers
    return container.resources.requests["memory"], container.resources.limits["memory"]


@pytest.mark.usefixtures("_kubernetes")
@pytest.mark.parametrize("dag_id", ["retention_audit", "compaction_audit"])
def test_scheduler_gets_pods_with_the_memory_of_the_largest_partition(dagbag: DagBag, dag_id: str) -> None:
    stored = DagSerialization.from_dict(DagSerialization.to_dict(dagbag.dags[dag_id]))

    size = judge_size(LOCAL.chunks_per_task, LOCAL.memory.value)
    assert memory(stored.get_task("judge").executor_config) == (f"{size.usual // MIB}Mi", f"{size.most // MIB}Mi")
    assert stored.get_task("list").executor_config == {}


def test_other_executors_get_no_pod(dagbag: DagBag) -> None:
    assert dagbag.dags["retention_audit"].get_task("judge").executor_config == {}


@pytest.mark.usefixtures("_kubernetes")
def test_larger_partitions_of_an_environment_get_larger_pods(tmp_path: Path) -> None:
    save(
        tmp_path,
        environment("local", ("name", "large"), ("audit.chunks_per_task", 20_000_000), ("audit.memory", "4GiB")),
    )

    size = judge_size(20_000_000, 4 << 30)
    assert memory(judge_pod(tmp_path, "large")) == (f"{size.usual // MIB}Mi", f"{size.most // MIB}Mi")


@pytest.mark.usefixtures("_kubernetes")
def test_invalid_environment_leaves_the_pods_of_the_template(tmp_path: Path) -> None:
    folder = tmp_path / "include/environments"
    folder.mkdir(parents=True)
    (folder / "broken.yaml").write_text("name: broken\n")

    assert judge_pod(tmp_path, "broken") == {}


@pytest.mark.usefixtures("_kubernetes")
def test_executor_makes_a_pod_of_the_template_with_this_memory(tmp_path: Path) -> None:
    save(tmp_path, environment("local", ("name", "any")))
    of_template = V1ResourceRequirements(requests={"memory": "1Gi"}, limits={"memory": "2Gi"})
    template = V1Pod(spec=V1PodSpec(containers=[V1Container(name="base", image="template", resources=of_template)]))
    config = judge_pod(tmp_path, "any")

    pod = PodGenerator.construct_pod(
        dag_id="retention_audit",
        task_id="judge",
        pod_id="judge",
        try_number=1,
        kube_image="logops-airflow:1",
        date=datetime.now(UTC),
        args=["true"],
        pod_override_object=PodGenerator.from_obj(config),
        base_worker_pod=template,
        namespace="airflow",
        scheduler_job_id="1",
    )

    (container,) = pod.spec.containers
    assert container.image == "logops-airflow:1"
    assert (container.resources.requests["memory"], container.resources.limits["memory"]) == memory(config)


@pytest.mark.usefixtures("_kubernetes")
def test_pods_that_judge_have_the_disk_that_the_values_give_to_all_tasks(tmp_path: Path) -> None:
    save(tmp_path, environment("local", ("name", "any")))
    values = yaml.safe_load((PROJECT / "include/helm/airflow/values.yaml").read_text())

    (container,) = judge_pod(tmp_path, "any")["pod_override"].spec.containers

    of_values = values["workers"]["kubernetes"]["resources"]
    assert container.resources.requests["ephemeral-storage"] == of_values["requests"]["ephemeral-storage"]
    assert container.resources.limits["ephemeral-storage"] == of_values["limits"]["ephemeral-storage"]
