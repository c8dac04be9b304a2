"""The environment that the scheduled runs look at."""

import pytest
from airflow.dag_processing.dagbag import DagBag

from logops.airflow.nightly import VARIABLE, nightly
from tests.support import airflow_home

SCHEDULED = ("compaction_audit", "query_benchmark", "retention_audit", "storage_lifecycle")


def looked_at() -> dict[str, str]:
    folder = airflow_home.ROOT / "dags"
    dags = DagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags-folder").dags
    return {dag_id: dags[dag_id].params["environment"] for dag_id in SCHEDULED if dag_id in dags}


def test_every_nightly_run_looks_at_the_environment_that_the_variable_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert looked_at() == dict.fromkeys(SCHEDULED, "local")

    monkeypatch.setenv(VARIABLE, "production")
    assert looked_at() == dict.fromkeys(SCHEDULED, "production")


def test_a_name_that_is_no_environment_is_an_error_and_no_night_without_audits() -> None:
    with pytest.raises(ValueError, match="LOGOPS_NIGHTLY_ENVIRONMENT is 'prod', and include/environments has a, b"):
        nightly(["a", "b"], {VARIABLE: "prod"})


def test_without_local_the_first_is_looked_at() -> None:
    assert nightly(["a", "b"], {}) == "a"
