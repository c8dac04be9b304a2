"""Which findings a migration fixes."""

from logops.doctor import check, migrate, read_texts
from logops.doctor.fixable import fixed_by_migration
from tests.unit.doctor.files import NOW

REMOVED = """\
auth_enabled: true
common: {path_prefix: /loki}
limits_config:
  enforce_metric_name: false
  retention_period: 31d
"""


def test_removed_key_is_fixed_by_migration() -> None:
    texts = {"loki.yaml": REMOVED}
    findings = check(read_texts(texts), NOW)
    fixed = fixed_by_migration(texts, findings, None, NOW)
    after = check(read_texts({"loki.yaml": migrate(REMOVED, "loki.yaml", NOW)}), NOW)

    assert "limits_config.enforce_metric_name" in {finding.subject.path for finding in fixed}
    assert {finding.identity for finding in findings} - {finding.identity for finding in after} == {
        finding.identity for finding in fixed
    }


def test_value_that_the_migration_keeps_is_not_fixed() -> None:
    texts = {"loki.yaml": REMOVED}
    findings = check(read_texts(texts), NOW)
    assert "retention-not-enabled" in {finding.cls.name for finding in findings}
    assert "retention-not-enabled" not in {f.cls.name for f in fixed_by_migration(texts, findings, None, NOW)}


def test_file_that_is_no_loki_configuration_is_not_fixed() -> None:
    texts = {"promtail.yaml": "clients: [{url: 'http://loki/loki/api/v1/push'}]\npositions: {filename: /tmp/p}\n"}
    findings = check(read_texts(texts), NOW)
    assert findings
    assert fixed_by_migration(texts, findings, None, NOW) == []
