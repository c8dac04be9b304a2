"""A benchmark that compares two running environments, in alternating order."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logops.benchmark.compare import MIN_ANSWERS, ComparisonVerdict, compare
from logops.benchmark.measure.cases import Mode
from logops.benchmark.request import BenchmarkRequest
from logops.benchmark.run import run_benchmark
from logops.findings.kinds import QUERY_SAMPLES
from logops.findings.store import ResultsStore
from logops.platforms import open_local
from logops.platforms.local import LocalPlatform
from logops.queries.library import load_library
from logops.toolchain import project_root
from tests.support.local_platforms import apply_all, security_only


@pytest.fixture
def security(tmp_path: Path) -> Iterator[LocalPlatform]:
    started = open_local(security_only("security"), tmp_path / "security")
    try:
        apply_all(started)
        yield started
    finally:
        started.down(print)


def test_compared_environments_alternate_and_store_own_samples(
    platform: LocalPlatform, security: LocalPlatform, tmp_path: Path
) -> None:
    library = load_library(project_root())
    wanted = {name: library[name] for name in ("errors", "audit-events", "deleted")}
    asked = BenchmarkRequest("a-test", datetime.now(UTC).replace(microsecond=0), MIN_ANSWERS, (Mode.COLD,), (), 2**40)
    stores = {name: ResultsStore(str(tmp_path / name)) for name in ("tests", "security")}
    first, second = run_benchmark(
        [platform, security], wanted, asked, lambda one: stores[one.environment.name], lambda _: None
    )
    asked_for = sorted((*first.samples, *second.samples), key=lambda one: one.started_ns)
    pairs = [*zip(asked_for[::2], asked_for[1::2], strict=True)]
    compared = compare(first.samples, second.samples)

    # Only one environment has the main cluster, so the query `errors` is left out.
    assert {one.query for one in asked_for} == {"audit-events", "deleted"}
    assert all((a.query, a.round) == (b.query, b.round) for a, b in pairs)
    assert all([a.environment, b.environment] == _order(a.round) for a, b in pairs)
    assert [one.case.query for one in compared] == ["audit-events", "deleted"]
    assert all(one.ratio and one.low and one.high and one.low <= one.ratio <= one.high for one in compared)
    assert ComparisonVerdict.FEW not in {one.verdict for one in compared}
    for outcome, name in ((first, "tests"), (second, "security")):
        kept = stores[name].query(QUERY_SAMPLES, f'SELECT DISTINCT environment FROM "{QUERY_SAMPLES}"').to_pylist()
        assert (kept, {one.environment for one in outcome.samples}) == ([{"environment": name}], {name})


def _order(at: int) -> list[str]:
    return ["tests", "security"] if at % 2 == 0 else ["security", "tests"]
