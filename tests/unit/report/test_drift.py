"""The part of the page about drift."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.drift.run import CHECK
from logops.findings import Finding, Run, Subject
from logops.findings.acceptance import accept, write_acceptance
from logops.findings.classes.drift import CONFIG_DRIFT
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.findings.store import ResultsStore
from logops.report.section import EVERYTHING, STANDARD, Section
from logops.report.sections.drift import MAX_LINES, read, section
from tests.support.environments import environment

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LAST = NOW - timedelta(minutes=20)
LOCAL = environment("local")
HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.fixture
def store(tmp_path: Path) -> ResultsStore:
    return ResultsStore(str(tmp_path))


def difference(path: str = "tenants/main.yaml", cluster: str = "main", **evidence: str) -> Finding:
    """A file that somebody changed by hand."""
    usual = {"stage": "tenants", "cause": "changed by hand", "diff": "@@ -1 +1 @@\n-a: 1\n+a: 2"}
    usual |= {"rollout_form": "logops-rollout/?environment=local&stages=tenants"}
    usual |= {"changed_by": "root", "changed_at": "2026-11-28T10:02:11+00:00"}
    subject = Subject("local", cluster, path=path)
    return Finding(CONFIG_DRIFT, subject, f"{path} was changed.", LAST, {**usual, **evidence})


def page(store: ResultsStore, *findings: Finding, now: datetime = NOW) -> Section:
    """The section after runs of the last two hours that found the same."""
    for number, as_of in enumerate((LAST - timedelta(hours=1), LAST)):
        store.write_findings(Run("local", CHECK, f"run-{number}", as_of), findings)
    return section(read(store, LOCAL, now), STANDARD)


def text_of(body: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


def test_platform_that_runs_as_approved_says_when_it_was_compared(store: ResultsStore) -> None:
    made = page(store)

    assert (made.mark, made.summary) == ("ok", "Everything runs as approved, compared 20 min ago.")


def test_environment_that_was_never_compared_says_so(store: ResultsStore) -> None:
    made = section(read(store, LOCAL, NOW), STANDARD)

    assert made.mark == "unknown"
    assert made.summary.endswith("the check drift has never run.")
    assert "logops drift local" in made.body


def test_difference_has_its_diff_its_author_and_its_remedy(store: ResultsStore) -> None:
    made = page(store, difference())

    assert made.mark in ("error", "warning")
    assert "1 difference to what was approved" in made.summary
    assert made.summary.endswith("tenants/main.yaml.")
    assert "<del>-a: 1</del>\n<ins>+a: 2</ins>" in made.body
    assert "Changed by root, 2026-11-28 10:02 UTC." in text_of(made.body)
    assert "What to do." in text_of(made.body)


def test_difference_links_to_the_filled_form_and_to_its_history(store: ResultsStore) -> None:
    found = difference()
    body = page(store, found).body

    assert 'href="../logops-rollout/?environment=local&amp;stages=tenants" data-out' in body
    assert f'href="#finding={found.id}"' in body


@pytest.mark.parametrize("form", ["javascript:alert(1)", "//elsewhere.example.com", "../../other", ""])
def test_form_at_another_address_is_no_link(store: ResultsStore, form: str) -> None:
    assert "the form, filled in" not in page(store, difference(rollout_form=form)).body


def test_long_diff_is_cut_and_its_other_lines_are_counted(store: ResultsStore) -> None:
    body = page(store, difference(diff="\n".join(f"+line {number}" for number in range(MAX_LINES + 7)))).body

    assert body.count("<ins>") == MAX_LINES
    assert "... 7 more lines" in body


def test_accepted_difference_is_shown_with_who_and_why_and_alarms_nobody(store: ResultsStore) -> None:
    found = difference()
    accepted = accept(found.cls.name, found.subject, "ada", "load test", timedelta(days=7), LAST)
    write_acceptance(store, accepted)

    made = page(store, found)

    assert (made.mark, made.summary) == (
        "ok",
        "Everything runs as approved, compared 20 min ago. 1 difference accepted for a time.",
    )
    assert "Accepted by ada until 2026-12-05: load test" in text_of(made.body)


def test_part_that_could_not_be_compared_is_unknown_not_in_order(store: ResultsStore) -> None:
    unread = Finding(CHECK_INCOMPLETE, Subject("local", "main"), "Loki does not answer.", LAST)

    made = page(store, unread)

    assert made.mark == "unknown"
    assert "not everything was compared" in made.summary
    assert "Not compared: Loki does not answer." in text_of(made.body)


def test_comparison_that_is_overdue_is_not_a_good_answer(store: ResultsStore) -> None:
    made = page(store, now=NOW + timedelta(hours=9))

    assert made.mark == "unknown"
    assert "Nobody has compared since." in made.summary


def test_hostile_paths_diffs_and_authors_are_escaped(store: ResultsStore) -> None:
    body = page(store, difference(HOSTILE, diff=f"+{HOSTILE}", changed_by=HOSTILE, note=HOSTILE)).body

    assert "<script" not in body
    assert "&lt;script&gt;" in body


def test_difference_of_a_security_cluster_is_shown_to_its_readers_only(store: ResultsStore) -> None:
    page(store, difference("loki/secret.yaml", "security"), difference())
    data = read(store, LOCAL, NOW)

    assert "loki/secret.yaml" in section(data, EVERYTHING).body
    assert "loki/secret.yaml" not in section(data, STANDARD).body
    assert section(data, STANDARD).summary.startswith("1 difference ")


@given(st.lists(st.text("abc<>&", min_size=1), max_size=3, unique=True))
def test_standard_page_is_the_same_whatever_drifts_in_security_clusters(
    tmp_path_factory: pytest.TempPathFactory, paths: list[str]
) -> None:
    with_secret, without = (ResultsStore(str(tmp_path_factory.mktemp("results"))) for _ in range(2))
    secret = [difference(path, "security", diff=path) for path in paths]

    assert page(with_secret, difference(), *secret) == page(without, difference())
