"""The environments that the forms of DAGs offer, and the environment of scheduled runs."""

from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from logops.airflow.dag_ids import SCHEDULED
from logops.airflow.nightly import QUALITY_MINUTES, VARIABLE, nightly, quality_minutes
from tests.support import airflow_home


def looked_at() -> dict[str, str]:
    folder = airflow_home.ROOT / "dags"
    dags = DagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags-folder").dags
    return {dag_id: dags[dag_id].params["environment"] for dag_id in SCHEDULED if dag_id in dags}


def test_scheduled_dags_use_environment_from_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert looked_at() == dict.fromkeys(SCHEDULED, "local")

    monkeypatch.setenv(VARIABLE, "production")
    assert looked_at() == dict.fromkeys(SCHEDULED, "production")


def test_every_dag_with_a_schedule_is_a_scheduled_dag(dagbag: DagBag) -> None:
    assert {dag.dag_id for dag in dagbag.dags.values() if dag.schedule is not None} == {*SCHEDULED}


def test_unknown_nightly_environment_is_refused_with_known_environments() -> None:
    with pytest.raises(ValueError, match="LOGOPS_NIGHTLY_ENVIRONMENT is 'prod', and include/environments has a, b"):
        nightly(["a", "b"], {VARIABLE: "prod"})


def test_nightly_environment_defaults_to_first_if_local_is_missing() -> None:
    assert nightly(["a", "b"], {}) == "a"


def project(folder: Path, **platforms: str) -> Path:
    (folder / "include/environments").mkdir(parents=True)
    for name, text in platforms.items():
        (folder / f"include/environments/{name}.yaml").write_text(text)
    return folder


def test_rollout_form_offers_every_environment(dagbag: DagBag) -> None:
    assert dagbag.dags["rollout"].params.get_param("environment").schema["enum"] == ["local", "production"]


def test_interval_of_the_quality_check_comes_from_the_environment_file(tmp_path: Path) -> None:
    root = project(tmp_path, often="quality: {interval: 5m}", silent="name: silent", broken="quality: [")

    assert quality_minutes(root, "often") == 5
    assert quality_minutes(root, "silent") == QUALITY_MINUTES
    assert quality_minutes(root, "broken") == QUALITY_MINUTES
