"""Tests of translating jobs that read Kubernetes pods."""

from typing import Any

import pytest

from logops.doctor.promtail.migrate import Migration
from tests.unit.doctor.promtail.migrating import changed, lost, migrate_job

META = "__meta_kubernetes_"
RULES = "scrape_configs[0].relabel_configs"


def migrate_rules(*rules: dict[str, Any]) -> Migration:
    return migrate_job(kubernetes_sd_configs=[{"role": "pod"}], relabel_configs=list(rules))


def copy(source: str, target: str) -> dict[str, Any]:
    return {"source_labels": [f"{META}{source}"], "target_label": target}


PATH = {
    "source_labels": [f"{META}pod_uid", f"{META}pod_container_name"],
    "separator": "/",
    "replacement": "/var/log/pods/*$1/*.log",
    "target_label": "__path__",
}
STATIC_POD_PATH = {
    "source_labels": [
        f"{META}pod_annotationpresent_kubernetes_io_config_hash",
        f"{META}pod_annotation_kubernetes_io_config_hash",
        f"{META}pod_container_name",
    ],
    "separator": "/",
    "regex": "true/(.*)",
    "replacement": "/var/log/pods/*$1/*.log",
    "target_label": "__path__",
}


def test_usual_rules_become_a_source_without_loss() -> None:
    migrated = migrate_rules(
        copy("pod_node_name", "__host__"),
        copy("namespace", "namespace"),
        copy("pod_name", "pod"),
        copy("pod_container_name", "container"),
        copy("pod_label_app_kubernetes_io_name", "app"),
        {"target_label": "job", "replacement": "pods"},
        PATH,
        STATIC_POD_PATH,
    )

    assert migrated.sources["my-app"] == {
        "kind": "pods",
        "pod_labels": {"app": "app.kubernetes.io/name"},
        "cluster": "main",
        "tenant": "application",
        "labels": {"job": "pods"},
    }
    assert lost(migrated) == {}
    assert changed(migrated) == {
        "scrape_configs[0]": "pod is structured metadata, not a label: every rollout of an application would make new "
        "streams"
    }


def test_keep_by_namespace_selects_namespaces() -> None:
    migrated = migrate_rules({"source_labels": [f"{META}namespace"], "regex": "shop|web", "action": "keep"})

    assert migrated.sources["my-app"]["namespaces"] == ["shop", "web"]
    assert lost(migrated) == {}


@pytest.mark.parametrize("source", [f"{META}namespace", "namespace"])
def test_drop_by_namespace_is_a_drop_rule(source: str) -> None:
    migrated = migrate_rules(
        copy("namespace", "namespace"), {"source_labels": [source], "regex": "kube-.*", "action": "drop"}
    )

    assert migrated.sources["my-app"]["parse"]["drop"] == [
        {"name": "drop-namespace-1", "field": "namespace", "expression": "^(?:kube-.*)$"}
    ]
    assert changed(migrated)[f"{RULES}[1]"] == (
        "a drop rule does this: the lines are read, but not sent (namespace matches kube-.*)"
    )


def test_keep_by_container_or_label_of_pod_selects_pods() -> None:
    migrated = migrate_rules(
        copy("pod_label_app", "app"),
        {"source_labels": ["app"], "regex": "cart|api", "action": "keep"},
        {"source_labels": [f"{META}pod_container_name"], "regex": "main", "action": "keep"},
    )

    assert migrated.sources["my-app"]["select"] == {"app": ["cart", "api"], "container": ["main"]}
    assert lost(migrated) == {}


def test_keep_by_a_label_that_no_rule_copies_adds_the_label() -> None:
    migrated = migrate_rules({"source_labels": [f"{META}pod_label_team"], "regex": "shop", "action": "keep"})

    assert migrated.sources["my-app"]["pod_labels"] == {"team": "team"}
    assert migrated.sources["my-app"]["select"] == {"team": ["shop"]}
    assert changed(migrated)[f"{RULES}[0]"] == "the source selects pods by team, so lines get the label team"


