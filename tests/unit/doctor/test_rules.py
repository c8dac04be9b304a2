"""Tests of the rules: each class is reported with its path in a broken file, and not in the corrected file."""

from datetime import UTC, datetime

import pytest

from logops.doctor import check, read_texts
from logops.findings.classes import doctor as classes
from tests.unit.doctor import cases_agents, cases_loki, cases_storage
from tests.unit.doctor.cases_storage import alone
from tests.unit.doctor.files import (
    FLUENT_BIT,
    LOKI,
    NOW,
    changed,
    finding_paths,
    findings,
    loki,
    overrides,
    promtail,
    terraform,
    values,
)

CASES = [*cases_storage.CASES, *cases_loki.CASES, *cases_agents.CASES]


@pytest.mark.parametrize(("name", "path", "broken", "mended"), CASES, ids=[f"{c[0]}-{n}" for n, c in enumerate(CASES)])
def test_defect_is_reported_with_its_path_until_it_is_corrected(
    name: str, path: str, broken: list[str], mended: list[str]
) -> None:
    assert (name, path) in finding_paths(*broken)
    assert name not in {cls for cls, _ in finding_paths(*mended)}


def test_every_doctor_class_has_a_case() -> None:
    by_option = {"loki-4-incompatible"}  # test_loki_4.py

    assert {cls.name for cls in classes.CLASSES} - {case[0] for case in CASES} == by_option


@pytest.mark.parametrize("text", [loki(), values(), FLUENT_BIT, terraform()], ids=["loki", "helm", "fluent-bit", "tf"])
def test_correct_file_has_no_findings(text: str) -> None:
    assert finding_paths(text) == set()


def test_correct_promtail_has_only_the_end_of_life_finding() -> None:
    assert finding_paths(loki(), promtail()) == {("agent-end-of-life", "")}


def test_limit_inherited_from_cluster_is_reported_once() -> None:
    texts = loki(limits_config__retention_period="744h"), overrides(ingestion_rate_mb=4)

    assert [f.subject.tenant for f in findings(*texts) if f.cls.name == "retention-short"] == [""]


def test_retention_without_any_period_is_reported_without_a_promise() -> None:
    deployment = read_texts({"loki.yaml": loki(limits_config=None)})

    assert [finding.message for finding in check(deployment, NOW)] == [
        "retention is enabled, but limits_config.retention_period is not set, which keeps logs forever"
    ]


def test_retention_of_one_tenant_only_is_not_reported_without_a_promise() -> None:
    deployment = read_texts(
        {"loki.yaml": loki(limits_config=None), "overrides.yaml": overrides(retention_period="30d")}
    )

    assert check(deployment, NOW) == []


def test_retention_of_the_table_manager_is_reported_with_the_reason() -> None:
    table_manager = {"retention_deletes_enabled": True, "retention_period": "720h"}
    text = loki(table_manager=table_manager, compactor=None, limits_config=None)

    assert [f.message for f in findings(text)] == [
        "table_manager.retention_deletes_enabled is true, but Loki 3 runs no table manager: nothing is ever deleted"
    ]


def test_evidence_of_short_retention_has_both_numbers() -> None:
    (short,) = [f for f in findings(loki(limits_config__retention_period="744h")) if f.cls.name == "retention-short"]

    assert (short.evidence["retention_days"], short.evidence["promised_days"]) == (31, 90)


def test_message_of_contradicting_bursts_has_the_unit_of_each() -> None:
    text = loki(limits_config__per_stream_rate_limit_burst="20MB", limits_config__ingestion_burst_size_mb=6)

    (contradiction,) = [f for f in findings(text) if f.cls.name == "limits-contradict"]

    assert contradiction.message == "per_stream_rate_limit_burst (20 MB) exceeds ingestion_burst_size_mb (6 MB)"


def test_mistyped_key_is_reported_with_the_similar_key() -> None:
    (unknown,) = findings(loki(limits_config__retention_perid="90d"))

    assert unknown.remedy == "Did you mean retention_period?"


@pytest.mark.parametrize(
    ("broken", "remedy"),
    [
        (loki(common__storage={"filesystem": {"directory": "/loki"}}), "Write chunks_directory instead."),
        (loki(storage_config__filesystem={"chunks_directory": "/loki"}), "Write directory instead."),
        (loki(ruler__storage={"local": {"rules_directory": "/loki"}}), "Write directory instead."),
    ],
    ids=["common", "storage_config", "ruler"],
)
def test_folder_key_of_another_section_is_reported_with_the_key_of_its_own(broken: str, remedy: str) -> None:
    assert [f.remedy for f in findings(broken) if f.cls.name == "key-unknown"] == [remedy]


def test_relative_log_folder_is_not_reported_beside_the_missing_prefix_that_causes_it() -> None:
    assert {cls for cls, _ in finding_paths(loki(common=None))} == {"directory-unset"}


def test_key_in_wrong_section_is_reported_with_the_right_section() -> None:
    (unknown,) = findings(loki(limits_config__compaction_interval="10m"))

    assert unknown.remedy == "It belongs in compactor."


def test_account_key_in_connection_string_is_never_shown() -> None:
    texts = loki(), alone(connection_string="AccountName=logs;AccountKey=hush", container_name="security-logs")

    assert "hush" not in repr(findings(*texts))


def test_overrides_without_loki_are_checked() -> None:
    assert finding_paths(overrides(retention_perid="90d")) == {
        ("limit-unknown", "overrides.application.retention_perid")
    }


def test_findings_are_sorted_by_severity() -> None:
    ranks = [f.cls.severity.rank for f in findings(loki(auth_enabled=False, compactor=None), promtail())]

    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) > 1


def test_promtail_before_its_end_of_life_has_no_finding() -> None:
    deployment = read_texts({"promtail.yaml": promtail()})

    assert check(deployment, datetime(2026, 3, 1, tzinfo=UTC)) == []


def test_changed_copy_leaves_the_correct_file_unchanged() -> None:
    changed(LOKI, common__path_prefix="/x")

    assert LOKI["common"]["path_prefix"] == "/var/loki"
