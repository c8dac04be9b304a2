"""Tests of translating files, the journal, syslog and Event Hubs."""

from typing import Any

import pytest

from logops.doctor.promtail.migrate import Migration
from tests.unit.doctor.promtail.migrating import changed, lost, migrate_config, migrate_job, todo

JOB = "scrape_configs[0]"


def static(path: str, **labels: str) -> dict[str, Any]:
    return {"targets": ["localhost"], "labels": {**labels, "__path__": path}}


def test_files_with_the_same_labels_are_one_source_and_others_are_more() -> None:
    migrated = migrate_job(
        static_configs=[static("/a.log", job="a"), static("/b.log", job="a"), static("/c.log", job="c")]
    )

    assert {name: (s["paths"], s["labels"]) for name, s in migrated.sources.items()} == {
        "my-app": (["/a.log", "/b.log"], {"job": "a"}),
        "my-app-2": (["/c.log"], {"job": "c"}),
    }
    assert migrated.notes == ()


def test_files_without_labels_get_the_job_as_label() -> None:
    migrated = migrate_job(static_configs=[static("/a.log")])

    assert migrated.sources["my-app"]["labels"] == {"job": "my_app"}
    assert changed(migrated) == {JOB: "lines get the label job=my_app: each source has a fixed label"}


def test_excluded_files_are_carried_over() -> None:
    migrated = migrate_job(static_configs=[static("/a.log", job="a", __path_exclude__="/b.log")])

    assert migrated.sources["my-app"]["exclude"] == ["/b.log"]


def test_rules_about_labels_of_files_are_carried_out() -> None:
    migrated = migrate_job(
        static_configs=[static("/a.log", job="shop-api")],
        relabel_configs=[{"source_labels": ["job"], "regex": "(.*)-api", "target_label": "app"}],
    )

    assert migrated.sources["my-app"]["labels"] == {"job": "shop-api", "app": "shop"}
    assert migrated.notes == ()


def test_label_with_a_variable_is_left_to_the_user() -> None:
    migrated = migrate_job(static_configs=[static("/a.log", job="a", host="${HOSTNAME}")])

    assert todo(migrated) == {
        f"{JOB}.static_configs[0].labels.host": "replace ${HOSTNAME} by its value: an environment has variables only "
        "for secrets"
    }


def test_journal_is_carried_over_with_its_units() -> None:
    migrated = migrate_job(
        journal={"path": "/run/log/journal", "max_age": "12h", "labels": {"job": "journal"}},
        relabel_configs=[
            {"source_labels": ["__journal__systemd_unit"], "target_label": "unit"},
            {"source_labels": ["__journal__hostname"], "target_label": "host"},
            {"source_labels": ["__journal__systemd_unit"], "regex": "sshd.service|cron.service", "action": "keep"},
        ],
    )

    assert migrated.sources["my-app"] == {
        "kind": "journal",
        "path": "/run/log/journal",
        "units": ["sshd.service", "cron.service"],
        "max_age": "12h",
        "cluster": "main",
        "tenant": "application",
        "labels": {"job": "journal"},
    }
    assert migrated.notes == ()


def test_other_choice_of_journal_lines_is_named_with_its_consequence() -> None:
    migrated = migrate_job(journal={"path": "/x", "matches": "PRIORITY=3", "labels": {"job": "j"}})

    assert lost(migrated) == {
        f"{JOB}.journal.matches": "a journal source selects by units, nothing else: all lines of the journal are sent"
    }


def syslog(**keys: Any) -> Migration:
    return migrate_job(syslog={"use_incoming_timestamp": True, "labels": {"job": "syslog"}, **keys})


def test_syslog_is_carried_over_with_format_and_tls() -> None:
    migrated = syslog(
        listen_address="0.0.0.0:6514",
        syslog_format="rfc3164",
        tls_config={"cert_file": "/c", "key_file": "/k", "ca_file": "/ca"},
    )

    assert migrated.sources["my-app"] == {
        "kind": "syslog",
        "port": 6514,
        "message_format": "rfc3164",
        "tls": {"cert_file": "/c", "key_file": "/k", "client_ca_file": "/ca"},
        "cluster": "main",
        "tenant": "application",
        "labels": {"job": "syslog"},
    }
    assert lost(migrated) == {}


def test_syslog_with_the_time_of_arrival_is_noted() -> None:
    assert changed(syslog(use_incoming_timestamp=False))[f"{JOB}.syslog"] == (
        "lines have the timestamp of their message. Promtail used the time of arrival"
    )


def test_address_of_one_interface_is_noted() -> None:
    assert changed(syslog(listen_address="10.0.0.1:514"))[f"{JOB}.syslog.listen_address"] == (
        "the agent listens on all addresses, not only on 10.0.0.1"
    )


def test_each_event_hub_is_a_source_with_its_group_and_a_reference() -> None:
    migrated = migrate_config(
        {
            "scrape_configs": [
                {
                    "job_name": "azure",
                    "azure_event_hubs": {
                        "fully_qualified_namespace": "n.servicebus.windows.net:9093",
                        "event_hubs": ["one", "two"],
                        "group_id": "logs",
                        "connection_string": "Endpoint=sb://secret",
                        "use_incoming_timestamp": True,
                        "labels": {"job": "azure"},
                    },
                }
            ]
        }
    )

    assert migrated.sources["azure"] == {
        "kind": "event-hub",
        "namespace": "n.servicebus.windows.net",
        "connection_string": {"connection": "event_hub"},
        "consumer_group": "logs",
        "event_hub": "one",
        "cluster": "main",
        "tenant": "application",
        "labels": {"job": "azure"},
    }
    assert migrated.sources["azure-2"]["event_hub"] == "two"
    assert list(todo(migrated)) == ["scrape_configs[0].azure_event_hubs.connection_string"]


@pytest.mark.parametrize("address", ["0.0.0.0:${PORT}", "nowhere"])
def test_address_without_a_port_is_left_to_the_user(address: str) -> None:
    assert todo(syslog(listen_address=address))[f"{JOB}.syslog.listen_address"] == (
        "set the port of the source: it is not in this address"
    )
