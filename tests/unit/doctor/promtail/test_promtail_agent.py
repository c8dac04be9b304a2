"""Tests of translating clients and limits into an agent."""

from typing import Any

import pytest

from tests.unit.doctor.promtail.migrating import FILES, changed, lost, migrate_client, migrate_config, todo

URL = "http://loki-gateway:3100/loki/api/v1/push"


def test_settings_of_a_client_are_keys_of_the_agent() -> None:
    migrated = migrate_client(
        batchwait="2s",
        batchsize=524288,
        timeout="5s",
        backoff_config={"min_period": "1s", "max_period": "1m", "max_retries": 20},
        external_labels={"cluster": "prod"},
        tls_config={"ca_file": "/ca.crt", "server_name": "loki", "insecure_skip_verify": False},
    )

    assert migrated.agents["nodes"] == {
        "kind": "alloy",
        "sources": ["my-app"],
        "batch_wait": "2s",
        "batch_size": "512KiB",
        "timeout": "5s",
        "backoff_min": "1s",
        "backoff_max": "1m",
        "backoff_retries": 20,
        "labels": {"cluster": "prod"},
        "tls": {"ca_file": "/ca.crt", "server_name": "loki"},
    }
    assert migrated.notes == ()


def test_settings_with_the_defaults_of_an_environment_are_left_out_silently() -> None:
    migrated = migrate_client(
        batchwait="1s",
        batchsize=1048576,
        timeout="10s",
        backoff_config={"min_period": "500ms", "max_period": "5m", "max_retries": 10},
        follow_redirects=True,
        enable_http2=True,
    )

    assert migrated.agents["nodes"] == {"kind": "alloy", "sources": ["my-app"]}
    assert migrated.notes == ()


CONNECTION = (
    "create the Airflow connection {0} {1}, and set the environment variable {2} where the agent runs. The secret was "
    "not copied"
)


@pytest.mark.parametrize(
    ("client", "keys", "path", "note"),
    [
        (
            {"basic_auth": {"username": "u", "password": "p"}},
            {"basic_auth": {"username": "u", "password": {"connection": "loki_password"}}},
            "basic_auth.password",
            CONNECTION.format("loki_password", "with this secret as its password", "LOGOPS_CONNECTION_LOKI_PASSWORD"),
        ),
        (
            {"basic_auth": {"username": "u", "password_file": "/run/p"}},
            {"basic_auth": {"username": "u", "password": {"connection": "loki_password"}}},
            "basic_auth.password_file",
            CONNECTION.format(
                "loki_password", "with the content of /run/p as its password", "LOGOPS_CONNECTION_LOKI_PASSWORD"
            ),
        ),
        (
            {"bearer_token": "t"},
            {"bearer_token": {"connection": "loki_token"}},
            "bearer_token",
            CONNECTION.format("loki_token", "with this secret as its password", "LOGOPS_CONNECTION_LOKI_TOKEN"),
        ),
        (
            {"authorization": {"type": "Bearer", "credentials": "${TOKEN}"}},
            {"bearer_token": {"env": "TOKEN"}},
            "authorization.credentials",
            "set the environment variable TOKEN where the agent runs, as for Promtail",
        ),
    ],
)
def test_login_is_a_reference_and_names_what_to_create(
    client: dict[str, Any], keys: dict[str, Any], path: str, note: str
) -> None:
    migrated = migrate_client(**client)

    assert migrated.agents["nodes"] == {"kind": "alloy", "sources": ["my-app"], **keys}
    assert todo(migrated) == {f"clients[0].{path}": note}


@pytest.mark.parametrize("client", [{"tenant_id": "team-a"}, {"headers": {"X-Scope-OrgID": "team-a"}}])
def test_tenant_of_a_client_is_the_tenant_of_the_sources(client: dict[str, Any]) -> None:
    migrated = migrate_client(**client)

    assert migrated.sources["my-app"]["tenant"] == "team-a"
    assert migrated.notes == ()


def test_address_is_kept_in_the_configuration_of_alloy() -> None:
    migrated = migrate_client(url="https://user:password@logs.example.com/loki/api/v1/push")

    assert '"https://logs.example.com/loki/api/v1/push"' in migrated.alloy
    assert todo(migrated) == {
        "clients[0].url": "the address has a login. It was not copied: write basic_auth of the agent"
    }


def test_second_client_is_named() -> None:
    migrated = migrate_config({"clients": [{"url": URL}, {"url": URL}], "scrape_configs": [{"job_name": "a", **FILES}]})

    assert lost(migrated) == {
        "clients[1]": "Promtail also sends every line to this client. A source of an environment has one cluster: "
        "write the source a second time for another cluster"
    }


def test_certificate_that_is_not_checked_is_named() -> None:
    assert lost(migrate_client(tls_config={"insecure_skip_verify": True})) == {
        "clients[0].tls_config.insecure_skip_verify": "the server's certificate is always checked: set tls.ca_file of "
        "the agent to its certificate authority"
    }


def test_longest_line_is_carried_over_if_longer_ones_are_cut() -> None:
    jobs = [{"job_name": "a", **FILES}]
    limits = {"max_line_size": "16kb", "max_line_size_truncate": True}
    cut = migrate_config({"limits_config": limits, "scrape_configs": jobs})
    dropped = migrate_config({"limits_config": {"max_line_size": "16kb"}, "scrape_configs": jobs})

    assert cut.agents["nodes"]["max_line_size"] == "16KiB"
    assert lost(dropped) == {
        "limits_config.max_line_size": "Promtail drops longer lines. An agent cuts them (max_line_size), or a source "
        "drops them (parse.drop with longer_than: 16kb)"
    }


def test_positions_are_noted_with_what_happens_to_lines() -> None:
    migrated = migrate_config({"positions": {"filename": "/p"}, "scrape_configs": [{"job_name": "a", **FILES}]})

    assert changed(migrated)["positions"].startswith("the new agent has positions of its own. At its first start")
