"""Tests of secrets: an environment file with a secret is refused, and no message shows the secret."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.environment import EnvironmentFileError, parse_environment
from logops.environment.base import SecretRef

SECRET = "hunter2abcDEF/+=="
KEY = "account_key: {env: LOGOPS_MAIN_STORAGE_KEY}"
Problems = Callable[[str, str], list[tuple[str, str, str]]]


@pytest.mark.parametrize(
    ("written", "path"),
    [
        (f"account_key: {SECRET}", "storage_accounts.main.account_key"),
        (f"account_key: [{SECRET}]", "storage_accounts.main.account_key"),
        (f"account_key: {{env: {SECRET}}}", "storage_accounts.main.account_key.env"),
        (f"account_key: {{env: [{SECRET}]}}", "storage_accounts.main.account_key.env"),
        (f"account_key: {{connection: {SECRET}}}", "storage_accounts.main.account_key.connection"),
        (f"account_key: {{env: A, connection: {SECRET}}}", "storage_accounts.main.account_key.connection"),
        (f"account_key: {{value: {SECRET}}}", "storage_accounts.main.account_key.value"),
        (f"key: {SECRET}", "storage_accounts.main.key"),
    ],
)
def test_literal_secret_is_refused_and_not_shown(problems: Problems, written: str, path: str) -> None:
    reported = problems(f"    {KEY}\n", f"    {written}\n")

    assert path in [problem[0] for problem in reported]
    assert "hunter2" not in str(reported)


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("storage_accounts:\n", f"storage_accounts: {SECRET}\naccounts:\n", "storage_accounts"),
        ("storage_accounts:\n", f"storage_accounts:\n  other: {SECRET}\n", "storage_accounts.other"),
        (
            "containers: [loki-chunks, loki-ruler, system-logs]",
            f"containers: {SECRET}",
            "storage_accounts.main.containers",
        ),
        ("    parse:\n", f"    parse: {SECRET}\n    parsing:\n", "sources.application.parse"),
    ],
)
def test_text_instead_of_mapping_or_list_is_not_shown(problems: Problems, old: str, new: str, path: str) -> None:
    reported = problems(old, new)

    assert (path, "text") in [problem[:2] for problem in reported]
    assert "hunter2" not in str(reported)


@pytest.mark.parametrize("url", ["s3://user:hunter2@bucket/results", "abfs://c@a.dfs.core.windows.net/x?sig=hunter2"])
def test_credential_in_results_url_is_refused_and_not_shown(problems: Problems, url: str) -> None:
    reported = problems("results: results", f"results: {url}")

    assert reported == [("results", "not shown", "the URL must not contain a password or a token (?...)")]


def test_refused_secret_is_reported_with_the_way_to_reference_it(problems: Problems) -> None:
    ((path, found, allowed),) = problems(KEY, f"account_key: {SECRET}")

    assert (path, found) == ("storage_accounts.main.account_key", "not shown")
    assert allowed.startswith("name the secret with {env: NAME} or {connection: ID}: ")


def test_literal_connection_string_is_not_shown() -> None:
    text = (Path(__file__).parents[3] / "include/environments/production.yaml").read_text()
    written = text.replace("connection_string: {connection: event_hub}", f"connection_string: Endpoint=sb;Key={SECRET}")
    assert written != text

    with pytest.raises(EnvironmentFileError) as caught:
        parse_environment(written, Path("x.yaml"))

    assert "sources.azure.connection_string: not shown" in str(caught.value)
    assert "hunter2" not in f"{caught.value} {caught.value!r} {caught.value.__cause__}"


def test_secret_reference_with_none_or_two_sources_is_refused() -> None:
    for wrong in ({}, {"env": "A", "connection": "b"}):
        with pytest.raises(ValueError, match="exactly one of: env, connection"):
            SecretRef.model_validate(wrong)


@given(st.from_regex(r"[A-Za-z0-9_.-]{1,250}", fullmatch=True))
def test_variable_of_a_connection_is_valid_in_every_shell(connection: str) -> None:
    variable = SecretRef(connection=connection).variable

    assert variable.startswith("LOGOPS_CONNECTION_")
    assert variable.replace("_", "A").isalnum()
    assert variable == variable.upper()


def test_secret_reference_as_text_names_its_source() -> None:
    assert str(SecretRef(env="A_KEY")) == "environment variable A_KEY"
    assert str(SecretRef(connection="main")) == "Airflow connection 'main'"
