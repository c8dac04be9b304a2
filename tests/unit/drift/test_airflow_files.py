"""The files that Airflow runs against those of a checkout."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logops.drift.airflow_files import AirflowFiles, airflow_findings, of_checkout
from logops.findings import Finding

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def checkout(tmp_path: Path) -> AirflowFiles:
    files = of_checkout(tmp_path / "checkout")
    files.dags.mkdir(parents=True)
    files.package.mkdir(parents=True)
    (files.dags / "rollout.py").write_text("retries = 4\n")
    (files.package / "__init__.py").write_text('__version__ = "0.2.0"\n')
    return files


@pytest.fixture
def deployed(checkout: AirflowFiles, tmp_path: Path) -> AirflowFiles:
    files = AirflowFiles(tmp_path / "airflow/dags", tmp_path / "site-packages/logops")
    shutil.copytree(checkout.dags, files.dags)
    shutil.copytree(checkout.package, files.package)
    return files


def compared(deployed: AirflowFiles, checkout: AirflowFiles) -> list[Finding]:
    return airflow_findings(deployed, checkout, "local", NOON)


def test_same_files_have_no_finding(deployed: AirflowFiles, checkout: AirflowFiles) -> None:
    assert compared(deployed, checkout) == []


def test_edited_dag_file_is_config_drift_with_its_diff(deployed: AirflowFiles, checkout: AirflowFiles) -> None:
    (deployed.dags / "rollout.py").write_text("retries = 0\n")
    [finding] = compared(deployed, checkout)
    assert (finding.cls.name, finding.subject.path) == ("config-drift", "dags/rollout.py")
    assert finding.message.startswith("rollout.py, which Airflow runs, differs from the checkout. Last written ")
    assert str(finding.evidence["diff"]).endswith("-retries = 0\n+retries = 4")


def test_dag_file_that_airflow_lacks_is_named(deployed: AirflowFiles, checkout: AirflowFiles) -> None:
    (deployed.dags / "rollout.py").unlink()
    [finding] = compared(deployed, checkout)
    assert (
        finding.message == f"rollout.py is in the checkout, and not in {deployed.dags}, where Airflow reads its DAGs."
    )


def test_other_version_of_the_package_is_version_skew(deployed: AirflowFiles, checkout: AirflowFiles) -> None:
    (deployed.package / "__init__.py").write_text('__version__ = "0.1.0"\n')
    [finding] = compared(deployed, checkout)
    assert finding.cls.name == "version-skew"
    assert finding.message == (
        f"Airflow runs logops 0.1.0 from {deployed.package}, and the checkout has 0.2.0: 1 file differs: __init__.py."
    )


def test_edited_file_of_the_same_version_is_config_drift(deployed: AirflowFiles, checkout: AirflowFiles) -> None:
    (deployed.package / "extra.py").write_text("x = 1\n")
    [finding] = compared(deployed, checkout)
    assert (finding.cls.name, finding.subject.path) == ("config-drift", "plugins/logops")
