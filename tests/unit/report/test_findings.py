"""The first screen and the findings: the verdict, since when, who accepted, what is left out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logops.alerts.last_delivery import write_last_delivery
from logops.alerts.mutes import Mute
from logops.checks.schedule import intervals
from logops.findings import Finding, FindingClass, Run, Severity, Subject
from logops.findings.acceptance import accept, write_acceptance
from logops.findings.classes.audit import CHUNK_MISSING, TIER_TOO_WARM
from logops.findings.classes.drift import CONFIG_DRIFT
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.findings.store import ResultsStore
from logops.report.page import Page, build, html
from logops.report.section import EVERYTHING, STANDARD, Shown
from tests.support.environments import environment
from tests.support.html_elements import Elements

NOW = datetime(2026, 11, 28, 6, tzinfo=UTC)
LAST_NIGHT = datetime(2026, 11, 28, 3, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> ResultsStore:
    return ResultsStore(str(tmp_path))


def night(store: ResultsStore, back: int, check: str, *found: Finding) -> datetime:
    """Record a run of a check some nights ago. Return its moment."""
    at = LAST_NIGHT - timedelta(days=back)
    dated = [replace(finding, as_of=at) for finding in found]
    store.write_findings(Run("local", check, f"scheduled__{at.isoformat()}", at), dated)
    return at


def all_checked(store: ResultsStore, *found: Finding, without: str = "") -> None:
    """Record a run of every check just in time. The retention audit has the findings."""
    for check, interval in intervals(environment("local")).items():
        if check == without:
            continue
        if interval < timedelta(days=1):
            store.write_findings(Run("local", check, "now", NOW), [])
        else:
            night(store, 0, check, *(found if check == "retention-audit" else ()))


def about(cls: FindingClass = CHUNK_MISSING, table: str = "loki_index_20780", cluster: str = "main") -> Finding:
    return Finding(cls, Subject("local", cluster, "application", table), f"3 chunks of {table}.", LAST_NIGHT)


def page(store: ResultsStore, shown: Shown = STANDARD) -> Page:
    return build(store, environment("local"), NOW, shown)


def verdict(store: ResultsStore, shown: Shown = STANDARD) -> tuple[str, str]:
    first = page(store, shown).sections[0]
    return first.mark, first.summary


def document(store: ResultsStore, shown: Shown = STANDARD) -> str:
    return html(page(store, shown))


def test_first_screen_without_findings_says_that_every_promise_is_kept(store: ResultsStore) -> None:
    all_checked(store)

    assert verdict(store) == ("ok", "Every promise that is checked is kept.")


def test_first_screen_with_a_broken_promise_says_how_many_and_since_when(store: ResultsStore) -> None:
    all_checked(store, about())
    night(store, 1, "retention-audit", about())

    assert verdict(store) == ("error", "1 finding breaks a promise, the oldest for 27 h.")


def test_first_screen_with_warnings_only_says_that_promises_are_kept(store: ResultsStore) -> None:
    all_checked(store, about(TIER_TOO_WARM))

    assert verdict(store) == ("warning", "Every promise that is checked is kept. 1 warning.")


def test_first_screen_with_an_overdue_check_does_not_say_that_promises_are_kept(store: ResultsStore) -> None:
    all_checked(store, without="queries")
    night(store, 3, "queries")

    assert verdict(store) == (
        "unknown",
        "No promise is known to be broken, but not everything was checked. queries is overdue.",
    )


def test_first_screen_after_an_incomplete_check_does_not_say_that_promises_are_kept(store: ResultsStore) -> None:
    all_checked(store, Finding(CHECK_INCOMPLETE, Subject("local", "main"), "Not listed.", LAST_NIGHT))

    assert verdict(store) == (
        "unknown",
        "No promise is known to be broken, but not everything was checked. retention-audit could not check everything.",
    )


def test_accepted_finding_breaks_no_promise_and_is_shown_with_who_and_why(store: ResultsStore) -> None:
    all_checked(store, about())
    accepted = accept("chunk-missing", Subject("local", "main"), "ada", "test data", timedelta(days=9), LAST_NIGHT)
    write_acceptance(store, accepted)

    assert verdict(store)[0] == "ok"
    assert "Accepted by ada until 2026-12-07: test data" in document(store)


def test_finding_that_is_open_for_longer_than_the_strip_has_its_first_night(store: ResultsStore) -> None:
    all_checked(store, about())
    for back in range(1, 50):
        night(store, back, "retention-audit", about())
    night(store, 50, "retention-audit")
    night(store, 51, "retention-audit", about())

    assert "the oldest for 49 days" in verdict(store)[1]


def test_finding_that_an_incomplete_run_did_not_see_keeps_its_first_night(store: ResultsStore) -> None:
    all_checked(store, about())
    incomplete = Finding(CHECK_INCOMPLETE, Subject("local", "main"), "Not listed.", LAST_NIGHT)
    for back in range(1, 50):
        night(store, back, "retention-audit", incomplete if back in (29, 40) else about())

    assert "the oldest for 49 days" in verdict(store)[1]


def test_finding_that_is_gone_is_still_reached_by_its_link(store: ResultsStore) -> None:
    night(store, 1, "retention-audit", about())
    all_checked(store)

    assert f"finding={about().id}" in Elements(document(store)).ids


def test_group_has_each_finding_with_its_own_link(store: ResultsStore) -> None:
    found = [about(table=f"loki_index_{number}") for number in range(20_700, 20_712)]
    all_checked(store, *found)

    assert {f"finding={finding.id}" for finding in found} <= set(Elements(document(store)).ids)


def test_ten_thousand_findings_of_one_cause_are_one_entry(store: ResultsStore) -> None:
    all_checked(store, *(about(table=f"loki_index_{number}") for number in range(10_000)))

    elements = Elements(document(store))
    assert len(elements.named("article")) == 1


def test_ten_thousand_different_findings_are_listed_up_to_a_bound_and_the_rest_is_counted(store: ResultsStore) -> None:
    found = [Finding(CHUNK_MISSING, Subject("local", path=f"p{number}"), f"{number}", NOW) for number in range(10_000)]
    all_checked(store, *found)

    text = document(store)
    assert len(Elements(text).named("article")) == 250
    assert "8,750 entries are not listed here" in text


def test_finding_of_a_security_cluster_is_left_out_without_a_trace(store: ResultsStore) -> None:
    all_checked(store, about(cluster="security"))

    text = document(store)
    assert verdict(store)[0] == "ok"
    assert "Something is left out" in text
    assert [word for word in ("chunk-missing", "security-team", "logopssecurity") if word in text] == []


def test_finding_of_a_security_cluster_is_shown_to_its_readers(store: ResultsStore) -> None:
    all_checked(store, about(cluster="security"))

    assert verdict(store, EVERYTHING)[0] == "error"


def test_first_screen_names_what_alarms_nobody_and_until_when(store: ResultsStore) -> None:
    all_checked(store, about())
    write_acceptance(store, accept(CHUNK_MISSING.name, about().subject, "ada", "lost in March", timedelta(days=9), NOW))
    mutes = [
        Mute("standard", "1 alert silenced by bob: new disks", NOW + timedelta(hours=2)),
        Mute("standard", "1 alert silenced by eve: it ended", NOW - timedelta(minutes=1)),
        Mute("security", "1 alert silenced by kim: secret", NOW + timedelta(hours=1)),
    ]
    write_last_delivery(store, "local", (), NOW - timedelta(minutes=4), mutes)

    first = str(page(store).sections[0].body)

    assert first.index("silenced by bob: new disks") < first.index("1 finding accepted by ada: lost in March")
    assert [text for text in ("2026-11-28 08:00 UTC", "2026-12-07 06:00 UTC", "4 min ago") if text not in first] == []
    assert [name for name in ("eve", "kim") if name in first] == []


def test_first_screen_says_that_silences_are_unknown_before_the_first_delivery(store: ResultsStore) -> None:
    all_checked(store)

    assert "Silences are not known: no alerts were delivered yet." in str(page(store).sections[0].body)


def test_finding_links_to_the_log_of_the_run_that_saw_it(store: ResultsStore) -> None:
    all_checked(store, about())

    hrefs = {str(link.get("href")) for link in Elements(document(store)).named("a")}
    assert "../dags/retention_audit/runs/scheduled__2026-11-28T03%3A00%3A00%2B00%3A00/tasks/reduce" in hrefs


@pytest.mark.parametrize(
    ("form", "is_link"), [("logops-rollout/?environment=local&stages=loki", True), ("https://evil.example", False)]
)
def test_drift_leads_to_the_filled_form_and_to_no_other_address(store: ResultsStore, form: str, is_link: bool) -> None:
    finding = Finding(CONFIG_DRIFT, Subject("local", "main"), "It differs.", NOW, {"rollout_form": form})
    store.write_findings(Run("local", "drift", "now", NOW), [finding])

    [section] = [each for each in page(store).sections if each.id == "findings"]
    links = Elements(str(section.body)).named("a")
    assert (f"../{form}" in {str(link.get("href")) for link in links}, "evil" in str(section.body)) == (is_link, False)


@pytest.mark.parametrize("severity", Severity)
def test_every_severity_is_a_word_on_the_page(store: ResultsStore, severity: Severity) -> None:
    all_checked(store, about(FindingClass("some-class", severity, "", "", "Do it.")))

    assert f'<span class="muted">{severity}</span>' in document(store)


def order(elements: Sequence[str], *names: str) -> list[str]:
    return [name for name in elements if name in names]


def test_worst_finding_comes_first(store: ResultsStore) -> None:
    warm, missing = about(TIER_TOO_WARM), about()
    all_checked(store, warm, missing)

    ids = (f"finding={missing.id}", f"finding={warm.id}")
    assert order(Elements(document(store)).ids, *ids) == [*ids]
