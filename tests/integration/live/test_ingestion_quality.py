"""Faults of arriving logs, made for real, and what a quality run says about them.

Each test checks the time since it began, and only its sources, so that the faults of other tests are not seen.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logops.clients.loki import Entry, LokiClient, nanoseconds
from logops.findings.store import ResultsStore
from logops.platforms.local import LocalPlatform
from logops.quality.request import QualityRequest
from logops.quality.run import run_quality
from logops.samples.settle import settle
from tests.support.http_servers import http_server
from tests.support.ingestion_faults import (
    AGENT,
    OF_AGENT,
    Check,
    access,
    application,
    audit,
    changed_agent,
    classes,
    impatient,
    killed,
    limited,
    lose_disk,
    network_of_agent,
    suspended,
    syslog,
    with_first_stage,
)
from tests.support.waiting import wait_for

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
"""Has the form of a token, and opens nothing."""


@pytest.fixture
def check(platform: LocalPlatform, tmp_path: Path) -> Check:
    return Check(platform, ResultsStore(str(tmp_path / "results")))


def test_sources_that_deliver_as_declared_have_no_finding(check: Check) -> None:
    every = ["application", "access", "audit", "syslog"]
    check.write("application", [application(f"Request {number}") for number in range(20)])
    # Its time has whole seconds, and a window does not contain its first moment.
    check.write("access", [access(check.began + timedelta(seconds=1))])
    check.write("audit", [audit(number) for number in range(20)])
    check.write("syslog", [syslog(number) for number in range(20)])
    check.wait_for_lines(every, 1)

    assert [finding.to_dict() for finding in check.run(every).findings] == []


def test_suspended_agent_explains_its_silent_sources(check: Check) -> None:
    with suspended(check.platform, AGENT):
        findings = check.run(OF_AGENT, expect_every="1s").findings

    assert classes(findings) == ["agent-down"]
    assert findings[0].message.endswith(
        "It explains source-silent of application, source-silent of access, source-silent of syslog."
    )


def test_killed_agent_explains_its_silent_sources(check: Check) -> None:
    with killed(check.platform, AGENT):
        findings = check.run(OF_AGENT, expect_every="1s").findings

    assert classes(findings) == ["agent-down"]
    assert "It explains source-silent of application, source-silent of access" in findings[0].message


def test_agent_without_network_explains_its_silent_sources_and_loses_no_line(check: Check) -> None:
    with network_of_agent(check.platform) as network:
        check.write("application", [application(f"before {number}") for number in range(20)])
        check.wait_for_lines(["application"], 20)
        check.run(OF_AGENT)
        network.cut()
        check.write("application", [application(f"during {number}") for number in range(200)])
        check.wait_for_counter("promtail_batch_retries_total")
        # In the time before this run, Loki still accepted a request.
        check.run(OF_AGENT)
        check.wait_for_counter("promtail_batch_retries_total", check.counter("promtail_batch_retries_total"))
        cut = check.run(OF_AGENT, expect_every="1s").findings
        network.repair()
        check.wait_for_lines(["application"], 220)
        after = check.run(["application"], expect_every="1h").findings

    assert classes(cut) == ["agent-down"]
    assert "cannot send" in cut[0].message
    assert classes(after) == []
    with LokiClient(check.platform.read_url("main")) as loki:
        stored = loki.read_all(
            "application", '{job="oversight-app"}', nanoseconds(check.began), nanoseconds(datetime.now(UTC))
        )
        messages = sorted(json.loads(entry.text)["message"] for entry in stored)
    assert messages == sorted([f"before {n}" for n in range(20)] + [f"during {n}" for n in range(200)])


def test_agent_with_a_wrong_password_is_reported_once_with_the_answer(check: Check) -> None:
    url = check.platform.write_url("main")
    with (
        http_server([(401, b"no credentials")]) as gateway,
        changed_agent(check.platform, lambda text: text.replace(url, gateway.url)),
    ):
        check.run(OF_AGENT)
        check.write("application", [application(f"refused {number}") for number in range(20)])
        check.wait_for_counter("promtail_dropped_entries_total", check.counter("promtail_dropped_entries_total") + 19)
        (finding,) = check.run(OF_AGENT, expect_every="1s").findings

    assert finding.cls.name == "agent-down"
    assert re.search(r"failed since the last run \(401 Unauthorized \d+\), and none was accepted", finding.message)
    assert "It explains lines-lost of" in finding.message


def test_stage_that_should_not_be_there_is_reported_with_the_lines_that_it_drops(check: Check) -> None:
    stage = "    - drop:\n        expression: Checkout\n"
    with changed_agent(check.platform, lambda text: with_first_stage(text, stage)):
        check.run(["application"])
        check.write("application", [application(f"Checkout {number}") for number in range(40)])
        check.wait_for_counter("logentry_dropped_lines_total", 39)
        (finding,) = check.run(["application"], expect_every="1s").findings

    assert finding.cls.name == "lines-lost"
    assert "Agent process promtail-main dropped 40 lines (drop_stage 40), for which no source has a rule" in (
        finding.message
    )
    assert re.search(r"Of application it read [\d,.]+ lines per minute, and 0\.0 are in Loki\.", finding.message)
    assert finding.message.endswith("It explains source-silent of application.")


def test_source_whose_lines_go_to_a_wrong_tenant_is_reported_with_that_tenant(check: Check) -> None:
    def wrong(text: str) -> str:
        # The first source is application, the second one is access. Nobody declared the second tenant.
        for tenant in ("platform", "aplication"):
            text = text.replace("value: application\n", f"value: {tenant}\n", 1)
        return text

    def have_arrived(tenant: str, selector: str) -> bool:
        with LokiClient(check.platform.read_url("main")) as loki:
            now_ns = nanoseconds(datetime.now(UTC))
            return any(True for _ in loki.read_all(tenant, selector, nanoseconds(check.began), now_ns))

    with changed_agent(check.platform, wrong):
        check.write("application", [application(f"to platform {number}") for number in range(9)])
        check.write("access", [access(check.began + timedelta(seconds=1))])
        wait_for(lambda: have_arrived("platform", '{job="oversight-app"}'))
        wait_for(lambda: have_arrived("aplication", '{job="nginx"}'))
        findings = check.run(["application", "access"], expect_every="1s").findings

    assert classes(findings) == ["source-silent", "source-silent"]
    assert findings[0].message.endswith(
        'Lines with its labels {job="oversight-app"} arrive in tenant platform instead of application.'
    )
    assert findings[1].message.endswith(
        'Lines with its labels {job="nginx"} arrive in tenant aplication instead of application.'
    )


def test_flooded_tenant_is_reported_with_the_limit_that_refuses(check: Check) -> None:
    with changed_agent(check.platform, impatient):
        with limited(check.platform, 0.05) as limits:
            check.run(OF_AGENT)
            refused = check.counter("loki_discarded_samples_total")
            check.write("application", [application(f"flood {number} {'x' * 200}") for number in range(500)])
            check.wait_for_counter("loki_discarded_samples_total", refused)
            findings = check.run(["application", "access"], expect_every="1s", limits=limits).findings
        check.wait_for_lines(["application"], 500)

    assert classes(findings) == ["samples-discarded"]
    assert "(ingestion_rate_mb is 0.05, ingestion_burst_size_mb is 0.05)" in findings[0].message
    assert "It explains source-silent of application, source-silent of access." in findings[0].message


def test_half_of_the_lines_broken_is_reported_with_an_example(check: Check) -> None:
    check.write(
        "application", [line for n in range(20) for line in (application(f"fine {n}"), application("cut")[:-9])]
    )
    check.wait_for_lines(["application"], 40)
    (finding,) = check.run(["application"]).findings

    assert finding.cls.name == "lines-unparsable"
    assert "20 lines of 40 of application (50.0%) are not JSON." in finding.message
    assert "For example: {" in finding.message


def test_line_that_the_agent_cuts_is_reported_and_explains_that_it_does_not_parse(check: Check) -> None:
    limit = "limits_config:\n  max_line_size: 1KB\n  max_line_size_truncate: true\n"
    with changed_agent(check.platform, lambda text: text + limit):
        check.run(["application"])
        check.write("application", [application("x" * 2_000), *(application(f"short {number}") for number in range(9))])
        check.wait_for_lines(["application"], 10)
        (finding,) = check.run(["application"]).findings

    assert finding.cls.name == "lines-cut"
    assert finding.message == (
        "Agent process promtail-main cut 1 line of tenant application since the last run "
        "(agents.promtail.max_line_size is not set). Its source: application. It explains lines-unparsable of "
        "application."
    )


def test_label_that_is_dropped_is_reported_with_its_name(check: Check) -> None:
    check.write("application", [application(f"no service {number}", service="") for number in range(5)])
    check.wait_for_lines(["application"], 5)
    (finding,) = check.run(["application"]).findings

    assert finding.cls.name == "labels-unexpected"
    # Loki may also list streams of the test before.
    assert re.search(r"the label service is missing in 1 of \d+ stream", finding.message)


def test_label_that_explodes_is_reported_with_its_name(check: Check) -> None:
    check.write("application", [application(f"n {number}", service=f"s{number}") for number in range(60)])
    check.wait_for_lines(["application"], 60)
    (finding,) = check.run(["application"], {"most_streams": 50}).findings

    assert finding.cls.name == "cardinality-growing"
    assert finding.evidence["label"] == "service"
    assert int(finding.evidence["values"]) >= 60


def test_clock_that_is_ten_minutes_late_is_reported_in_the_next_run(check: Check) -> None:
    looks_back = timedelta(minutes=20)
    late = datetime.now(UTC) - timedelta(minutes=10)
    before = check.run(["audit"], {}, looks_back)
    check.write("audit", [audit(number, late + timedelta(milliseconds=number)) for number in range(20)])
    check.wait_for_lines(["audit"], sum(row.lines or 0 for row in before.rows) + 20, looks_back)
    (finding,) = check.run(["audit"], {}, looks_back).findings

    assert finding.cls.name == "clock-skew"
    assert "20 lines arrived more than 5m after their timestamp" in finding.message


def test_lines_that_a_second_agent_ships_too_explain_the_doubled_rate(check: Check) -> None:
    moments = [check.began + timedelta(milliseconds=100 + 190 * number) for number in range(20)]
    lines = [application(f"twice {number}", moment) for number, moment in enumerate(moments)]
    check.write("application", lines)
    labels = {"job": "oversight-app", "level": "info", "service": "api", "environment": "production"}
    with LokiClient(check.platform.write_url("main")) as loki:
        copies = [
            Entry(nanoseconds(moment), {**labels, "filename": "/mnt/copy.log"}, line)
            for moment, line in zip(moments, lines, strict=True)
        ]
        loki.push("application", copies)
    check.wait_for_lines(["application"], 40)
    # 5 or 6 lines a second, and as many copies.
    expected = {"rate": {"at_most": 450}}
    (finding,) = check.run(["application"], expected, window=timedelta(seconds=4)).findings

    assert finding.cls.name == "duplicates"
    assert "20 of 40 sampled lines of application are copies of another line (50.0%)." in finding.message
    assert "It explains rate-out-of-band of application. For example: " in finding.message


def test_lines_that_loki_refuses_explain_the_lines_that_the_agent_gave_up(check: Check) -> None:
    check.run(OF_AGENT)
    refused, given_up = (
        check.counter(name) for name in ("loki_discarded_samples_total", "promtail_dropped_entries_total")
    )
    old = datetime(2020, 1, 1, tzinfo=UTC)
    check.write("application", [application(f"old {number}", old) for number in range(5)])
    check.wait_for_counter("loki_discarded_samples_total", refused)
    check.wait_for_counter("promtail_dropped_entries_total", given_up)
    (finding,) = check.run(OF_AGENT).findings

    assert finding.cls.name == "samples-discarded"
    assert (
        "Loki refused 5 lines of tenant application since the last run: greater_than_max_sample_age 5 "
        "(reject_old_samples_max_age is 130d)."
    ) in finding.message
    assert "It explains lines-lost of application." in finding.message


def test_lines_of_the_future_are_reported_in_the_next_run(check: Check) -> None:
    check.run(["application"])
    refused = check.counter("loki_discarded_samples_total")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    check.write("application", [application(f"early {number}", tomorrow) for number in range(5)])
    check.wait_for_counter("loki_discarded_samples_total", refused + 4)
    (finding,) = check.run(["application"]).findings

    assert finding.cls.name == "samples-discarded"
    assert "too_far_in_future 5 (creation_grace_period is Loki's default)." in finding.message


def test_lines_of_an_ingester_that_lost_its_disk_are_reported_with_their_number(check: Check) -> None:
    # The security cluster keeps one copy of each line.
    check.write("audit", [audit(number) for number in range(200)])
    check.wait_for_lines(["audit"], 200)
    check.run(["audit"])
    lose_disk(check.platform, "security-all-0")
    (finding,) = check.run(["audit"]).findings

    assert finding.cls.name == "lines-lost"
    assert finding.message.startswith(
        "Lines of tenant security-team were lost between the distributors and the store of cluster security, from "
    )
    assert finding.message.endswith("It explains source-silent of audit.")
    assert int(finding.evidence["vanished"]) >= 200


def test_loss_of_one_percent_of_a_tenant_is_reported_with_both_numbers(check: Check) -> None:
    now = nanoseconds(datetime.now(UTC) - timedelta(seconds=30))
    url = check.platform.write_url("security")
    with LokiClient(url) as loki:
        loki.push("security-team", [Entry(now + n, {"job": "stored"}, f"stored {n}") for n in range(20_000)])
    settle(check.platform, {"security-all-0": url}, print)
    with LokiClient(url) as loki:
        loki.push("security-team", [Entry(now + n, {"job": "in-memory"}, f"in memory {n}") for n in range(250)])
    check.run(["audit"])
    lose_disk(check.platform, "security-all-0")
    finding = check.run(["audit"]).findings[0]

    assert finding.cls.name == "lines-lost"
    assert re.search(r" \d{3} of 2\d,\d{3} lines that the run before found are gone; ", finding.message)
    assert float(finding.evidence["lost_share"]) < 0.03


def test_token_in_a_line_is_reported_without_its_value(check: Check, tmp_path: Path) -> None:
    check.write("application", [application(f"with {TOKEN}"), *(application(f"fine {number}") for number in range(9))])
    check.wait_for_lines(["application"], 10)
    result = check.run(["application"])
    (finding,) = result.findings

    assert finding.cls.name == "secret-in-logs"
    assert "1 of 10 lines contains 1 different value; every line was searched." in finding.message
    assert TOKEN not in json.dumps(result.to_dict(), default=str)
    assert not any(TOKEN.encode() in file.read_bytes() for file in tmp_path.rglob("*.parquet"))


def test_query_over_the_budget_is_not_sent_and_reported_as_incomplete(check: Check) -> None:
    check.write("application", [application(f"n {number}") for number in range(5)])
    check.wait_for_lines(["application"], 5)
    request = QualityRequest("small", datetime.now(UTC), 600, 1, 0, 1, reads_counters=False)
    findings = run_quality(check.platform, request, None, lambda _: None).findings

    assert "It was not sent. Raise quality.budget, or shorten quality.window." in findings[-1].message
