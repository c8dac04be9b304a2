"""Tests of the query benchmark on a running environment."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from typer.testing import CliRunner

from logops.benchmark.history.nights import DAY_NS
from logops.benchmark.measure import attempt_runner
from logops.benchmark.measure.cases import Mode
from logops.benchmark.request import BenchmarkRequest
from logops.benchmark.run import BenchmarkResult, run_benchmark
from logops.cli import bench
from logops.cli.commands.bench import app
from logops.clients.loki import Entry, LokiClient, nanoseconds
from logops.findings.kinds import QUERY_SAMPLES
from logops.findings.store import ResultsStore
from logops.platforms import results_url
from logops.platforms.local import LocalPlatform
from logops.queries.library import load_library
from logops.queries.model import LibraryQuery
from logops.toolchain import project_root
from tests.support.loki_proxy import PlatformBehindProxies, proxies_before
from tests.support.projects import write_project

LIBRARY = load_library(project_root())
NO_LIMIT = 2**50


def asked(rounds: int = 5, ranges_s: tuple[int, ...] = (), budget_bytes: int = NO_LIMIT) -> BenchmarkRequest:
    now = datetime.now(UTC).replace(microsecond=0)
    return BenchmarkRequest("a-test", now, rounds, (Mode.WARM, Mode.COLD), ranges_s, budget_bytes)


def measure(
    platform: LocalPlatform, wanted: Mapping[str, LibraryQuery], asked: BenchmarkRequest, store: ResultsStore
) -> BenchmarkResult:
    (outcome,) = run_benchmark([platform], wanted, asked, lambda _: store, lambda _: None)
    return outcome


@pytest.fixture
def days_ago(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Shift the benchmark's clock by a number of days. The history uses one run per day."""

    def measured_then(days: int) -> None:
        clock = SimpleNamespace(time_ns=lambda: time.time_ns() - days * DAY_NS, monotonic=time.monotonic)
        monkeypatch.setattr(attempt_runner, "time", clock)

    return measured_then


def results_of(platform: LocalPlatform, project: Path, monkeypatch: pytest.MonkeyPatch) -> ResultsStore:
    """Let the commands run in a project that has the platform's environment, and return its results store."""
    monkeypatch.setenv("LOGOPS_HOME", str(write_project(project, [platform.environment])))
    return ResultsStore(results_url(platform.environment, project))


@pytest.fixture
def store(tmp_path: Path) -> ResultsStore:
    return ResultsStore(str(tmp_path))


def test_benchmark_stores_sample_of_every_round(platform: LocalPlatform, store: ResultsStore) -> None:
    wanted = {name: LIBRARY[name] for name in ("errors", "audit-events", "silence")}
    outcome = measure(platform, wanted, asked(), store)
    kept = store.query(
        QUERY_SAMPLES,
        f'SELECT query, mode, count(*) AS rounds, min(seconds) AS least FROM "{QUERY_SAMPLES}"'
        " GROUP BY ALL ORDER BY ALL",
    ).to_pylist()

    assert outcome.findings == ()
    # The additional round is the warm-up round.
    assert [(row["query"], row["mode"], row["rounds"]) for row in kept] == [
        (name, mode, 6) for name in ("audit-events", "errors", "silence") for mode in ("cold", "warm")
    ]
    assert all(row["least"] > 0 for row in kept)


def test_warm_samples_use_results_cache_and_cold_samples_do_not(platform: LocalPlatform, store: ResultsStore) -> None:
    # Loki does not cache recent results (max_cache_freshness_per_query), so use an older time.
    end = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
    moments = (nanoseconds(end - timedelta(seconds=10 * nth)) for nth in range(1, 300))
    with LokiClient(platform.write_url("main")) as client:
        client.push("application", [Entry(at, {"job": "warm-and-cold"}, "a line") for at in moments])
    query = LIBRARY["request-rate"].model_copy(
        update={"logql": 'sum(rate({job="warm-and-cold"} [5m]))', "parameters": {}, "example": {}}
    )
    outcome = measure(platform, {"request-rate": query}, replace(asked(5), as_of=end), store)

    judged = [one for one in outcome.samples if one.round > 0]
    assert all(one.cached_results > 0 for one in judged if one.mode == "warm")
    assert all(one.cached_results == 0 and one.lines >= 299 for one in judged if one.mode == "cold")


