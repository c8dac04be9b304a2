"""`logops bench ...`: measure the query library."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any

import typer

from logops.benchmark.chart.axes import day_axis
from logops.benchmark.chart.panel import Panel, panels
from logops.benchmark.chart.picture import png, svg
from logops.benchmark.compare import (
    CaseComparison,
    ComparisonVerdict,
    compare,
    setup_differences,
    were_measured_in_turns,
)
from logops.benchmark.history.nights import comparable_history, read_nights
from logops.benchmark.history.trend import common_trends, trends, trends_by_night
from logops.benchmark.measure.cases import Mode
from logops.benchmark.measure.measurable import NotMeasurableError
from logops.benchmark.measure.sample import Sample
from logops.benchmark.request import benchmark_request
from logops.benchmark.run import run_benchmark
from logops.cli.library import read_library, selected
from logops.cli.output import bench_tables as tables
from logops.cli.output.console import FOUND, OK, err, print_json, print_text, say, stop, width
from logops.cli.output.findings import listing
from logops.cli.output.table import show_table
from logops.cli.targets import environment, readable, results_store
from logops.clients.loki import LokiError
from logops.findings import failed
from logops.findings.kinds import QUERY_SAMPLES
from logops.findings.store import NothingStoredError, ResultsError, ResultsStore
from logops.suggestions import did_you_mean

PICTURES = {".svg": svg, ".png": png}
RUNS = f"""
SELECT run, environment, list_sort(list_distinct(list(configuration))) AS configurations,
    min(started_ns) AS started_ns, count(DISTINCT query) AS queries, count(*) FILTER (ending = 'answered') AS answers
