"""Tests of the rules for Prometheus with the real promtool."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from logops.cli import app
from logops.cli.output.console import FOUND, OK
from logops.rules.prometheus import FOLDER
from logops.toolchain import command, project_root


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the rules for Prometheus only."""
    for name in ("tools", "include/environments"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(project_root() / name)
    shutil.copytree(project_root() / FOLDER.parent, tmp_path / FOLDER.parent)
    monkeypatch.setenv("LOGOPS_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("name", ["loki", "logops"])
def test_shipped_alerts_fire_and_are_silent_as_their_tests_say(name: str) -> None:
    tested = CliRunner().invoke(app, ["rules", "test", name])

    assert (tested.exit_code, tested.stdout, tested.stderr) == (OK, "", f"{name}.yaml (Prometheus) as expected\n")


def test_alert_with_another_threshold_fails_rules_test_with_expected_and_actual(root: Path) -> None:
    file = root / FOLDER / "logops.yaml"
    file.write_text(file.read_text().replace("> 2 * max", "> 20 * max"))
    tested = CliRunner().invoke(app, ["rules", "test", "logops"])

    assert tested.exit_code == FOUND
    assert "Nobody is told what the checks find." in tested.stdout
    assert "logops.yaml (Prometheus) not as expected" in tested.stderr


def test_rule_with_a_wrong_expression_fails_rules_check_with_promtools_words(root: Path) -> None:
    file = root / FOLDER / "logops.yaml"
    file.write_text(file.read_text().replace("min by (environment) (logops", "mni by (environment) (logops"))
    checked = CliRunner().invoke(app, ["rules", "check"])

    assert checked.exit_code == FOUND
    assert "promtool check rules: " in checked.stdout
    assert "could not parse expression" in checked.stdout


def test_scrape_job_of_the_documentation_is_valid_and_has_the_labels_of_the_rule(tmp_path: Path) -> None:
    page = (project_root() / "docs" / "airflow-production.md").read_text()
    (text,) = re.findall(r"^```yaml\n(scrape_configs:.*?)```", page, re.DOTALL | re.MULTILINE)
    file = tmp_path / "prometheus.yaml"
    file.write_text(text)

    checked = subprocess.run([*command("promtool"), "check", "config", str(file)], capture_output=True, text=True)

    assert checked.returncode == 0, checked.stderr
    (job,) = yaml.safe_load(text)["scrape_configs"]
    labels = job["static_configs"][0]["labels"]
    assert labels.keys() == {"environment", "component", "instance"}
    assert f'component="{labels["component"]}"' in (project_root() / FOLDER / "logops.yaml").read_text()
