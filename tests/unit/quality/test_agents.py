"""Counters of agents."""

from logops.quality.counters import Counter
from tests.support.quality import AS_OF, findings, healthy, only

STARTED = AS_OF.timestamp() - 86_400
PATH = "/var/lib/logops/samples/application.log"


def agent(name: str, value: float, /, **labels: str) -> Counter:
    return Counter("main", "promtail-main", STARTED, name, tuple(sorted(labels.items())), value)


def distributor(name: str, value: float, **labels: str) -> Counter:
    return Counter("main", "main-distributor-0", STARTED, name, tuple(sorted(labels.items())), value)


AGENT = agent("process_start_time_seconds", STARTED)
BEFORE = [AGENT, distributor("process_start_time_seconds", STARTED)]
SILENT = healthy((60,) * 10 + (0,) * 20)


def read(lines: float) -> Counter:
    return agent("promtail_read_lines_total", lines, path=PATH)


def sent(lines: float) -> list[Counter]:
    """The lines that an agent sent, and that Loki received."""
    received = distributor("loki_distributor_lines_received_total", lines, tenant="application")
    return [*BEFORE, agent("promtail_sent_entries_total", lines), received]


def dropped_by_stage(reason: str, lines: float = 30) -> Counter:
    return agent("logentry_dropped_lines_total", lines, reason=reason)


def test_agent_that_does_not_answer_explains_its_silent_sources() -> None:
    measure = healthy((60,) * 10 + (0,) * 20)
    finding = only(findings(measure, silent_processes={"promtail-main": "connection refused."}))

    assert finding.cls.name == "agent-down"
    assert finding.message == (
        "Agent process promtail-main does not answer: connection refused. It ships source application. "
        "It explains source-silent of application."
    )


def test_lines_that_an_agent_gave_up_are_reported_with_reason() -> None:
    dropped = agent("promtail_dropped_entries_total", 12, reason="ingester_error", tenant="application")
    finding = only(findings(healthy(), counters=[AGENT, dropped], earlier=[AGENT]))

    assert finding.cls.name == "lines-lost"
    assert finding.message == (
        "Agent process promtail-main gave up 12 lines (ingester_error 12) of tenant application, since the last run."
    )


def test_lines_that_fluent_bit_gave_up_are_reported_without_a_reason() -> None:
    dropped = agent("fluentbit_output_dropped_records_total", 7, name="application-loki")
    finding = only(findings(healthy(), counters=[AGENT, dropped], earlier=[AGENT]))

    assert finding.message == "Agent process promtail-main gave up 7 lines, since the last run."
    assert finding.evidence["sources"] == "application"


def test_lines_dropped_by_a_stage_without_rule_are_reported() -> None:
    dropped = agent("logentry_dropped_lines_total", 30, reason="drop_stage")

    assert only(findings(healthy(), counters=[AGENT, dropped], earlier=[AGENT])).message == (
        "Agent process promtail-main dropped 30 lines (drop_stage 30), for which no source has a rule, since the last "
        "run."
    )


def test_lines_dropped_by_a_rule_of_the_source_are_no_finding() -> None:
    dropped = agent("logentry_dropped_lines_total", 30, reason="health-checks")
    rule = {"name": "health-checks", "expression": "GET /health"}

    assert (
        findings(healthy(), ("sources.application.parse.drop", [rule]), counters=[AGENT, dropped], earlier=[AGENT])
        == []
    )


def test_limit_stage_that_no_source_declares_is_reported() -> None:
    dropped = dropped_by_stage("ratelimit_drop_stage")

    assert only(findings(healthy(), counters=[AGENT, dropped], earlier=[AGENT])).cls.name == "lines-lost"


def test_lines_above_a_declared_limit_are_no_finding() -> None:
    limit = {"lines_per_second": 100, "burst": 200}
    dropped = dropped_by_stage("ratelimit_drop_stage")

    assert (
        findings(healthy(), ("sources.application.parse.rate_limit", limit), counters=[AGENT, dropped], earlier=[AGENT])
        == []
    )