def test_refused_query_is_reported_with_loki_message(platform: LocalPlatform, store: ResultsStore) -> None:
    outcome = measure(platform, {"errors": LIBRARY["errors"]}, asked(1, ranges_s=(900 * 86_400,)), store)
    (failing,) = (one for one in outcome.findings if one.cls.name == "query-failing")

    assert failing.subject.query == "errors"
    assert "the query time range exceeds the limit" in failing.message


def test_query_refused_twice_is_not_sent_again(platform: LocalPlatform, store: ResultsStore) -> None:
    run = replace(asked(5, ranges_s=(900 * 86_400,)), modes=(Mode.COLD,))
    outcome = measure(platform, {"errors": LIBRARY["errors"]}, run, store)

    refused = [one.ending for one in outcome.samples if one.range_s == 900 * 86_400]
    assert refused == ["failed"] * 2 + ["not-asked"] * 4


def test_benchmark_stops_if_byte_budget_is_spent(platform: LocalPlatform, store: ResultsStore) -> None:
    outcome = measure(platform, {"errors": LIBRARY["errors"]}, asked(5, budget_bytes=0), store)

    assert {one.ending for one in outcome.samples} == {"not-asked"}
    assert [one.cls.name for one in outcome.findings] == ["check-incomplete"]
    assert "the budget of bytes was spent" in outcome.findings[0].message


def test_benchmark_stops_at_time_limit_and_reports_skipped_queries(
    platform: LocalPlatform, store: ResultsStore
) -> None:
    outcome = measure(platform, {"errors": LIBRARY["errors"]}, replace(asked(5), minutes=0), store)

    assert [one.cls.name for one in outcome.findings] == ["check-incomplete"]
    assert "10 skipped: the 0 minutes that it may take were over" in outcome.findings[0].message


def test_benchmark_adds_rounds_up_to_most_rounds(platform: LocalPlatform, store: ResultsStore) -> None:
    wanted = {name: LIBRARY[name] for name in ("errors", "silence")}
    outcome = measure(platform, wanted, replace(asked(5), most_rounds=8), store)

    assert {one.answered for one in outcome.verdicts} <= {5, 6, 7, 8}
    assert max(one.answered for one in outcome.verdicts) > 5
    assert outcome.findings == ()


