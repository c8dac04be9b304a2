"""The benchmark of the library, on an environment that runs."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from logops.benchmark.asked import Asked
from logops.benchmark.run import run_benchmark
from logops.benchmark.sample import SAMPLES
from logops.benchmark.shots import Mode
from logops.cli import bench
from logops.findings.store import ResultsStore
from logops.platforms.local import LocalPlatform
from logops.queries.library import load_library
from logops.toolchain import project_root

LIBRARY = load_library(project_root())
NO_LIMIT = 2**40


def asked(rounds: int = 5, ranges_s: tuple[int, ...] = (), budget_bytes: int = NO_LIMIT) -> Asked:
    now = datetime.now(UTC).replace(microsecond=0)
    return Asked("a-test", now, rounds, (Mode.WARM, Mode.COLD), ranges_s, budget_bytes)


@pytest.fixture
def store(tmp_path: Path) -> ResultsStore:
    return ResultsStore(str(tmp_path))


def test_every_sample_is_kept_with_lokis_own_statistics(platform: LocalPlatform, store: ResultsStore) -> None:
    wanted = {name: LIBRARY[name] for name in ("errors", "audit-events", "silence")}
    outcome = run_benchmark(platform, wanted, asked(), store, lambda _: None)
    kept = store.query(
        SAMPLES,
        f'SELECT query, mode, count(*) AS rounds, min(seconds) AS least FROM "{SAMPLES}" GROUP BY ALL ORDER BY ALL',
    ).to_pylist()

    assert outcome.findings == ()
    # One round more: the one that warms.
    assert [(row["query"], row["mode"], row["rounds"]) for row in kept] == [
        (name, mode, 6) for name in ("audit-events", "errors", "silence") for mode in ("cold", "warm")
    ]
    assert all(row["least"] > 0 for row in kept)


def test_what_loki_refuses_is_a_finding_in_its_own_words(platform: LocalPlatform, store: ResultsStore) -> None:
    outcome = run_benchmark(
        platform, {"errors": LIBRARY["errors"]}, asked(1, ranges_s=(900 * 86_400,)), store, lambda _: None
    )
    (failing,) = (one for one in outcome.findings if one.cls.name == "query-failing")

    assert failing.subject.query == "errors"
    assert "the query time range exceeds the limit" in failing.message


def test_a_budget_that_is_spent_ends_the_asking(platform: LocalPlatform, store: ResultsStore) -> None:
    outcome = run_benchmark(platform, {"errors": LIBRARY["errors"]}, asked(5, budget_bytes=0), store, lambda _: None)

    assert {one.ending for one in outcome.samples} == {"not-asked"}
    assert [one.cls.name for one in outcome.findings] == ["check-incomplete"]
    assert "the budget of bytes was spent" in outcome.findings[0].message


def test_runs_are_listed_and_compared(platform: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ResultsStore(str(tmp_path / "results"))
    for name in ("first", "second"):
        run_benchmark(platform, {"errors": LIBRARY["errors"]}, replace(asked(10), run=name), store, lambda _: None)
    monkeypatch.setattr(bench, "_store", lambda _: store)
    listed = CliRunner().invoke(bench.app, ["runs", "tests", "--json"])
    told = CliRunner().invoke(bench.app, ["compare", "first", "second", "--environment", "tests", "--json"])

    assert {row["run"]: row["answers"] for row in json.loads(listed.stdout)} == {"first": 22, "second": 22}
    assert [(one["arm"]["query"], one["arm"]["mode"]) for one in json.loads(told.stdout)] == [
        ("errors", "warm"),
        ("errors", "cold"),
    ]
    assert all(one["ratio"] > 0 and one["low"] <= one["ratio"] <= one["high"] for one in json.loads(told.stdout))
