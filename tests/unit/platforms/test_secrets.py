"""The key store: keys are generated once, kept private, and redacted in text."""

import base64
from pathlib import Path

import pytest

from logops.platforms.local.secrets import KeyStore, generated_once, redact
from logops.platforms.platform import PlatformError
from tests.support.environments import environment

LOCAL = environment("local")
NAMES = {"LOGOPS_MAIN_STORAGE_KEY", "LOGOPS_SECURITY_STORAGE_KEY"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secrets.env"


def test_missing_keys_are_generated_as_64_bytes_in_base64(file: Path) -> None:
    keys = KeyStore(file, LOCAL, {}).complete()
    assert keys.keys() == NAMES
    assert {len(base64.b64decode(key, validate=True)) for key in keys.values()} == {64}
    assert len(set(keys.values())) == 2


def test_generated_keys_are_kept(file: Path) -> None:
    assert KeyStore(file, LOCAL, {}).complete() == KeyStore(file, LOCAL, {}).complete()


def test_key_file_is_readable_only_by_owner(file: Path) -> None:
    KeyStore(file, LOCAL, {}).complete()
    assert file.stat().st_mode & 0o777 == 0o600


def test_given_key_overrides_generated_key_and_is_not_written(file: Path) -> None:
    KeyStore(file, LOCAL, {}).complete()
    written = file.read_text()
    keys = KeyStore(file, LOCAL, {"LOGOPS_MAIN_STORAGE_KEY": "given"}).complete()
    assert keys["LOGOPS_MAIN_STORAGE_KEY"] == "given"
    assert file.read_text() == written


def test_known_keys_are_read_without_creating_a_file(file: Path) -> None:
    assert KeyStore(file, LOCAL, {}).known() == {}
    assert not file.exists()


def test_missing_key_of_airflow_connection_is_reported(file: Path) -> None:
    elsewhere = environment("local", ("storage_accounts.main.account_key", {"connection": "azure-main"}))
    with pytest.raises(PlatformError, match="LOGOPS_CONNECTION_AZURE_MAIN") as error:
        KeyStore(file, elsewhere, {}).complete()
    assert "Airflow connection 'azure-main'" in str(error.value)


def test_key_of_airflow_connection_is_read_from_variable(file: Path) -> None:
    elsewhere = environment("local", ("storage_accounts.main.account_key", {"connection": "azure-main"}))
    keys = KeyStore(file, elsewhere, {"LOGOPS_CONNECTION_AZURE_MAIN": "given"}).complete()
    assert keys["LOGOPS_CONNECTION_AZURE_MAIN"] == "given"


def test_secrets_are_redacted_in_text() -> None:
    secrets = {"A": "c2VjcmV0IG9uZQ==", "B": "c2VjcmV0IG9uZQ==c2VjcmV0IHR3bw==", "EMPTY": ""}
    shown = redact(f"AccountKey={secrets['B']};AccountKey={secrets['A']};", secrets)
    assert shown == "AccountKey=***;AccountKey=***;"


def test_secret_in_file_is_generated_once_and_readable_only_by_owner(tmp_path: Path) -> None:
    file = tmp_path / "state" / "quality-salt"
    first = generated_once(file)
    assert (len(first), generated_once(file), file.stat().st_mode & 0o777) == (64, first, 0o600)


def test_secrets_in_two_files_are_different(tmp_path: Path) -> None:
    assert generated_once(tmp_path / "a") != generated_once(tmp_path / "b")
