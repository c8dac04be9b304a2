"""Causes and consequences of different checks."""

from datetime import UTC, datetime

import pytest

from logops.findings import Finding, Subject
from logops.findings.causes import EXPLANATIONS, Explanation, cause_of
from logops.findings.classes import REGISTRY

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def finding(cls: str, **subject: str) -> Finding:
    return Finding(REGISTRY[cls], Subject("local", **subject), "found", NOON)


@pytest.mark.parametrize("explanation", EXPLANATIONS, ids=lambda explanation: explanation.causes[0])
def test_cause_is_at_least_as_serious_as_its_consequences(explanation: Explanation) -> None:
    causes = [REGISTRY[name].severity.rank for name in explanation.causes]
    consequences = [REGISTRY[name].severity.rank for name in explanation.consequences]

    assert min(causes) >= max(consequences)


def test_no_class_explains_a_class_that_explains_it() -> None:
    causes = {name for explanation in EXPLANATIONS for name in explanation.causes}
    consequences = {name for explanation in EXPLANATIONS for name in explanation.consequences}

    assert not causes & consequences


def test_stalled_compactor_explains_a_delete_request_of_its_cluster() -> None:
    stalled = finding("compaction-stalled", cluster="main")

    assert cause_of(finding("delete-request-stuck", cluster="main", tenant="application"), [stalled]) == stalled


def test_stalled_compactor_explains_nothing_of_another_cluster() -> None:
    stalled = finding("compaction-stalled", cluster="main")

    assert cause_of(finding("delete-request-stuck", cluster="other"), [stalled]) is None


def test_cause_without_a_part_of_the_subject_explains_nothing() -> None:
    no_tenant = finding("retention-not-effective", cluster="main")

    assert cause_of(finding("retention-overshoot", cluster="main"), [no_tenant]) is None


def test_lost_chunks_are_never_a_consequence() -> None:
    causes = [name for explanation in EXPLANATIONS for name in explanation.causes]
    every_cause = [finding(name, cluster="main", table="t", tenant="a") for name in causes]

    for cls in ("chunk-missing", "retention-undershoot", "secret-in-logs", "lines-lost", "samples-discarded"):
        assert cause_of(finding(cls, cluster="main", table="t", tenant="a"), every_cause) is None
