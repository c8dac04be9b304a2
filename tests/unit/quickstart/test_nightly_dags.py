"""Which nightly DAGs `make up` switches on."""

from dataclasses import dataclass, field

import pytest

from logops.quickstart.airflow_api import AirflowApi
from logops.quickstart.nightly_dags import switched_on


@dataclass
class FakeAirflow(AirflowApi):
    """An Airflow whose DAGs are paused or have run."""

    paused: set[str] = field(default_factory=set)
    started: set[str] = field(default_factory=set)
    url: str = "http://127.0.0.1:8080"

    def is_paused(self, dag: str) -> bool:
        return dag in self.paused

    def has_runs(self, dag: str) -> bool:
        return dag in self.started

    def switch_on(self, dag: str) -> None:
        self.paused.remove(dag)


@pytest.fixture
def said() -> list[str]:
    return []


def test_dag_that_has_never_run_is_switched_on(said: list[str]) -> None:
    api = FakeAirflow(paused={"retention_audit"})

    assert switched_on(api, ["retention_audit"], said.append) == ["retention_audit"]
    assert (api.paused, said) == (set(), [])


def test_dag_that_a_person_paused_stays_paused_and_is_named(said: list[str]) -> None:
    api = FakeAirflow(paused={"retention_audit"}, started={"retention_audit"})

    assert switched_on(api, ["compaction_audit", "retention_audit"], said.append) == ["compaction_audit"]
    assert api.paused == {"retention_audit"}
    assert said == [
        "  retention_audit: not run, because somebody paused it in Airflow. "
        "Switch it on at http://127.0.0.1:8080/dags/retention_audit"
    ]
