"""airflow.cfg, and the environment variables for starting Airflow."""

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


def test_chosen_port_is_in_api_urls() -> None:
    settings = airflow_settings(ROOT, HOME, 9123, {})

    assert settings["core"]["execution_api_server_url"] == "http://127.0.0.1:9123/execution/"
    assert settings["api"]["base_url"] == "http://127.0.0.1:9123"


def test_percent_sign_in_folder_is_escaped() -> None:
    settings = airflow_settings(Path("/100%/checkout"), HOME, 8080, {})

    parser = ConfigParser()
    parser.read_string(to_text(settings))

    assert parser["core"]["dags_folder"] == "/100%/checkout/dags"


def test_keys_are_kept_when_config_is_written_again(tmp_path: Path) -> None:
    write_config(ROOT, tmp_path, 8080)
    first = kept_keys((tmp_path / "airflow.cfg").read_text())
    write_config(ROOT, tmp_path, 9000)
    second = (tmp_path / "airflow.cfg").read_text()

    assert first is not None
    assert kept_keys(second) == first
    assert "port = 9000" in second


def test_config_file_with_keys_is_private_to_its_owner(tmp_path: Path) -> None:
    write_config(ROOT, tmp_path, 8080)

    assert (tmp_path / "airflow.cfg").stat().st_mode & 0o077 == 0


def test_new_keys_differ_each_time() -> None:
    assert set(new_keys().values()).isdisjoint(new_keys().values())


def test_fernet_key_encrypts_and_decrypts() -> None:
    from cryptography.fernet import Fernet

    fernet = Fernet(new_keys()["core", "fernet_key"])

    assert fernet.decrypt(fernet.encrypt(b"secret")) == b"secret"


@pytest.mark.parametrize("text", ["", "[core]\nfernet_key = x\n", "no section = 1"])
def test_config_without_all_keys_has_no_kept_keys(text: str) -> None:
    assert kept_keys(text) is None


def test_airflow_variables_of_another_project_are_removed() -> None:
    inherited = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://prod", "AIRFLOW_CONFIG": "/other", "LANG": "C"}

    environment = airflow_environment(inherited, ROOT, HOME, Path("/venv/bin"))

    assert not [name for name in environment if name.startswith(("AIRFLOW__", "AIRFLOW_CONFIG"))]
    assert environment["LANG"] == "C"


def test_path_starts_with_folder_of_airflow_command() -> None:
    environment = airflow_environment({"PATH": "/usr/bin"}, ROOT, HOME, Path("/venv/bin"))

    assert environment["PATH"] == "/venv/bin:/usr/bin"


def test_no_proxy_includes_loopback_addresses() -> None:
    environment = airflow_environment({"no_proxy": "example.com"}, ROOT, HOME, Path("/venv/bin"))

    assert environment["no_proxy"] == environment["NO_PROXY"] == "example.com,127.0.0.1,localhost"


def test_nightly_runs_use_the_environment_that_make_up_starts() -> None:
    environment = airflow_environment({}, ROOT, HOME, Path("/venv/bin"), "other")

    assert environment["LOGOPS_NIGHTLY_ENVIRONMENT"] == "other"


def test_nightly_environment_of_the_terminal_comes_first() -> None:
    inherited = {"LOGOPS_NIGHTLY_ENVIRONMENT": "production"}
    environment = airflow_environment(inherited, ROOT, HOME, Path("/venv/bin"), "local")

    assert environment["LOGOPS_NIGHTLY_ENVIRONMENT"] == "production"
