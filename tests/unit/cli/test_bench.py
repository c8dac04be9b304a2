"""`logops bench`, with stored samples of runs, and with fake answers of clusters."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from logops.benchmark.findings import query_findings
from logops.benchmark.measure.sample import Ending, Sample, to_table
from logops.benchmark.run import BenchmarkResult
from logops.benchmark.verdict import verdicts
from logops.cli import bench
from logops.cli.commands.bench import app
from logops.findings.kinds import QUERY_SAMPLES
from logops.findings.store import ResultsStore
from logops.platforms import results_url
from logops.queries.library import load_library
from logops.toolchain import project_root
from tests.support.environments import environment
from tests.support.fakes.memory_platform import MemoryPlatform
from tests.support.projects import write_project

NOW = datetime.now(UTC)
Keep = Callable[..., None]


@pytest.fixture
def keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keep:
    """Return a function that stores the samples of a run where the commands read them."""
    monkeypatch.setenv("LOGOPS_HOME", str(write_project(tmp_path)))
    store = results_of(tmp_path)

    def kept(run: str, answers: int = 10, **changed: Any) -> None:
        store.write(QUERY_SAMPLES, f"local.{run}", to_table(samples(run, answers, **changed)), NOW)

    return kept


def results_of(project: Path) -> ResultsStore:
    return ResultsStore(results_url(environment("local"), project))


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


def run_bench(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


def test_compare_of_equal_runs_exits_with_zero(keep: Keep) -> None:
    keep("first")
    keep("second")

    assert run_bench("compare", "first", "second").exit_code == 0


def test_compare_with_mistyped_run_suggests_a_recorded_one(keep: Keep) -> None:
    keep("first")
    keep("second")

    assert "Did you mean second?" in " ".join(run_bench("compare", "local", "first", "secnod").stderr.split())


def test_compare_of_run_with_too_few_answers_fails(keep: Keep) -> None:
    keep("first")
    keep("second", answers=3)
    result = run_bench("compare", "first", "second")

    assert (result.exit_code, "too few answers to say" in result.stdout) == (1, True)


def test_compare_of_runs_with_different_configurations_reports_the_difference(keep: Keep) -> None:
    keep("first")
    keep("second", configuration="another")

    assert "were measured differently: configuration of the cluster: errors." in (
        run_bench("compare", "first", "second").stderr
    )


def test_compare_of_runs_not_measured_in_turns_prints_a_warning(keep: Keep) -> None:
    keep("first", days_ago=1)
    keep("second")
    keep("beside")

    assert "not measured in turns" in run_bench("compare", "first", "second").stderr
    assert "in turns" not in run_bench("compare", "second", "beside").stderr


def test_samples_without_newer_columns_can_be_compared_and_listed(keep: Keep, tmp_path: Path) -> None:
    table = to_table(samples("old", 10)).drop_columns(["cached_chunks", "step_s"])
    results_of(tmp_path).write(QUERY_SAMPLES, "local.old", table, NOW)
    keep("young", seconds_more=1.0)

    assert "slower" in run_bench("compare", "old", "young").stdout
    assert run_bench("history").exit_code == 0


def test_environment_beside_itself_is_refused() -> None:
    result = run_bench("run", "local", "--beside", str(project_root() / "include/environments/local.yaml"))

    assert (result.exit_code, "Comparing local with itself" in result.stderr) == (2, True)


def test_history_shows_removed_query_only_if_named(keep: Keep) -> None:
    keep("first")
    keep("other", query="removed-long-ago")

    assert "removed-long-ago" not in run_bench("history").stdout
    assert "removed-long-ago" in run_bench("history", "--query", "removed-long-ago").stdout


def test_history_of_unknown_query_is_refused(keep: Keep) -> None:
    keep("first")
    result = run_bench("history", "--query", "erors")

    assert (result.exit_code, "No query erors" in result.stderr) == (2, True)


def test_query_that_is_no_longer_measured_is_not_reported_as_slower(keep: Keep) -> None:
    for night in range(40, 9, -1):
        keep(f"night-{night}", days_ago=night, seconds_more=1.0 if night < 15 else 0.0)
    result = run_bench("history")

    assert result.exit_code == 0
    assert f"last measured on {NOW - timedelta(days=10):%Y-%m-%d}" in " ".join(result.stdout.split())


def test_history_bars_of_all_queries_share_the_days_and_leave_days_without_run_empty(keep: Keep) -> None:
    for days_ago in (29, 1, 0):
        keep(f"night-{days_ago}", days_ago=days_ago)
    keep("late", query="latency", days_ago=1)
    rows = {line.split()[0]: line for line in run_bench("history").stdout.splitlines()}

    assert f"█{' ' * 27}██ 104 ms" in rows["errors"]
    assert rows["latency"].index("█") == rows["errors"].index("██")


def test_history_header_names_days_and_scale_of_the_bars(keep: Keep) -> None:
    keep("first")
    first_line, second_line, *_ = run_bench("history").stdout.splitlines()

    assert "last 30 days" in first_line
    assert "0 to row's max" in second_line


def test_history_with_plot_of_one_night_has_days_on_its_axis(keep: Keep, tmp_path: Path) -> None:
    keep("first")
    picture = tmp_path / "history.svg"
    result = run_bench("history", "--plot", str(picture))

    assert (result.exit_code, result.stderr) == (0, f"Drawn: {picture}\n")
    assert f">{NOW:%-d %b}</text>" in picture.read_text()


def test_plot_into_missing_folder_is_refused_with_the_reason(keep: Keep, tmp_path: Path) -> None:
    keep("first")
    picture = tmp_path / "missing" / "history.svg"
    result = run_bench("history", "--plot", str(picture))

    assert (result.exit_code, result.stderr) == (2, f"Drawing into {picture}: No such file or directory.\n")


def test_named_query_that_was_never_measured_is_mentioned(keep: Keep) -> None:
    keep("first")
    result = run_bench("history", "--query", "errors", "--query", "latency")

    assert result.stderr == "Not measured in the last 90 days, so not shown: latency.\n"


def test_run_with_two_configurations_is_listed_once(keep: Keep, tmp_path: Path) -> None:
    rows = [*samples("both", 10), *samples("both", 10, query="audit-events", configuration="d")]
    results_of(tmp_path).write(QUERY_SAMPLES, "local.both", to_table(rows), NOW)

    assert run_bench("runs").stdout.count("both") == 1
    assert "c, d" in run_bench("runs").stdout


@pytest.fixture
def measured_samples(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that sets the samples of each measured environment, one or two."""

    def give(*sides: list[Sample]) -> None:
        library = load_library(project_root())
        result = [tuple(verdicts(side, library, {})) for side in sides]
        outcomes = [
            BenchmarkResult(tuple(side), one, tuple(query_findings("local", one, NOW)))
            for side, one in zip(sides, result, strict=True)
        ]
        monkeypatch.setattr(bench, "readable", lambda name: MemoryPlatform(environment("local", ("name", name)), {}))
        monkeypatch.setattr(bench, "run_benchmark", lambda *_: outcomes)

    return give


def test_loki_error_message_is_shown_unchanged(measured_samples: Callable[..., None]) -> None:
    measured_samples(samples("r", 10, ending=Ending.FAILED, message='parse error in |~ "[a-z]+@[/]"'))

    assert 'parse error in |~ "[a-z]+@[/]"' in run_bench("run", "local").stdout


def test_query_that_fails_in_second_environment_fails_the_run(measured_samples: Callable[..., None]) -> None:
    measured_samples(samples("r", 10), samples("r", 10, ending=Ending.FAILED, message="Loki answered 400: too long"))
    result = run_bench("run", "local", "--beside", "other")

    assert (result.exit_code, "Loki answered 400: too long" in result.stdout) == (1, True)


def test_runs_without_a_recorded_run_name_the_command_that_records_one(keep: Keep) -> None:
    result = run_bench("runs", "local")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "No run of local is recorded yet. `logops bench run local` measures and records one." in result.stderr


def test_comparison_shows_a_very_small_p_without_exponent(keep: Keep) -> None:
    keep("first", 30)
    keep("second", 30, seconds_more=1)
    result = run_bench("compare", "first", "second")

    assert "< 0.0001" in result.stdout