FROM "{QUERY_SAMPLES}" GROUP BY ALL ORDER BY started_ns DESC
"""


def run(
    name: str,
    query: list[str] | None,
    rounds: int,
    most: int,
    mode: list[Mode] | None,
    also: list[str] | None,
    budget: str | None,
    minutes: int | None,
    concurrency: int,
    beside: str | None,
    record: bool,
    every: bool,
    as_json: bool,
) -> None:
    """Run `logops bench run`."""
    places = [readable(environment) for environment in (name, beside) if environment]
    if len({platform.environment.name for platform in places}) < len(places):
        stop(
            f"Comparing {name} with itself: --beside needs another environment. "
            "`logops bench compare` compares two runs."
        )
    library_queries = selected(read_library(), query or ())
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        request = benchmark_request(
            places[0].environment,
            run=f"bench-{now:%Y%m%dT%H%M%S}",
            as_of=now,
            named=bool(query),
            modes=mode or tuple(Mode),
            rounds=rounds,
            most_rounds=most,
            ranges=also or None,
            budget=budget,
            minutes=minutes,
            concurrency=concurrency,
        )
    except ValueError as error:
        stop(str(error))
    try:
        with err.status("") as status:
            result, *other = run_benchmark(
                places, library_queries, request, lambda side: results_store(side.environment), status.update, record
            )
    except NotMeasurableError as error:
        stop(str(error))
    except (ResultsError, LokiError) as error:
        stop(str(error), FOUND)
    if result.not_measurable:
        say(f"Not measured, because their cluster or tenant does not exist here: {', '.join(result.not_measurable)}.")
    findings = [finding for side in (result, *other) for finding in side.findings]
    bad = failed(findings)
    if other:
        compared = compare(result.samples, other[0].samples)
        if as_json:
            print_json(
                {
                    "compared": [tables.comparison_data(comparison) for comparison in compared],
                    "findings": [finding.to_dict() for finding in findings],
                }
            )
        else:
            print_text(listing(findings, every=every))
            show_table(tables.comparisons(compared))
        raise typer.Exit(FOUND if bad else _code(compared))
    if as_json:
        print_json(tables.as_data(result))
    else:
        show_table(tables.measured(result.verdicts))
        print_text("")
        print_text(listing(result.findings, every=every))
    raise typer.Exit(FOUND if bad else OK)


def compare_command(name: str, before: str, after: str, other: str | None, old_environment: str, as_json: bool) -> None:
    """Run `logops bench compare`."""
    if not after:
        name, before, after = old_environment or "local", name, before
        say(
            f"The environment comes first now: `logops bench compare {name} {before} {after}`. "
            "The old form is accepted in this release."
        )
    sides = []
    for run, whose in ((before, name), (after, other or name)):
        samples = _samples(
            whose,
            "WHERE run = $run AND environment = $environment",
            {"run": run, "environment": environment(whose).name},
        )
        if not samples:
            recorded = [row["run"] for row in _runs(whose)]
            stop(
                f"Run {run} is not in the results of {whose}. `logops bench runs {whose}` lists the runs."
                + did_you_mean(run, recorded)
            )
        sides.append(samples)
    compared = compare(*sides)
    if not compared:
        stop("The two runs have no query, range and mode in common.")
    for kind in setup_differences(*sides):
        say(f"The two runs were measured differently: {kind}.")
    if not were_measured_in_turns(*sides):
        say("The two runs were not measured in turns, as --beside does. The machine may explain a difference.")
    if as_json:
        print_json([tables.comparison_data(comparison) for comparison in compared])
    else:
        show_table(tables.comparisons(compared))
    raise typer.Exit(_code(compared))


def history(name: str, query: list[str] | None, plot: Path | None, as_json: bool) -> None:
    """Run `logops bench history`."""
    if plot and plot.suffix not in PICTURES:
        stop(f"Drawing into {plot}: the name must end in {' or '.join(PICTURES)}.")
    try:
        now = datetime.now(UTC)
        every = read_nights(_store(name), environment(name).name, now)
    except ResultsError as error:
        stop(str(error), FOUND)
    library = read_library()
    measured = {case.query for case in every}
    selected(library, [query_name for query_name in query or () if query_name not in measured])
    # A query that was removed from the library cannot be slower tonight.
    shown_queries = set(query or library)
    nights = {case: case_nights for case, case_nights in sorted(every.items()) if case.query in shown_queries}
    if not nights:
        stop(f"Nothing was measured in the last 90 days: `logops bench run {name}`, or the DAG query_benchmark.")
    never = sorted(set(query or ()) - measured)
    if never:
        say(f"Not measured in the last 90 days, so not shown: {', '.join(never)}.")
    histories = {case: comparable_history(case_nights[:-1], case_nights[-1]) for case, case_nights in every.items()}
    every_trend, common = trends(histories), common_trends(histories)
    shown = {case: every_trend[case] for case in nights}
    if plot:
        with err.status(f"drawing {plot}"):
            _draw(plot, environment(name).name, panels(nights, trends_by_night(every), library), now)
        say(f"Drawn: {plot}")
    if as_json:
        rows = [{"arm": asdict(case), "nights": len(nights[case]), **asdict(value)} for case, value in shown.items()]
        print_json(
            {
                "queries": rows,
                "library": [{**asdict(group), **asdict(value)} for group, value in sorted(common.items())],
            }
        )
    else:
        show_table(*tables.history(nights, shown, now, width()))
        for group, value in sorted(common.items()):
            why = f" {value.why}" if value.why else ""
            print_text(f"All queries of {group}, together: {value.times.text()}.{why}")
    slower = any(
        value.regressed or value.grew for case, value in shown.items() if nights[case][-1].began >= now - tables.LATELY
    )
    slower = slower or any(value.times.step for value in common.values())
    raise typer.Exit(FOUND if slower else OK)


def runs(name: str, as_json: bool) -> None:
    """Run `logops bench runs`."""
    rows = _runs(name)
    if as_json:
        print_json(rows)
        return
    if not rows:
        say(f"No run of {name} is recorded yet. `logops bench run {quote(name)}` measures and records one.")
        return
    show_table(tables.runs(rows))


def _draw(file: Path, environment_name: str, drawn: Sequence[Panel], now: datetime) -> None:
    days = day_axis((point.began for panel in drawn for point in panel.points), now)
    picture = PICTURES[file.suffix](drawn, f"{environment_name}: times of the query library, night by night", days)
    try:
        file.write_bytes(picture)
    except OSError as error:
        stop(f"Drawing into {file}: {error.strerror}.")


def _store(name: str) -> ResultsStore:
    return results_store(environment(name))


def _code(compared: list[CaseComparison]) -> int:
    return (
        FOUND
        if any(comparison.verdict in (ComparisonVerdict.SLOWER, ComparisonVerdict.FEW) for comparison in compared)
        else OK
    )


def _runs(name: str) -> list[dict[str, Any]]:
    return _store(name).query(QUERY_SAMPLES, RUNS).to_pylist() if _samples(name, "LIMIT 1") else []


def _samples(name: str, where: str, parameters: Mapping[str, object] | None = None) -> list[Sample]:
    try:
        sql = f'SELECT * EXCLUDE (day) FROM "{QUERY_SAMPLES}" {where}'
        rows = _store(name).query(QUERY_SAMPLES, sql, parameters=parameters).to_pylist()
    except NothingStoredError:
        return []
    except ResultsError as error:
        stop(str(error), FOUND)
    # Older runs have no values in newer columns.
    return [Sample(**{name: value for name, value in row.items() if value is not None}) for row in rows]
