"""Lines that an agent or Loki cut."""

from dataclasses import replace

from logops.quality.counters import Counter
from tests.support.quality import AS_OF, findings, healthy, only

LONG_AGO = AS_OF.timestamp() - 86_400
AGENT, DISTRIBUTOR = "promtail-main", "main-distributor-0"


def counter(process: str, name: str, value: float, **labels: str) -> Counter:
    return Counter("main", process, LONG_AGO, name, tuple(sorted(labels.items())), value)


ALIVE = [counter(process, "process_start_time_seconds", LONG_AGO) for process in (AGENT, DISTRIBUTOR)]
CUT_BY_PROMTAIL = counter(
    AGENT, "promtail_mutated_entries_total", 5, reason="line_too_long", tenant="application", host="loki"
)


def test_lines_that_an_agent_cut_are_reported_with_its_limit() -> None:
    declared = ("agents.promtail.max_line_size", "16KiB")
    finding = only(findings(healthy(), declared, counters=[*ALIVE, CUT_BY_PROMTAIL], earlier=ALIVE))

    assert finding.cls.name == "lines-cut"
    assert finding.message == (
        "Agent process promtail-main cut 5 lines of tenant application since the last run "
        "(agents.promtail.max_line_size is 16KiB). Its source: application."
    )


def test_lines_that_alloy_cut_are_reported_without_a_tenant() -> None:
    cut = counter(
        AGENT, "loki_process_truncated_fields_total", 2, field="line", component_id="loki.process.application"
    )

    assert only(findings(healthy(), counters=[*ALIVE, cut], earlier=ALIVE)).message.startswith(
        "Agent process promtail-main cut 2 lines since the last run"
    )


def test_labels_that_alloy_cut_are_no_cut_lines() -> None:
    cut = counter(AGENT, "loki_process_truncated_fields_total", 2, field="label")

    assert findings(healthy(), counters=[*ALIVE, cut], earlier=ALIVE) == []


def test_lines_that_loki_cut_are_reported_with_the_limit_of_the_tenant() -> None:
    declared = ("clusters.main.tenants.application.limits", {"max_line_size": "16KiB", "max_line_size_truncate": True})
    cut = counter(DISTRIBUTOR, "loki_mutated_samples_total", 3, reason="line_too_long", tenant="application")

    assert only(findings(healthy(), declared, counters=[*ALIVE, cut], earlier=ALIVE)).message == (
        "Loki cut 3 lines of tenant application since the last run (max_line_size is 16KiB). Its source: application."
    )


def test_lines_that_were_cut_before_the_last_run_are_no_finding() -> None:
    before = [*ALIVE, CUT_BY_PROMTAIL]

    assert findings(healthy(), counters=before, earlier=before) == []


def test_cut_lines_explain_as_many_lines_that_do_not_parse() -> None:
    broken = replace(healthy((10,) * 30), unparsable=5)

    assert only(findings(broken, counters=[*ALIVE, CUT_BY_PROMTAIL], earlier=ALIVE)).message.endswith(
        "It explains lines-unparsable of application."
    )


def test_cut_lines_do_not_explain_more_lines_that_do_not_parse() -> None:
    broken = replace(healthy((10,) * 30), unparsable=50)
    reported = findings(broken, counters=[*ALIVE, CUT_BY_PROMTAIL], earlier=ALIVE)

    assert [finding.cls.name for finding in reported] == ["lines-cut", "lines-unparsable"]
