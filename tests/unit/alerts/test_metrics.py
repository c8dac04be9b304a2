"""Findings and the age of checks as metrics: what each audience sees, bounded, and readable for Prometheus."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
import requests

from logops.alerts.last_delivery import INTERVAL, LastDelivery, read_last_delivery, write_last_delivery
from logops.alerts.metrics import HELP, Sample, declared_samples, exposition, result_samples
from logops.alerts.metrics_server import Pages, read_pages, serve
from logops.checks.open_findings import OpenAfterRun
from logops.clients.loki.metrics import parse_metrics
from logops.environment import Environment
from logops.environment.cluster import Data
from logops.findings import Finding, Run, Subject
from logops.findings.acceptance import Acceptance
from logops.findings.classes.audit import CHUNK_MISSING, MARKER_BACKLOG
from logops.findings.history import OpenFinding
from logops.findings.store import ResultsStore
from tests.support.environments import environment

LOCAL = environment("local")
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def state(*findings: Finding, check: str = "retention-audit") -> OpenAfterRun:
    return OpenAfterRun(Run("local", check, "a", NOON), [OpenFinding(finding, NOON) for finding in findings])


def missing(cluster: str, table: str, tenant: str = "application") -> Finding:
    return Finding(CHUNK_MISSING, Subject("local", cluster, tenant, table), "A chunk is missing.", NOON)


def values(samples: list[Sample], name: str) -> dict[tuple[str, ...], float]:
    return {tuple(sample.labels.values()): sample.value for sample in samples if sample.name == name}


def of(audience: Data, *states: OpenAfterRun, accepted: tuple[Acceptance, ...] = ()) -> list[Sample]:
    return list(result_samples(LOCAL, audience, states, accepted, None))


def test_findings_of_many_tables_are_one_series_with_their_number() -> None:
    samples = of("standard", state(*(missing("main", f"loki_index_{day}") for day in range(400))))

    assert values(samples, "logops_finding_open") == {
        ("chunk-missing", "critical", "log-platform", "main", "application"): 400
    }


def test_findings_of_a_security_cluster_are_metrics_for_security_only() -> None:
    states = (state(missing("main", "a"), missing("security", "b", "security-team")),)

    assert [labels[3] for labels in values(of("standard", *states), "logops_finding_open")] == ["main"]
    assert [labels[3] for labels in values(of("security", *states), "logops_finding_open")] == ["security"]
    assert "security" not in exposition(of("standard", *states))


def test_limits_of_a_security_cluster_are_metrics_for_security_only() -> None:
    clusters = {
        audience: {
            sample.labels["cluster"] for sample in declared_samples(LOCAL, audience) if "cluster" in sample.labels
        }
        for audience in ("standard", "security")
    }

    assert clusters == {"standard": {"main"}, "security": {"security"}}


def test_accepted_finding_is_counted_as_accepted_and_not_as_open() -> None:
    everything = Acceptance("chunk-missing", Subject("local"), "ann", "lost", NOON, NOON + timedelta(days=1))
    backlog = Finding(MARKER_BACKLOG, Subject("local", "main"), "It waits.", NOON)
    samples = of("standard", state(missing("main", "a"), backlog), accepted=(everything,))

    assert [labels[0] for labels in values(samples, "logops_finding_accepted")] == ["chunk-missing"]
    assert [labels[0] for labels in values(samples, "logops_finding_open")] == ["marker-backlog"]


def test_paused_check_and_last_delivery_are_metrics() -> None:
    delivery = LastDelivery(NOON, ("queries",))
    samples = list(result_samples(LOCAL, "standard", [state()], (), delivery))

    assert values(samples, "logops_delivery_last_timestamp_seconds") == {(): NOON.timestamp()}
    assert values(samples, "logops_check_last_run_timestamp_seconds") == {("retention-audit",): NOON.timestamp()}
    paused = values(samples, "logops_check_paused")
    assert [check for (check,), is_paused in paused.items() if is_paused] == ["queries"]


def test_label_with_quote_backslash_and_line_break_is_read_back_as_it_was() -> None:
    hostile = 'a"b\\c\nd'
    page = exposition([Sample("logops_finding_open", 2, {"class": hostile})])
    [metric] = parse_metrics(page)

    assert (metric.labels, metric.value) == ({"class": hostile}, 2)


def test_every_metric_has_a_help_text(tmp_path: Path) -> None:
    pages = read_pages(LOCAL, ResultsStore(str(tmp_path)), NOON, 0.0)

    assert {metric.name for metric in parse_metrics(pages["standard"])} <= HELP.keys()


def test_last_delivery_is_the_newest_of_all_days(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    assert read_last_delivery(store, "local") is None
    for hours in (0, 1, 26):
        write_last_delivery(store, "local", ("queries",), NOON + timedelta(hours=hours))
    write_last_delivery(store, "other", (), NOON + timedelta(days=9))

    assert read_last_delivery(store, "local") == LastDelivery(NOON + timedelta(hours=26), ("queries",))


def test_interval_of_deliveries_is_that_of_the_dag() -> None:
    dag = (Path(__file__).parents[3] / "dags" / "alert_delivery.py").read_text()

    assert f"EveryMinutesTimetable({INTERVAL.total_seconds() / 60:.0f}," in dag


class Source:
    """An environment whose results store can be broken. Counts how often it is opened."""

    def __init__(self, store: ResultsStore) -> None:
        self.store = store
        self.count = 0

    def __call__(self) -> tuple[Environment, ResultsStore]:
        self.count += 1
        return LOCAL, self.store


def test_page_is_read_once_a_minute_however_often_it_is_asked(tmp_path: Path) -> None:
    source = Source(ResultsStore(str(tmp_path)))
    pages = Pages(source, lambda line: None)
    for _ in range(5):
        pages.page("standard")
        pages.page("security")

    assert source.count == 1


def test_store_that_cannot_be_read_is_a_metric_and_a_line_in_the_log(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    lines: list[str] = []
    page = Pages(Source(ResultsStore("nosuchprotocol://results")), lines.append).page("standard")

    assert "logops_results_readable 0\n" in page
    assert "logops_delivery_last_timestamp_seconds" not in page
    assert lines[0].startswith("Listing findings in the results store nosuchprotocol://results failed")


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/metrics", 200, 'cluster="main"'),
        ("/metrics/security", 200, 'cluster="security"'),
        ("/", 404, "There is no page /. Pages: /metrics, /metrics/security"),
    ],
)
def test_server_answers_each_page_and_names_them_for_another_path(
    path: str, status: int, text: str, tmp_path: Path
) -> None:
    pages = Pages(Source(ResultsStore(str(tmp_path))), lambda line: None)
    with serve(pages, "127.0.0.1", 0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        answer = requests.get(f"http://127.0.0.1:{server.server_address[1]}{path}", timeout=10)
        server.shutdown()

    assert (answer.status_code, text in answer.text) == (status, True)
