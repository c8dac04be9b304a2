"""airflow.cfg, and the variables Airflow is started with."""

from configparser import ConfigParser
from pathlib import Path

import pytest

from logops.quickstart.airflow_config import (
    airflow_environment,
    airflow_settings,
    kept_keys,
    new_keys,
    to_text,
    write_config,
)

ROOT, HOME = Path("/checkout"), Path("/checkout/.logops/airflow")


def test_airflow_listens_on_loopback_only() -> None:
    api = airflow_settings(ROOT, HOME, 8080, {})["api"]

    assert api["host"] == "127.0.0.1"


def test_tasks_are_told_the_port_that_was_chosen() -> None:
    settings = airflow_settings(ROOT, HOME, 9123, {})

    assert settings["core"]["execution_api_server_url"] == "http://127.0.0.1:9123/execution/"
    assert settings["api"]["base_url"] == "http://127.0.0.1:9123"


def test_a_percent_sign_in_a_folder_is_no_interpolation() -> None:
    settings = airflow_settings(Path("/100%/checkout"), HOME, 8080, {})

    parser = ConfigParser()
    parser.read_string(to_text(settings))

    assert parser["core"]["dags_folder"] == "/100%/checkout/dags"


def test_keys_are_kept_when_the_file_is_written_again(tmp_path: Path) -> None:
    write_config(ROOT, tmp_path, 8080)
    first = kept_keys((tmp_path / "airflow.cfg").read_text())
    write_config(ROOT, tmp_path, 9000)
    second = (tmp_path / "airflow.cfg").read_text()

    assert first is not None
    assert kept_keys(second) == first
    assert "port = 9000" in second


def test_only_the_owner_can_read_the_keys(tmp_path: Path) -> None:
    write_config(ROOT, tmp_path, 8080)

    assert (tmp_path / "airflow.cfg").stat().st_mode & 0o077 == 0


def test_two_installations_have_different_keys() -> None:
    assert set(new_keys().values()).isdisjoint(new_keys().values())


def test_the_fernet_key_is_one() -> None:
    from cryptography.fernet import Fernet

    fernet = Fernet(new_keys()["core", "fernet_key"])

    assert fernet.decrypt(fernet.encrypt(b"secret")) == b"secret"


@pytest.mark.parametrize("text", ["", "[core]\nfernet_key = x\n", "no section = 1"])
def test_a_file_without_every_key_keeps_none(text: str) -> None:
    assert kept_keys(text) is None


def test_another_projects_airflow_variables_are_not_passed_on() -> None:
    inherited = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://prod", "AIRFLOW_CONFIG": "/other", "LANG": "C"}

    environment = airflow_environment(inherited, ROOT, HOME, Path("/venv/bin"))

    assert not [name for name in environment if name.startswith(("AIRFLOW__", "AIRFLOW_CONFIG"))]
    assert environment["LANG"] == "C"


def test_the_airflow_command_is_found_first_in_the_virtualenv() -> None:
    environment = airflow_environment({"PATH": "/usr/bin"}, ROOT, HOME, Path("/venv/bin"))

    assert environment["PATH"] == "/venv/bin:/usr/bin"


def test_no_proxy_stands_between_airflow_and_its_own_api() -> None:
    environment = airflow_environment({"no_proxy": "example.com"}, ROOT, HOME, Path("/venv/bin"))

    assert environment["no_proxy"] == environment["NO_PROXY"] == "example.com,127.0.0.1,localhost"
