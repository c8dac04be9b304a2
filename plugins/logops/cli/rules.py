"""`logops rules ...`: check recording and alerting rules before they are rolled out."""

import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from logops.cli.logql import as_data
from logops.cli.options import Format
from logops.cli.output.console import FOUND, OK, err, out, print_json, say, stop
from logops.cli.output.diagnostics import print_diagnostics
from logops.cli.targets import every_environment, homes
from logops.clients.loki import LokiError
from logops.diagnostics.model import Lines
from logops.environment import Environment
from logops.environment.units import Duration
from logops.logql.lint.advice import Advice
from logops.logql.lint.diagnostics import of_advice
from logops.logql.lint.in_files import queries_in
from logops.number_text import count_text
from logops.queries.known import of_tenant
from logops.render.rules import file_text
from logops.rules.alert_tests import AlertTestResult, run_tests
from logops.rules.model import USUAL_INTERVAL
from logops.rules.own_loki import OwnLokiError, own_loki
from logops.rules.prometheus import FOLDER as PROMETHEUS_FOLDER
from logops.rules.prometheus import (
    TESTS,
    PrometheusRules,
    load_prometheus_rules,
    load_prometheus_tests,
    untested,
)
from logops.rules.promtool import PromtoolError
from logops.rules.promtool import check_rules as promtool_check
from logops.rules.promtool import run_tests as promtool_test
from logops.rules.read import FOLDER, Rules, RulesError, advice, load_rules, unfed
from logops.suggestions import did_you_mean
from logops.toolchain import ProgramMissingError, ToolchainError, command, project_root


def check_command(as_json: bool) -> None:
    """Run `logops rules check`."""
    rules = _rules()
    environments = every_environment()
    advised = list(_advice(rules, environments))
    problems = [{"file": file, **as_data(piece, expr), "at": where} for file, where, expr, piece in advised]
    prometheus = _prometheus_rules()
    said = [
        *_homeless(rules, environments),
        *_unfed(rules, environments),
        *_lokitool(rules),
        *_check_prometheus(prometheus),
    ]
    if as_json:
        print_json({"advice": problems, "problems": said})
    else:
        _show(advised)
        for line in said:
            out.print(line, markup=False, highlight=False)
    of_prometheus = sum(1 for file in prometheus.values() for _ in file.alerts)
    recordings = sum(1 for file in rules.values() for _ in file.recordings)
    alerts = [alert for file in rules.values() for _, alert in file.alerts]
    say(
        f"{count_text(len(rules), 'file')}: {recordings:,} recorded series, {count_text(len(alerts), 'alert')} with "
        f"{count_text(sum(len(alert.tests) for alert in alerts), 'test')}, "
        f"{count_text(of_prometheus, 'Prometheus alert') + ', ' if of_prometheus else ''}"
        f"{len(problems) + len(said) or 'nothing'} to fix"
    )
    raise typer.Exit(FOUND if problems or said else OK)


def run_command(name: str, as_json: bool) -> None:
    """Run `logops rules test`."""
    rules, prometheus = _rules(), _prometheus_rules()
    names = sorted({*rules, *prometheus})
    if name and name not in names:
        stop(
            f"No {name}.yaml in {FOLDER}/ or {PROMETHEUS_FOLDER}/. There are: {', '.join(names)}."
            f"{did_you_mean(name, names)}"
        )
    wanted = [name] if name else names
    failures = {file: _test_prometheus(file) for file in wanted if file in prometheus}
    of_loki = {file: rules[file] for file in wanted if file in rules}
    results = _run(of_loki) if of_loki else []
    if as_json:
        tested = [{"file": f"{file}.yaml", "passed": not text, "promtool": text} for file, text in failures.items()]
        print_json([*map(_as_data, results), *tested])
    else:
        for result in results:
            if not result.passed:
                what = f"{_series_list(result.fired)} fired, expected was {_series_list(result.expected)}"
                position = f"{result.namespace}.yaml, {result.alert}, test {result.test}, at {result.at}"
                out.print(f"{position}: {what}", markup=False, highlight=False)
        for text in filter(None, failures.values()):
            out.print(text, markup=False, highlight=False)
    verdicts = Counter(result.passed for result in results)
    has_failed = bool(verdicts[False]) or any(failures.values())
    said = [f"{verdicts[True]} moments as expected, {verdicts[False]} not"] if of_loki else []
    said += [f"{name}.yaml (Prometheus) {'not ' if text else ''}as expected" for name, text in failures.items()]
    say("; ".join(said))
    raise typer.Exit(FOUND if has_failed else OK)


def _rules() -> Rules:
    try:
        return load_rules(project_root())
    except (RulesError, ToolchainError) as error:
        stop(str(error))


def _prometheus_rules() -> PrometheusRules:
    try:
        return load_prometheus_rules(project_root())
    except (RulesError, ToolchainError) as error:
        stop(str(error))


def _check_prometheus(rules: PrometheusRules) -> list[str]:
    """Return what is wrong with the rules of Prometheus, or that promtool is missing."""
    if not rules:
        return []
    root = project_root()
    try:
        problems = list(untested(rules, load_prometheus_tests(root)))
        complaint = promtool_check(command("promtool"), [root / PROMETHEUS_FOLDER / f"{name}.yaml" for name in rules])
    except ProgramMissingError as error:
        return [*problems, f"promtool check rules: not checked. {error}"]
    except (RulesError, ToolchainError, PromtoolError) as error:
        stop(str(error))
    return [*problems, f"promtool check rules: {complaint}"] if complaint else problems


