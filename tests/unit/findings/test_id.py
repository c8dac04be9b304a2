from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from logops.findings import Finding, Subject
from logops.findings.classes.audit import CHUNK_MISSING
from logops.findings.classes.rollout import CHECK_INCOMPLETE

FINDING = Finding(CHUNK_MISSING, Subject("local", "main", "application"), "gone", datetime(2026, 11, 28, tzinfo=UTC))


def test_id_of_a_finding_in_a_later_run_is_the_same():
    later = replace(FINDING, message="still gone", as_of=datetime(2026, 11, 29, tzinfo=UTC), evidence={"chunks": 2})
    assert later.id == FINDING.id


@pytest.mark.parametrize("part", [field.name for field in fields(Subject)])
def test_id_of_a_finding_with_another_subject_differs(part: str):
    assert replace(FINDING, subject=replace(FINDING.subject, **{part: "other"})).id != FINDING.id


def test_id_of_a_finding_of_another_class_differs():
    assert replace(FINDING, cls=CHECK_INCOMPLETE).id != FINDING.id
