"""Two environments that both run, measured in turns. First of all tests here: later ones end one of them."""

from datetime import UTC, datetime
from pathlib import Path

from audited import Audited
from logops.benchmark.asked import Asked
from logops.benchmark.compare import FEWEST, Word, compare
from logops.benchmark.run import run_benchmark
from logops.benchmark.sample import SAMPLES
from logops.benchmark.shots import Mode
from logops.findings.store import ResultsStore
from logops.platforms.local import LocalPlatform
from logops.queries.library import load_library
from logops.toolchain import project_root


def test_two_clusters_take_turns_and_each_keeps_its_own(
    platform: LocalPlatform, cluster: Audited, tmp_path: Path
) -> None:
    library = load_library(project_root())
    wanted = {name: library[name] for name in ("errors", "request-rate", "audit-events")}
    asked = Asked("a-test", datetime.now(UTC).replace(microsecond=0), FEWEST, (Mode.COLD,), (), 2**40)
    stores = {name: ResultsStore(str(tmp_path / name)) for name in ("tests", "audited")}
    first, second = run_benchmark(
        [platform, cluster.platform], wanted, asked, lambda one: stores[one.environment.name], lambda _: None
    )
    asked_for = sorted((*first.samples, *second.samples), key=lambda one: one.started_ns)
    pairs = [*zip(asked_for[::2], asked_for[1::2], strict=True)]
    compared = compare(first.samples, second.samples)

    # The security cluster, and with it audit-events, is in one of them only.
    assert {one.query for one in asked_for} == {"errors", "request-rate"}
    assert all((a.query, a.round) == (b.query, b.round) for a, b in pairs)
    assert all([a.environment, b.environment] == _order(a.round) for a, b in pairs)
    assert [one.arm.query for one in compared] == ["errors", "request-rate"]
    assert all(one.ratio and one.low and one.high and one.low <= one.ratio <= one.high for one in compared)
    assert Word.FEW not in {one.word for one in compared}
    for outcome, name in ((first, "tests"), (second, "audited")):
        kept = stores[name].query(SAMPLES, f'SELECT DISTINCT environment FROM "{SAMPLES}"').to_pylist()
        assert (kept, {one.environment for one in outcome.samples}) == ([{"environment": name}], {name})


def _order(at: int) -> list[str]:
    return ["tests", "audited"] if at % 2 == 0 else ["audited", "tests"]
