"""A secret stands in no environment file, and one that was written there by mistake stands in no message."""

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
def test_a_secret_written_out_is_refused_and_not_repeated(problems: Problems, written: str, path: str) -> None:
    said = problems(f"    {KEY}\n", f"    {written}\n")

    assert path in [problem[0] for problem in said]
    assert "hunter2" not in str(said)


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
def test_text_where_a_mapping_or_a_list_belongs_is_not_repeated(
    problems: Problems, old: str, new: str, path: str
) -> None:
    said = problems(old, new)

    assert (path, "text") in [problem[:2] for problem in said]
    assert "hunter2" not in str(said)


@pytest.mark.parametrize("url", ["s3://user:hunter2@bucket/results", "abfs://c@a.dfs.core.windows.net/x?sig=hunter2"])
def test_a_credential_in_the_results_url_is_refused_and_not_repeated(problems: Problems, url: str) -> None:
    said = problems("results: results", f"results: {url}")

    assert said == [("results", "not shown", "a password or a token (?...) does not belong in a URL here")]


def test_the_refusal_says_how_a_secret_is_named(problems: Problems) -> None:
    ((path, found, allowed),) = problems(KEY, f"account_key: {SECRET}")

    assert (path, found) == ("storage_accounts.main.account_key", "not shown")
    assert allowed.startswith("a secret is named here by {env: NAME} or {connection: ID}: ")


def test_a_connection_string_is_not_repeated_either() -> None:
    text = (Path(__file__).parents[3] / "include/environments/production.yaml").read_text()
    written = text.replace("connection_string: {connection: event_hub}", f"connection_string: Endpoint=sb;Key={SECRET}")
    assert written != text

    with pytest.raises(EnvironmentFileError) as caught:
        parse_environment(written, Path("x.yaml"))

    assert "sources.azure.connection_string: not shown" in str(caught.value)
    assert "hunter2" not in f"{caught.value} {caught.value!r} {caught.value.__cause__}"


def test_a_secret_is_named_in_exactly_one_way() -> None:
    for wrong in ({}, {"env": "A", "connection": "b"}):
        with pytest.raises(ValueError, match="exactly one of: env, connection"):
            SecretRef.model_validate(wrong)


@given(st.from_regex(r"[A-Za-z0-9_.-]{1,250}", fullmatch=True))
def test_a_connection_s_variable_is_one_that_every_shell_takes(connection: str) -> None:
    variable = SecretRef(connection=connection).variable

    assert variable.startswith("LOGOPS_CONNECTION_")
    assert variable.replace("_", "A").isalnum()
    assert variable == variable.upper()


def test_a_reference_reads_as_what_it_names() -> None:
    assert str(SecretRef(env="A_KEY")) == "environment variable A_KEY"
    assert str(SecretRef(connection="main")) == "Airflow connection 'main'"