def test_benchmark_runs_are_listed_and_compared(
    platform: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = results_of(platform, tmp_path, monkeypatch)
    for name in ("first", "second"):
        measure(platform, {"errors": LIBRARY["errors"]}, replace(asked(10), run=name), store)
    listed = CliRunner().invoke(app, ["runs", "tests", "--json"])
    told = CliRunner().invoke(app, ["compare", "first", "second", "--environment", "tests", "--json"])

    assert {row["run"]: row["answers"] for row in json.loads(listed.stdout)} == {"first": 22, "second": 22}
    assert [(one["arm"]["query"], one["arm"]["mode"]) for one in json.loads(told.stdout)] == [
        ("errors", "warm"),
        ("errors", "cold"),
    ]
    assert all(one["ratio"] > 0 and one["low"] <= one["ratio"] <= one["high"] for one in json.loads(told.stdout))


def test_delayed_query_is_reported_as_regressed_on_second_night(
    platform: LocalPlatform, store: ResultsStore, days_ago: Callable[[int], None]
) -> None:
    wanted = {"errors": LIBRARY["errors"]}
    findings = []
    with proxies_before(platform) as proxies:
        proxied = cast(LocalPlatform, PlatformBehindProxies(platform, proxies))
        for night in range(14):
            # A delay that is larger than the noise of this machine.
            proxies["main"].delay_s = 1.0 if night >= 12 else 0.0
            days_ago(13 - night)
            run = replace(asked(5), run=f"night-{night}", modes=(Mode.COLD,))
            findings.append(measure(proxied, wanted, run, store).findings)

    regressed = [one for one in findings[-1] if one.cls.name == "query-regressed"]
    assert [one.cls.name for found in findings[:-1] for one in found if one.cls.name == "query-regressed"] == []
    assert [one.subject.query for one in regressed] == ["errors"]
    assert regressed[0].evidence["nights"] == 2
    assert "more passed outside of Loki's own work" in regressed[0].message


def test_query_answered_with_429_is_retried_and_not_counted_as_slow(
    platform: LocalPlatform, store: ResultsStore
) -> None:
    with proxies_before(platform) as proxies:
        proxies["main"].refuse_next = 2
        proxied = cast(LocalPlatform, PlatformBehindProxies(platform, proxies))
        run = replace(asked(5), modes=(Mode.COLD,))
        outcome = measure(proxied, {"errors": LIBRARY["errors"]}, run, store)

    (verdict,) = outcome.verdicts
    assert (verdict.answered, verdict.throttled, outcome.findings) == (5, 1, ())
    assert outcome.samples[0].backed_off == 2
    # The two seconds of Retry-After are not part of the sample's time.
    assert all(sample.seconds < 1 for sample in outcome.samples)


def test_concurrent_benchmark_keeps_sample_order_and_answers_all_queries(
    platform: LocalPlatform, store: ResultsStore
) -> None:
    wanted = {name: LIBRARY[name] for name in ("errors", "silence")}
    run = replace(asked(5), concurrency=4)
    outcome = measure(platform, wanted, run, store)

    assert [(one.query, one.mode, one.round) for one in outcome.samples[:4]] == [
        ("errors", "warm", 0), ("errors", "cold", 0), ("silence", "warm", 0), ("silence", "cold", 0)
    ]  # fmt: skip
    assert {one.ending for one in outcome.samples} == {"answered"}
    assert {one.concurrency for one in outcome.samples} == {4}


@pytest.mark.parametrize(("suffix", "begins"), [(".png", b"\x89PNG"), (".svg", b"<svg")])
def test_benchmark_history_is_drawn_to_file(
    platform: LocalPlatform,
    days_ago: Callable[[int], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
    begins: bytes,
) -> None:
    store = results_of(platform, tmp_path, monkeypatch)
    for at, name in enumerate(("first", "second")):
        days_ago(1 - at)
        measure(platform, {"errors": LIBRARY["errors"]}, replace(asked(5), run=name), store)
    file = tmp_path / f"history{suffix}"
    told = CliRunner().invoke(app, ["history", "tests", "--plot", str(file)])

    assert told.exit_code == 0, told.output
    assert "2 of 12 nights" in told.stdout
    assert file.read_bytes().startswith(begins)


def test_slower_environment_is_reported_by_comparison(
    platform: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGOPS_HOME", str(write_project(tmp_path)))
    with proxies_before(platform) as proxies:
        proxies["main"].delay_s = 0.5
        proxied = PlatformBehindProxies(platform, proxies)
        proxied.environment = platform.environment.model_copy(update={"name": "behind"})
        places = {"tests": platform, "behind": cast(LocalPlatform, proxied)}
        monkeypatch.setattr(bench, "readable", places.__getitem__)
        arguments = [
            "run",
            "tests",
            "--beside",
            "behind",
            "--query",
            "errors",
            "--rounds",
            "8",
            "--most-rounds",
            "8",
            "--mode",
            "cold",
            "--range",
            "1h",
        ]
        told = CliRunner().invoke(app, [*arguments, "--no-record", "--json"])

    (compared,) = json.loads(told.stdout)["compared"]
    assert told.exit_code == 1
    assert (compared["arm"]["query"], compared["word"]) == ("errors", "slower")
    assert compared["low"] > 1
