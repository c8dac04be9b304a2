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
    assert {cls.name for cls in classes.CLASSES} - {case[0] for case in CASES} == set()


@pytest.mark.parametrize("text", [loki(), values(), FLUENT_BIT, terraform()], ids=["loki", "helm", "fluent-bit", "tf"])
def test_correct_file_has_no_findings(text: str) -> None:
    assert finding_paths(text) == set()


def test_correct_promtail_has_only_the_end_of_life_finding() -> None:
    assert finding_paths(loki(), promtail()) == {("agent-end-of-life", "")}


def test_limit_inherited_from_cluster_is_reported_once() -> None:
    texts = loki(limits_config__retention_period="744h"), overrides(ingestion_rate_mb=4)

    assert [f.subject.tenant for f in findings(*texts) if f.cls.name == "retention-short"] == [""]


def test_evidence_of_short_retention_has_both_numbers() -> None:
    (short,) = [f for f in findings(loki(limits_config__retention_period="744h")) if f.cls.name == "retention-short"]

    assert (short.evidence["retention_days"], short.evidence["promised_days"]) == (31, 90)


def test_message_of_contradicting_rate_and_burst_has_the_unit_of_each() -> None:
    text = loki(limits_config__ingestion_rate_mb=100, limits_config__ingestion_burst_size_mb=50)

    (contradiction,) = [f for f in findings(text) if f.cls.name == "limits-contradict"]

    assert contradiction.message == "ingestion_rate_mb (100 MB/s) exceeds ingestion_burst_size_mb (50 MB)"


def test_mistyped_key_is_reported_with_the_similar_key() -> None:
    (unknown,) = findings(loki(limits_config__retention_perid="90d"))

    assert unknown.remedy == "Did you mean retention_period?"


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
