"""Tests of checking an environment: findings have paths of the environment file."""

from typing import Any

import pytest

from logops.doctor import check
from logops.doctor.from_environment import from_environment
from tests.support.environments import environment
from tests.unit.doctor.files import NOW

TENANT = "clusters.main.tenants.application"
VOLUMELESS = {"replicas": 3}


def finding_paths(name: str, *changes: tuple[str, Any]) -> set[tuple[str, str]]:
    return {(f.cls.name, f.subject.path) for f in check(from_environment(environment(name, *changes)), NOW)}


def test_local_environment_has_only_the_promtail_end_of_life_finding() -> None:
    assert finding_paths("local") == {("agent-end-of-life", "agents.promtail")}


def test_production_environment_has_no_findings() -> None:
    assert finding_paths("production") == set()


@pytest.mark.parametrize(
    ("change", "name", "path"),
    [
        ((f"{TENANT}.retention.keep", "60d"), "retention-short", f"{TENANT}.retention.keep"),
        (("clusters.main.keep_at_least", "400d"), "retention-short", f"{TENANT}.retention.keep"),
        (
            (f"{TENANT}.retention.streams", [{"selector": '{a="b"}', "keep": "12h"}]),
            "stream-retention-refused",
            f"{TENANT}.retention.streams[0].keep",
        ),
        ((f"{TENANT}.retention.then", "Cold"), "early-deletion-fee", f"{TENANT}.retention.hot"),
        (
            ("clusters.main.compactor.retention_enabled", False),
            "retention-not-enabled",
            "clusters.main.compactor.retention_enabled",
        ),
        (("clusters.main.replication_factor", 5), "replication-above-ingesters", "clusters.main.replication_factor"),
        (
            ("clusters.main.components.ingester", VOLUMELESS),
            "wal-not-persistent",
            "clusters.main.components.ingester.volume",
        ),
        (
            ("clusters.main.ingester.wal", {"enabled": False}),
            "wal-not-persistent",
            "clusters.main.ingester.wal.enabled",
        ),
        (("clusters.main.auth_enabled", False), "tenants-without-auth", "clusters.main.auth_enabled"),
        (
            (f"{TENANT}.limits", {"ingestion_rate_mb": 5, "ingestion_burst_size_mb": 10}),
            "limits-contradict",
            f"{TENANT}.limits.ingestion_rate_mb",
        ),
        (
            ("clusters.security.storage_account", "monitoring"),
            "security-data-shared",
            "clusters.security.storage_account",
        ),
        (
            ("sources.application.parse.labels", ["level", "user_id"]),
            "high-cardinality-label",
            "sources.application.parse.labels[1]",
        ),
        (("sources.application.parse.drop", ["health"]), "drop-too-broad", "sources.application.parse.drop[0]"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_defect_in_environment_is_reported_with_its_path(change: tuple[str, Any], name: str, path: str) -> None:
    changes = [change]
    if change[1] == "monitoring":
        containers = ["loki-chunks", "loki-ruler", "system-logs", "security-logs", "security-rules"]
        changes.append(("storage_accounts.monitoring.containers", containers))

    assert (name, path) in finding_paths("production", *changes)


def lifecycle(**days: int) -> tuple[str, Any]:
    rule = {"name": "chunks", "container": "loki-chunks", "prefix": "application/", **days}
    return "storage_accounts.monitoring.lifecycle", [rule]


@pytest.mark.parametrize(
    ("days", "name"),
    [({"delete_after": 90}, "lifecycle-deletes-early"), ({"archive_after": 60}, "lifecycle-archives-live")],
)
def test_declared_lifecycle_rule_is_reported_at_its_action(days: dict[str, int], name: str) -> None:
    (key,) = days

    assert (name, f"storage_accounts.monitoring.lifecycle[0].{key}") in finding_paths("production", lifecycle(**days))


def test_rule_of_another_account_with_the_same_container_is_not_reported() -> None:
    rule = {"name": "x", "container": "loki-chunks", "delete_after": 10}
    changes = (
        ("storage_accounts.security.containers", ["security-logs", "security-rules", "loki-chunks"]),
        ("storage_accounts.security.lifecycle", [rule]),
    )

    assert finding_paths("production", *changes) == set()


def test_findings_have_the_environment_and_its_file() -> None:
    deployment = from_environment(environment("local"), "include/environments/local.yaml")
    (finding,) = check(deployment, NOW)

    assert (finding.subject.environment, finding.evidence["file"]) == ("local", "include/environments/local.yaml")


def refusals(*changes: tuple[str, Any]) -> dict[str, str]:
    found = check(from_environment(environment("production", *changes)), NOW)
    return {f.subject.path: f.message for f in found if f.cls.name == "lifecycle-policy-refused"}


def tenants_with_hot_days(count: int) -> tuple[tuple[str, Any], ...]:
    """Return the change to tenants that each leave Hot after another number of days: no two can share a rule."""
    return (
        ("sources", {}),
        ("agents", {}),
        ("clusters.main.canary", None),
        (
            "clusters.main.tenants",
            {
                f"team{number}": {"retention": {"hot": f"{30 + number}d", "then": "Cool", "keep": "900d"}}
                for number in range(count)
            },
        ),
    )


def test_account_that_needs_too_many_lifecycle_rules_is_named_with_their_number() -> None:
    assert refusals(*tenants_with_hot_days(100)) == {
        "storage_accounts.monitoring": "the lifecycle policy of storage account oversightmonitoring needs 101 rules, "
        "although rules with the same actions are joined; Azure allows 100"
    }
    assert refusals(*tenants_with_hot_days(99)) == {}


def test_archive_in_a_zone_redundant_account_is_refused_with_the_redundancy() -> None:
    archive = (
        "storage_accounts.monitoring.lifecycle",
        [{"name": "raw", "container": "system-logs", "archive_after": 90}],
    )

    assert refusals(archive) == {
        "storage_accounts.monitoring.lifecycle[0].archive_after": "lifecycle rule raw archives blobs of storage "
        "account oversightmonitoring, whose redundancy is ZRS; Azure has no tier Archive for it"
    }
    assert refusals(archive, ("storage_accounts.monitoring.redundancy", "GRS")) == {}