def test_drop_by_label_of_pod_is_a_drop_rule_if_the_source_has_the_label() -> None:
    drop = {"source_labels": [f"{META}pod_label_app"], "regex": "canary", "action": "drop"}

    assert lost(migrate_rules(copy("pod_label_app", "app"), drop)) == {}
    assert f"{RULES}[0]" in lost(migrate_rules(drop))


def test_first_label_that_is_not_empty_is_the_first_one_with_a_note() -> None:
    migrated = migrate_rules(
        {
            "source_labels": [f"{META}pod_label_app_kubernetes_io_name", f"{META}pod_label_app", f"{META}pod_name"],
            "regex": "^;*([^;]+)(;.*)?$",
            "target_label": "app",
        }
    )

    assert migrated.sources["my-app"]["pod_labels"] == {"app": "app.kubernetes.io/name"}
    assert changed(migrated)[f"{RULES}[0]"] == (
        "the label app is the pod's label app.kubernetes.io/name. If a pod does not have it, nothing takes its place "
        "(before: pod_label_app, pod_name)"
    )


def test_labelmap_of_named_labels_is_carried_over_and_of_all_labels_is_not() -> None:
    migrated = migrate_rules(
        {"action": "labelmap", "regex": f"{META}pod_label_(team|app)"},
        {"action": "labelmap", "regex": f"{META}pod_label_(.+)"},
    )

    assert migrated.sources["my-app"]["pod_labels"] == {"team": "team", "app": "app"}
    assert lost(migrated) == {
        f"{RULES}[1]": f"labelmap {META}pod_label_(.+): name each label, because every label multiplies the streams"
    }


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (
            {"source_labels": [f"{META}namespace", f"{META}pod_name"], "separator": "/", "target_label": "job"},
            f"the label job is made of {META}namespace, {META}pod_name: a source cannot join labels",
        ),
        (
            copy("pod_node_name", "node"),
            f"the label node comes from {META}pod_node_name, which a source of this kind does not have",
        ),
        (
            {**copy("pod_name", "app"), "regex": "(.+)-[^-]+"},
            f"the label app is a part of {META}pod_name ((.+)-[^-]+): a source copies whole labels",
        ),
        (
            {"source_labels": [f"{META}pod_annotation_logs"], "regex": "true", "action": "keep"},
            f"keep {META}pod_annotation_logs: a source of this kind cannot select by {META}pod_annotation_logs, so "
            "lines that Promtail drops are sent",
        ),
        (
            {"source_labels": ["a"], "target_label": "b", "action": "hashmod", "modulus": 3},
            "the action hashmod cannot be carried over",
        ),
        (
            {"source_labels": ["a"], "target_label": "b", "regex": "(?!x)"},
            "RE2 refuses this regular expression: invalid perl operator: (?!. Promtail does not start with it either",
        ),
    ],
)
def test_rule_that_cannot_be_carried_over_is_named_with_index_and_reason(rule: dict[str, Any], reason: str) -> None:
    assert lost(migrate_rules(copy("namespace", "namespace"), rule))[f"{RULES}[1]"] == reason


def test_path_that_a_source_does_not_read_is_named() -> None:
    migrated = migrate_rules({"replacement": "/var/lib/docker/containers/*/*.log", "target_label": "__path__"})

    assert lost(migrated)[f"{RULES}[0]"] == (
        "a source of pods reads /var/log/pods/NAMESPACE_POD_UID/CONTAINER/*.log, and no other files"
    )


def test_job_without_a_path_is_noted() -> None:
    assert "no rule makes __path__, so Promtail reads no file. The source reads the files of the pods" in [
        note.text for note in migrate_rules().notes
    ]


def test_role_without_files_is_named() -> None:
    migrated = migrate_job(kubernetes_sd_configs=[{"role": "service"}])

    assert lost(migrated)["scrape_configs[0].kubernetes_sd_configs[0].role"] == (
        "the role service has no log files: a source of kind pods reads pods"
    )
