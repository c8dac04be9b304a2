"""What a run could not check, each reason once."""

from dataclasses import replace

from logops.findings import Finding
from logops.quality.incomplete import incomplete
from logops.quality.measured import NotMeasured
from tests.support.quality import context, healthy

REFUSED = "at http://loki:3100/loki/api/v1/{} as tenant {}: Loki answered 401: no credentials. Check the password."


def reported(*gaps: NotMeasured, silent: dict[str, str] | None = None) -> list[Finding]:
    run = context(healthy())
    measured = replace(run.measured, not_measured=[*gaps], silent_processes=silent or {})
    return list(incomplete(replace(run, measured=measured)))


def gap(doing: str, path: str = "query", tenant: str = "application", source: str = "application") -> NotMeasured:
    return NotMeasured("main", tenant, (source,), f"{doing}: asking {REFUSED.format(path, tenant)}")


def test_wrong_password_is_reported_once() -> None:
    (finding,) = reported(gap("counting lines"), gap("counting bytes", "index/stats"), gap("listing streams", "series"))

    assert finding.message == (
        "counting lines: asking at http://loki:3100/loki/api/v1/query as tenant application: Loki answered 401: no "
        "credentials. Check the password. 2 more measurements failed for the same reason."
    )
    assert (finding.subject.tenant, finding.subject.source) == ("application", "application")


def test_wrong_password_for_two_tenants_is_reported_once_with_all_sources() -> None:
    (finding,) = reported(gap("counting lines"), gap("counting lines", tenant="platform", source="syslog"))

    assert (finding.subject.tenant, finding.subject.source) == ("", "")
    assert finding.evidence["sources"] == "application, syslog"


def test_queries_over_the_budget_are_reported_once() -> None:
    sizes = ("528.5 KiB", "1.0 KiB"), ("12 MiB", "0 B")
    gaps = [
        NotMeasured(
            "main", "application", ("application",), f"counting: the query may read {size}, and {left} are left"
        )
        for size, left in sizes
    ]

    assert [finding.message for finding in reported(*gaps)] == [
        "counting: the query may read 528.5 KiB, and 1.0 KiB are left. 1 more measurement failed for the same reason."
    ]


def test_other_answers_are_other_findings() -> None:
    expensive = NotMeasured("main", "application", ("application",), "counting bytes: the query may read 2 GiB")

    assert len(reported(gap("counting lines"), expensive)) == 2


def test_processes_that_do_not_answer_are_reported_once() -> None:
    silent = {
        f"main-ingester-{number}": f"reading the metrics at http://127.0.0.1:{number}/metrics: Connection refused."
        for number in range(5)
    }
    (finding,) = reported(silent=silent)

    assert finding.message == (
        "Reading the counters of main-ingester-0, main-ingester-1, main-ingester-2 and 2 more: reading the metrics at "
        "http://127.0.0.1:0/metrics: Connection refused."
    )
