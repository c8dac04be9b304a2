import re
from datetime import UTC, datetime

import pytest

from logops.findings import Finding, FindingClass, Run, Severity, Subject
from logops.findings.classes import GROUPS, REGISTRY, _by_name

AS_OF = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize("cls", REGISTRY.values(), ids=lambda cls: cls.name)
def test_class_has_hyphenated_name_and_complete_texts(cls: FindingClass) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", cls.name)
    assert all(text.strip() and text.rstrip().endswith((".", ")")) for text in (cls.meaning, cls.why, cls.remedy))


def test_every_class_of_every_group_is_registered() -> None:
    assert {cls.name for classes in GROUPS.values() for cls in classes} == set(REGISTRY)


def test_a_class_declared_twice_is_refused() -> None:
    cls = FindingClass("twice-told", Severity.INFO, "m", "w", "r")

    with pytest.raises(ValueError, match="'twice-told' is declared twice"):
        _by_name((cls,), (cls,))


def test_severities_are_ranked_from_info_to_critical() -> None:
    ranks = [severity.rank for severity in (Severity.INFO, Severity.WARNING, Severity.ERROR, Severity.CRITICAL)]

    assert ranks == sorted(set(ranks))


def test_finding_json_omits_empty_fields_and_has_class_remedy() -> None:
    finding = Finding(REGISTRY["check-incomplete"], Subject(cluster="main"), "3 of 4 tables", AS_OF, {"tables": 3})

    assert finding.to_dict() == {
        "class": "check-incomplete",
        "severity": "error",
        "subject": {"cluster": "main"},
        "message": "3 of 4 tables",
        "evidence": {"tables": 3},
        "remedy": REGISTRY["check-incomplete"].remedy,
        "as_of": "2026-11-23T00:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("environment", "check", "id_", "as_of", "said"),
    [
        ("local.x", "audit", "1", AS_OF, "'local.x'"),
        ("local", "Audit", "1", AS_OF, "'Audit'"),
        ("local", "audit", "", AS_OF, "has no id"),
        ("local", "audit", "1", AS_OF.replace(tzinfo=None), "has no time zone"),
    ],
)
def test_run_with_invalid_identity_is_refused(
    environment: str, check: str, id_: str, as_of: datetime, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        Run(environment, check, id_, as_of)
