"""docker-compose.yaml and Dockerfile against the Compose specification, the installed Airflow and requirements.txt.

No container is started: there is no container engine where these tests run.
"""

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.support import airflow_home

# isort: split
from airflow import __version__ as AIRFLOW_VERSION
from airflow.cli.cli_parser import get_parser
from airflow.configuration import conf

from logops.cli import app
from logops.toolchain import PROGRAMS
from tests.support.compose import FILE, ComposeFileError, parse

ROOT = airflow_home.ROOT
DOCKERFILE = (ROOT / "Dockerfile").read_text()
VARIABLE = re.compile(r"\$\{([A-Z_]+)(:-[^}]*)?")
AIRFLOW_IMAGE = "logops-airflow"


@pytest.fixture(scope="module")
def services() -> Mapping[str, Any]:
    services: Mapping[str, Any] = parse(FILE)["services"]
    return services


def airflow_services(services: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, service in services.items():
        if service["image"] == AIRFLOW_IMAGE and not service.get("entrypoint"):
            yield name, service


def test_parser_with_unknown_key_refuses_the_file(tmp_path: Path) -> None:
    file = tmp_path / "docker-compose.yaml"
    file.write_text(FILE.read_text().replace("    stop_grace_period: 10m", "    stop_grace_time: 10m"))

    with pytest.raises(ComposeFileError, match="stop_grace_time"):
        parse(file)


def test_compose_file_has_every_part_of_airflow(services: Mapping[str, Any]) -> None:
    commands = {service["command"] for _, service in airflow_services(services)}

    assert commands == {"db migrate", "api-server", "scheduler", "dag-processor", "triggerer", "celery worker"}


def test_commands_of_airflow_are_understood_by_the_installed_version(services: Mapping[str, Any]) -> None:
    parser = get_parser()
    for _, service in airflow_services(services):
        # Ends the test with Airflow's usage if the command is unknown.
        parser.parse_args(shlex.split(service["command"]))


def test_command_of_the_metrics_is_understood_by_logops(services: Mapping[str, Any]) -> None:
    metrics = services["metrics"]
    assert (metrics["image"], metrics["entrypoint"][-1]) == (AIRFLOW_IMAGE, "logops")

    # `--help` is asked after the whole command was parsed.
    understood = CliRunner().invoke(app, [*metrics["command"], "--help"])
    refused = CliRunner().invoke(app, [*metrics["command"], "--port", "9100", "--help"])

    assert (understood.exit_code, refused.exit_code) == (0, 2), understood.output


def test_health_checks_of_airflow_name_jobs_that_the_installed_version_has(services: Mapping[str, Any]) -> None:
    parser = get_parser()
    checks = [service["healthcheck"]["test"] for _, service in airflow_services(services) if "healthcheck" in service]
    job_checks = [test[2:] for test in checks if test[:2] == ["CMD", "airflow"]]

    types = {parser.parse_args(arguments).job_type for arguments in job_checks}

    assert types == {"SchedulerJob", "DagProcessorJob", "TriggererJob"}


def test_every_long_running_service_has_a_health_check(services: Mapping[str, Any]) -> None:
    without = {name for name, service in services.items() if "healthcheck" not in service}

    assert without == {"migrate", "local"}


def test_variables_of_airflow_name_options_of_the_installed_version(services: Mapping[str, Any]) -> None:
    options = {
        f"AIRFLOW__{section}__{option}".upper()
        for section, described in conf.configuration_description.items()
        for option in described["options"]
    }
    variables = {name for _, service in airflow_services(services) for name in service["environment"]}
    in_image = set(re.findall(r"AIRFLOW__\w+", DOCKERFILE))

    assert {name for name in variables | in_image if name.startswith("AIRFLOW__")} <= options


def test_every_variable_without_a_default_is_in_the_example_of_the_secrets() -> None:
    required = {name for name, default in VARIABLE.findall(FILE.read_text()) if not default}
    example = set(re.findall(r"^([A-Z_]+)=$", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert required == example


def test_secrets_of_airflow_come_from_variables(services: Mapping[str, Any]) -> None:
    secret = {
        f"AIRFLOW__{section}__{option}".upper()
        for section, described in conf.configuration_description.items()
        for option, details in described["options"].items()
        if details.get("sensitive")
    }
    values = {
        value
        for _, service in airflow_services(services)
        for name, value in service["environment"].items()
        if name in secret
    }

    assert len(values) == 6
    assert all("${" in value for value in values)


def test_image_of_airflow_has_the_pinned_and_installed_version() -> None:
    (image,) = re.findall(r"^FROM apache/airflow:(\S+)-python3\.11 ", DOCKERFILE, re.MULTILINE)
    (pinned,) = re.findall(r"^apache-airflow==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)

    assert image == pinned == AIRFLOW_VERSION


def test_programs_of_the_local_image_have_the_versions_that_logops_expects() -> None:
    images = dict(re.findall(r"--from=\S+/(\S+):v?(\S+)", DOCKERFILE))

    assert images == {name: PROGRAMS[name].version for name in images}
    assert {"loki", "loki-canary", "promtail", "prometheus", "alertmanager"} == set(images)


def test_every_image_names_a_version(services: Mapping[str, Any]) -> None:
    foreign = {service["image"] for service in services.values() if "build" not in service}
    bases = set(re.findall(r"^(?:FROM|COPY --from=)\s*(\S+[:/]\S+)", DOCKERFILE, re.MULTILINE))

    assert foreign
    assert all(re.search(r":v?\d+\.\d+", image) for image in foreign | bases)


def test_no_service_runs_as_root(services: Mapping[str, Any]) -> None:
    foreign = {name: service.get("user") for name, service in services.items() if "build" not in service}

    assert foreign == {"postgres": "postgres", "redis": "redis"}
    # apache/airflow's own user; nothing in this file changes it.
    assert set(re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)) == {"airflow"}


def test_only_the_api_server_and_the_metrics_are_published_and_only_on_this_machine(
    services: Mapping[str, Any],
) -> None:
    published = {
        (name, port["host_ip"], port["target"])
        for name, service in services.items()
        for port in service.get("ports", ())
    }

    assert published == {("api-server", "127.0.0.1", 8080), ("metrics", "127.0.0.1", 9100)}


def test_files_that_the_image_copies_exist_and_reach_the_build() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    sources = [
        source
        for line in re.findall(r"^COPY --chown=\S+ (.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]

    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if f"!{source}" not in ignored] == []


def test_extras_of_the_image_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]

    assert set(re.findall(r"--extra (\S+)", DOCKERFILE)) <= set(extras)