def test_lines_that_vanish_in_an_agent_are_reported_with_the_source() -> None:
    # 15 minutes: 66.7 lines per minute were read.
    finding = only(findings(healthy((30,) * 30), counters=[*sent(450), read(1000)], earlier=BEFORE))

    assert finding.cls.name == "lines-lost"
    assert finding.message == (
        "Agent process promtail-main read 1,000 lines and sent 450, since the last run. Of application it read 66.7 "
        "lines per minute, and 30.0 are in Loki."
    )


def requests(status: str, count: float = 3) -> Counter:
    return agent("promtail_request_duration_seconds_count", count, status_code=status)


UNANSWERED = requests("-1")


def test_agent_of_which_loki_accepts_nothing_explains_its_silent_sources() -> None:
    finding = only(findings(SILENT, counters=[AGENT, UNANSWERED], earlier=[AGENT]))

    assert finding.cls.name == "agent-down"
    assert finding.message == (
        "Agent process promtail-main cannot send: 3 requests failed since the last run (no answer 3), and none was "
        "accepted. It ships source application. It explains source-silent of application."
    )


def test_agent_with_a_wrong_password_explains_the_lines_that_it_gave_up() -> None:
    given_up = agent("promtail_dropped_entries_total", 900, reason="ingester_error", tenant="application")
    finding = only(findings(healthy(), counters=[AGENT, requests("401"), given_up], earlier=[AGENT]))

    assert finding.cls.name == "agent-down"
    assert "3 requests failed since the last run (401 Unauthorized 3), and none was accepted." in finding.message
    assert finding.message.endswith("It explains lines-lost of application.")


def test_lines_that_an_agent_gave_up_are_reported_with_the_answers_of_loki() -> None:
    given_up = agent("promtail_dropped_entries_total", 9, reason="ingester_error", tenant="application")
    counters = [*sent(100), requests("204", 50), requests("500"), given_up]

    assert only(findings(healthy(), counters=counters, earlier=BEFORE)).message == (
        "Agent process promtail-main gave up 9 lines (ingester_error 9) of tenant application, since the last run. "
        "Failed requests: 500 Internal Server Error 3."
    )


def test_agent_whose_lines_loki_refuses_is_not_down() -> None:
    refused = distributor("loki_discarded_samples_total", 20, reason="rate_limited", tenant="application")
    found = findings(healthy(), counters=[*BEFORE, UNANSWERED, refused], earlier=BEFORE)

    assert only(found).cls.name == "samples-discarded"


def test_lines_that_wait_while_loki_does_not_accept_them_are_no_finding() -> None:
    assert findings(healthy(), counters=[*sent(100), read(1000), UNANSWERED], earlier=BEFORE) == []


def test_lines_that_a_declared_rule_drops_do_not_vanish() -> None:
    rule = {"name": "health-checks", "expression": "GET /health"}
    counters = [*sent(400), read(1000), dropped_by_stage("health-checks", 600)]

    assert findings(healthy(), ("sources.application.parse.drop", [rule]), counters=counters, earlier=BEFORE) == []


def test_lines_that_are_joined_do_not_vanish() -> None:
    joins = ("sources.application.parse.multiline_first_line", "^{")

    assert findings(healthy(), joins, counters=[*sent(100), read(1000)], earlier=BEFORE) == []


def test_syslog_messages_that_an_agent_could_not_read_are_reported() -> None:
    unreadable = agent("promtail_syslog_target_parsing_errors_total", 4)

    assert only(findings(healthy(), counters=[AGENT, unreadable], earlier=[AGENT])).message == (
        "Agent process promtail-main could not read 4 syslog messages, and dropped them, since the last run."
    )


def test_pipeline_that_drops_all_lines_explains_the_silent_source() -> None:
    finding = only(findings(SILENT, counters=[AGENT, read(900), dropped_by_stage("drop_stage", 900)], earlier=[AGENT]))

    assert finding.cls.name == "lines-lost"
    assert finding.message.endswith("It explains source-silent of application.")


def test_lines_that_an_agent_gave_up_do_not_explain_a_silent_source() -> None:
    given_up = agent("promtail_dropped_entries_total", 3, reason="ingester_error", tenant="application")
    found = findings(SILENT, counters=[AGENT, given_up], earlier=[AGENT])

    assert [finding.cls.name for finding in found] == ["lines-lost", "source-silent"]