def _test_prometheus(name: str) -> str:
    """Return promtool's complaints about the tests of a file; empty: all is as expected."""
    try:
        with err.status(f"running promtool on {name}.yaml"):
            return promtool_test(command("promtool"), [project_root() / TESTS / f"{name}.yaml"])
    except (ToolchainError, PromtoolError) as error:
        stop(str(error))


def _advice(rules: Rules, environments: Sequence[Environment]) -> Iterator[tuple[str, str, str, Advice]]:
    for name, file in rules.items():
        sources = of_tenant(environments, file.cluster, file.tenant)
        for where, expr, piece in advice(file, _interval(file.cluster, environments), sources):
            yield f"{name}.yaml", where, expr, piece


def _show(advised: Sequence[tuple[str, str, str, Advice]]) -> None:
    """Print advice with its position in the rule files."""
    diagnostics, lines = [], {}
    for name in {name for name, *_ in advised}:
        text = (project_root() / FOLDER / name).read_text()
        file = str(FOLDER / name)
        lines[file] = Lines(text)
        queries = {query.path: query for query in queries_in(text, name)}
        diagnostics += [
            of_advice(piece, queries[path], lines[file], file) for of, path, _, piece in advised if of == name
        ]
    print_diagnostics(diagnostics, lines, Format.FULL, "logops rules check")


def _interval(cluster: str, environments: Sequence[Environment]) -> Duration:
    """Return the longest evaluation interval of all environments: a rule is rolled out to each of them."""
    intervals = [
        environment.clusters[cluster].ruler.evaluation_interval
        for environment in environments
        if cluster in environment.clusters
    ]
    return max(intervals, default=USUAL_INTERVAL)


def _homeless(rules: Rules, environments: Sequence[Environment]) -> Iterator[str]:
    """Yield files that no environment rolls out, because a cluster or tenant is mistyped."""
    there = homes(environments)
    for name, file in rules.items():
        home = f"{file.cluster}/{file.tenant}"
        if home not in there:
            yield f"{name}.yaml: no environment has a tenant {home}. There are: {', '.join(sorted(there))}."


def _unfed(rules: Rules, environments: Sequence[Environment]) -> Iterator[str]:
    """Yield rules that match no source of an environment with their tenant: a label is mistyped or a source missing."""
    for name, file in rules.items():
        for environment in environments:
            cluster = environment.clusters.get(file.cluster)
            if cluster is None or file.tenant not in cluster.tenants:
                continue
            if cluster.canary and file.tenant == cluster.canary.tenant:
                continue
            for where, selector in unfed(file, of_tenant([environment], file.cluster, file.tenant)):
                tenant = f"{file.cluster}/{file.tenant}"
                yield f"{name}.yaml, {where}: no source of {environment.name} in {tenant} has {selector}."


def _lokitool(rules: Rules) -> list[str]:
    """Return lokitool's complaints about the rendered files, or that lokitool is missing."""
    try:
        program = command("lokitool")
    except ProgramMissingError as error:
        return [f"lokitool rules check: not checked. {error}"]
    except ToolchainError as error:
        stop(str(error))
    return run_lokitool(program, rules)


def run_lokitool(program: Sequence[str], rules: Rules, timeout_s: float = 60) -> list[str]:
    """Run `lokitool rules check` on the rendered files, and return its complaints. A timeout ends the command."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{name}.yaml") for name in rules]
        for path, file in zip(files, rules.values(), strict=True):
            path.write_text(file_text("rules", file))
        try:
            done = subprocess.run(
                [*program, "rules", "check", "--strict", *map(str, files)],
                capture_output=True,
                text=True,
                timeout=timeout_s,
            )
        except subprocess.TimeoutExpired:
            stop(
                f"lokitool rules check: {' '.join(program)} had not ended after {timeout_s:g} s, and was ended. "
                "Try again when the machine has less to do; by hand, it shows what it waits for."
            )
    return [] if done.returncode == 0 else [f"lokitool rules check: {(done.stderr or done.stdout).strip()}"]


def _run(rules: Rules) -> list[AlertTestResult]:
    try:
        with tempfile.TemporaryDirectory() as folder, err.status("starting Loki"), own_loki(Path(folder)) as client:
            return list(run_tests(client, rules))
    except LokiError as error:
        stop(str(error), FOUND)
    except (ToolchainError, OwnLokiError) as error:
        stop(str(error))


def _series_list(series: frozenset[frozenset[tuple[str, str]]]) -> str:
    return ", ".join(sorted(_series(stream) for stream in series)) or "nothing"


def _series(labels: frozenset[tuple[str, str]]) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in sorted(labels)) + "}"


def _as_data(result: AlertTestResult) -> dict[str, Any]:
    return {
        "file": f"{result.namespace}.yaml",
        "alert": result.alert,
        "test": result.test,
        "at": str(result.at),
        "passed": result.passed,
        "expected": sorted(map(dict, result.expected), key=str),
        "fired": sorted(map(dict, result.fired), key=str),
    }
