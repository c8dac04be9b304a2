"""`logops bench`, over samples that a run kept, or as if a cluster had answered."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from logops.benchmark.found import findings_of
from logops.benchmark.judge import verdicts
from logops.benchmark.run import Outcome
from logops.benchmark.sample import Ending, Sample, to_table
from logops.cli import bench
from logops.findings.kinds import QUERY_SAMPLES
from logops.findings.store import ResultsStore
from logops.queries.library import load_library
from logops.toolchain import project_root
from tests.support.environments import environment
from tests.support.fakes.memory_platform import MemoryPlatform

NOW = datetime.now(UTC)
Keep = Callable[..., None]


@pytest.fixture
def keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keep:
    """Keeps a run's samples where the commands look for them."""
    store = ResultsStore(str(tmp_path))
    monkeypatch.setattr(bench, "_store", lambda _: store)

    def kept(run: str, answers: int = 10, **changed: Any) -> None:
        store.write(QUERY_SAMPLES, f"local.{run}", to_table(samples(run, answers, **changed)), NOW)

    return kept


def samples(
    run: str, answers: int, query: str = "errors", seconds_more: float = 0, days_ago: int = 0, **changed: Any
) -> list[Sample]:
    given: dict[str, Any] = {"text": "{}", "ending": Ending.ANSWERED, "configuration": "c", **changed}
    started = (int(NOW.timestamp()) - days_ago * 86_400) * 10**9
    return [
        Sample(
            run=run, environment="local", query=query, cluster="main", tenant="application", mode="cold", range_s=3600,
            round=at + 1, started_ns=started + at, seconds=0.1 + at / 1000 + seconds_more, **given,
        )
        for at in range(answers)
    ]  # fmt: skip


def told(*arguments: str) -> Result:
    return CliRunner().invoke(bench.app, [*arguments])


def test_two_runs_that_are_alike_are_no_finding(keep: Keep) -> None:
    keep("first")
    keep("second")

    assert told("compare", "first", "second").exit_code == 0


def test_too_few_answers_to_compare_are_no_pass(keep: Keep) -> None:
    keep("first")
    keep("second", answers=3)
    found = told("compare", "first", "second")

    assert (found.exit_code, "too few answers to say" in found.stdout) == (1, True)


def test_what_two_runs_differ_in_is_said(keep: Keep) -> None:
    keep("first")
    keep("second", configuration="another")

    assert "differ in more than when they were: configuration of the cluster: errors." in (
        told("compare", "first", "second").stderr
    )


def test_of_runs_one_after_the_other_it_is_said_that_the_machine_may_differ(keep: Keep) -> None:
    keep("first", days_ago=1)
    keep("second")
    keep("beside")

    assert "not measured in turns" in told("compare", "first", "second").stderr
    assert "in turns" not in told("compare", "second", "beside").stderr


def test_runs_from_before_a_column_came_are_compared(keep: Keep, tmp_path: Path) -> None:
    table = to_table(samples("old", 10)).drop_columns(["cached_chunks", "step_s"])
    ResultsStore(str(tmp_path)).write(QUERY_SAMPLES, "local.old", table, NOW)
    keep("young", seconds_more=1.0)

    assert "slower" in told("compare", "old", "young").stdout
    assert told("history").exit_code == 0


def test_an_environment_is_not_measured_beside_itself() -> None:
    found = told("run", "local", "--beside", str(project_root() / "include/environments/local.yaml"))

    assert (found.exit_code, "local beside itself" in found.stderr) == (2, True)


def test_the_history_is_that_of_what_the_library_has(keep: Keep) -> None:
    keep("first")
    keep("other", query="removed-long-ago")

    assert "removed-long-ago" not in told("history").stdout
    assert "removed-long-ago" in told("history", "--query", "removed-long-ago").stdout


def test_the_history_of_a_query_that_nobody_knows_is_no_empty_one(keep: Keep) -> None:
    keep("first")
    found = told("history", "--query", "erors")

    assert (found.exit_code, "No query erors" in found.stderr) == (2, True)


def test_what_is_no_longer_measured_is_not_slower_tonight(keep: Keep) -> None:
    for night in range(40, 9, -1):
        keep(f"night-{night}", days_ago=night, seconds_more=1.0 if night < 15 else 0.0)
    found = told("history")

    assert found.exit_code == 0
    assert f"last measured on {NOW - timedelta(days=10):%Y-%m-%d}" in " ".join(found.stdout.split())


def test_a_run_is_listed_once_though_its_clusters_are_configured_each_their_own_way(keep: Keep, tmp_path: Path) -> None:
    rows = [*samples("both", 10), *samples("both", 10, query="audit-events", configuration="d")]
    ResultsStore(str(tmp_path)).write(QUERY_SAMPLES, "local.both", to_table(rows), NOW)

    assert told("runs").stdout.count("both") == 1
    assert "c, d" in told("runs").stdout


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What the clusters, one or two, answered: samples of each."""

    def give(*sides: list[Sample]) -> None:
        library = load_library(project_root())
        found = [tuple(verdicts(side, library, {})) for side in sides]
        outcomes = [
            Outcome(tuple(side), one, tuple(findings_of("local", one, NOW)))
            for side, one in zip(sides, found, strict=True)
        ]
        monkeypatch.setattr(bench, "readable", lambda name: MemoryPlatform(environment("local", ("name", name)), {}))
        monkeypatch.setattr(bench, "run_benchmark", lambda *_: outcomes)

    return give


def test_lokis_words_are_shown_as_they_are(measured: Callable[..., None]) -> None:
    measured(samples("r", 10, ending=Ending.FAILED, message='parse error in |~ "[a-z]+@[/]"'))

    assert 'parse error in |~ "[a-z]+@[/]"' in told("run", "local").stdout


def test_a_query_that_fails_on_one_side_of_two_is_told_and_no_pass(measured: Callable[..., None]) -> None:
    measured(samples("r", 10), samples("r", 10, ending=Ending.FAILED, message="Loki answered 400: too long"))
    found = told("run", "local", "--beside", "other")

    assert (found.exit_code, "Loki answered 400: too long" in found.stdout) == (1, True)
