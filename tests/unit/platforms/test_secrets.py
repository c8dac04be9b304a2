"""The key store: made once, private, and never shown."""

import base64
from pathlib import Path

import pytest

from logops.platforms.local.secrets import KeyStore, redact
from logops.platforms.platform import PlatformError
from tests.support.environments import environment

LOCAL = environment("local")
NAMES = {"LOGOPS_MAIN_STORAGE_KEY", "LOGOPS_SECURITY_STORAGE_KEY"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secrets.env"


def test_keys_that_nobody_gave_are_made_as_azure_makes_them(file: Path) -> None:
    keys = KeyStore(file, LOCAL, {}).complete()
    assert keys.keys() == NAMES
    assert {len(base64.b64decode(key, validate=True)) for key in keys.values()} == {64}
    assert len(set(keys.values())) == 2


def test_keys_are_made_once(file: Path) -> None:
    assert KeyStore(file, LOCAL, {}).complete() == KeyStore(file, LOCAL, {}).complete()


def test_the_file_is_its_owners_alone(file: Path) -> None:
    KeyStore(file, LOCAL, {}).complete()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_given_key_goes_before_a_made_one_and_is_not_written(file: Path) -> None:
    KeyStore(file, LOCAL, {}).complete()
    written = file.read_text()
    keys = KeyStore(file, LOCAL, {"LOGOPS_MAIN_STORAGE_KEY": "given"}).complete()
    assert keys["LOGOPS_MAIN_STORAGE_KEY"] == "given"
    assert file.read_text() == written


def test_asking_what_is_known_makes_nothing(file: Path) -> None:
    assert KeyStore(file, LOCAL, {}).known() == {}
    assert not file.exists()


def test_a_key_kept_in_an_airflow_connection_is_not_made_up(file: Path) -> None:
    elsewhere = environment("local", ("storage_accounts.main.account_key", {"connection": "azure-main"}))
    with pytest.raises(PlatformError, match="LOGOPS_CONNECTION_AZURE_MAIN") as told:
        KeyStore(file, elsewhere, {}).complete()
    assert "Airflow connection 'azure-main'" in str(told.value)


def test_a_key_kept_in_an_airflow_connection_is_taken_from_its_variable(file: Path) -> None:
    elsewhere = environment("local", ("storage_accounts.main.account_key", {"connection": "azure-main"}))
    keys = KeyStore(file, elsewhere, {"LOGOPS_CONNECTION_AZURE_MAIN": "given"}).complete()
    assert keys["LOGOPS_CONNECTION_AZURE_MAIN"] == "given"


def test_a_text_is_shown_without_the_secrets_in_it() -> None:
    secrets = {"A": "c2VjcmV0IG9uZQ==", "B": "c2VjcmV0IG9uZQ==c2VjcmV0IHR3bw==", "EMPTY": ""}
    shown = redact(f"AccountKey={secrets['B']};AccountKey={secrets['A']};", secrets)
    assert shown == "AccountKey=***;AccountKey=***;"
