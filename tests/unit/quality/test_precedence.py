"""Consequences that are not listed beside their cause."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logops.findings import Finding, Subject, failed
from logops.findings.classes import REGISTRY
from logops.quality.precedence import CAUSES, ORDER, without_consequences

AS_OF = datetime(2026, 11, 28, tzinfo=UTC)


def finding(name: str, source: str = "web", cluster: str = "main") -> Finding:
    return Finding(REGISTRY[name], Subject("local", cluster, source=source), "It happened.", AS_OF)


def kept(*findings: Finding) -> list[str]:
    remaining = without_consequences(findings, lambda each: frozenset({each.subject.source}))
    return [f"{each.cls.name} {each.subject.source}" for each in remaining]


def test_consequence_is_left_out_and_named_by_its_cause() -> None:
    (cause,) = without_consequences(
        [finding("gap"), finding("source-silent")], lambda each: frozenset({each.subject.source})
    )

    assert (cause.cls.name, cause.message) == ("source-silent", "It happened. It explains gap of web.")


def test_consequence_of_a_consequence_is_named_by_the_first_cause() -> None:
    cut = replace(finding("lines-cut"), evidence={"lines": 5})
    broken = replace(finding("lines-unparsable"), evidence={"unparsable": 5})
    (cause,) = without_consequences(
        [cut, broken, finding("labels-unexpected")], lambda each: frozenset({each.subject.source})
    )

    assert cause.message == "It happened. It explains lines-unparsable of web, labels-unexpected of web."


def test_cause_names_its_consequences_before_its_example_line() -> None:
    cause = replace(finding("duplicates"), message="3 lines are copies. For example: a line that is cut he")
    rate = replace(finding("rate-out-of-band"), evidence={"direction": "high"})
    (named,) = without_consequences([cause, rate], lambda each: frozenset({each.subject.source}))

    assert named.message == (
        "3 lines are copies. It explains rate-out-of-band of web. For example: a line that is cut he"
    )


@pytest.mark.parametrize(("lost_share", "explained"), [(0.01, False), (0.6, True)])
def test_store_explains_silent_sources_only_if_it_lost_a_large_part(lost_share: float, explained: bool) -> None:
    lost = replace(finding("lines-lost"), evidence={"between": "distributor, store", "lost_share": lost_share})

    assert kept(lost, finding("source-silent")) == ["lines-lost web", *([] if explained else ["source-silent web"])]


def test_nothing_explains_lines_that_are_missing_between_two_places() -> None:
    lost = replace(finding("lines-lost"), evidence={"between": "distributor, store"})

    assert kept(finding("samples-discarded"), lost) == ["samples-discarded web", "lines-lost web"]


def test_finding_about_another_source_is_kept() -> None:
    assert kept(finding("source-silent", "web"), finding("gap", "db")) == ["source-silent web", "gap db"]


def test_finding_of_another_cluster_is_kept() -> None:
    assert len(kept(finding("source-silent"), finding("gap", cluster="security"))) == 2


def test_incomplete_check_is_never_left_out() -> None:
    assert kept(finding("agent-down"), finding("check-incomplete")) == ["agent-down web", "check-incomplete web"]


@pytest.mark.parametrize(("direction", "explained"), [("high", True), ("low", False)])
def test_copies_explain_only_a_rate_that_is_too_high(direction: str, explained: bool) -> None:
    rate = replace(finding("rate-out-of-band"), evidence={"direction": direction})

    assert (kept(finding("duplicates"), rate) == ["duplicates web"]) == explained


@pytest.mark.parametrize("consequence", CAUSES)
def test_every_cause_comes_before_its_consequence_in_the_order(consequence: str) -> None:
    for cause in CAUSES[consequence]:
        assert ORDER.index(cause) < ORDER.index(consequence)


def test_warning_hides_no_finding_that_makes_a_run_fail() -> None:
    fails = {name for name in ORDER if failed([finding(name)])}
    hidden = {(cause, name) for name in fails & CAUSES.keys() for cause in CAUSES[name] if cause not in fails}

    # The lines of a late clock arrive: the source is not silent.
    assert hidden == {("clock-skew", "source-silent")}


def test_documented_precedence_is_the_one_that_is_used() -> None:
    text = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| ((?:`[a-z-]+`(?:, )?)+) \|$", text, re.MULTILINE)
    documented = {(cause, name) for cause, names in rows for name in re.findall("`([a-z-]+)`", names)}

    assert documented == {(cause, name) for name, causes in CAUSES.items() for cause in causes}
