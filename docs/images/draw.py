"""Draw the pictures of the documentation again: `python docs/images/draw.py`.

    findings.svg   the output of an audit of a small bucket with three faults, on a real Azurite
    history.svg    `logops bench history --plot`, from generated samples of 45 nights

rollout.png is a screenshot of Airflow after `make up`.
"""

import random
import shutil
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from typer.testing import CliRunner

from logops.audit.request import Check
from logops.benchmark.measure.cases import Mode
from logops.benchmark.measure.sample import Ending, Sample, to_table
from logops.cli import app
from logops.cli.output.audit_tables import tenant_columns
from logops.cli.output.console import out, print_text
from logops.cli.output.findings import listing
from logops.cli.output.table import show_table
from logops.clients.blob_storage import AccountKey, ObjectStore
from logops.clients.blob_storage.blobs import Tier
from logops.environment import load_environment
from logops.findings.kinds import QUERY_SAMPLES
from logops.findings.store import ResultsStore
from logops.platforms import results_url
from logops.queries.library import load_library

IMAGES = Path(__file__).parent
ROOT = IMAGES.parents[1]
sys.path.insert(0, str(ROOT))
from tests.support.audit_bucket import chunk, create_bucket  # noqa: E402
from tests.support.azurites import ACCOUNT, KEY, azurite  # noqa: E402

WIDTH = 122
NIGHTS, SLOWER_SINCE = 45, 30
QUERIES = {"errors": 1.5, "failing-paths": 0.42, "latency": 0.31}
"""Usual seconds of each query, cold."""
WARM = 0.8
"""Time of a warm answer, as a share of the time of a cold one."""
ROUNDS = 12


def draw_findings(file: Path, work_dir: Path) -> None:
    """Audit a bucket with a deleted chunk, an unindexed chunk and an index file in Cool, and draw the output."""
    with azurite(work_dir) as endpoint, ObjectStore.connect(ACCOUNT, AccountKey(KEY), endpoint) as store:
        bucket = create_bucket(store, endpoint, "loki-chunks", work_dir)
        _, deleted, tiered = bucket.put_healthy(10, 20, 25)
        bucket.container.delete([deleted.name])
        bucket.container.set_tier(bucket.index_files(tiered.table), Tier.COOL)
        bucket.put_chunks(chunk(15))
        result = bucket.audit(Check.RETENTION, Check.TIERING)
    # The commands print on `out`: record it.
    width = out.width
    out.width, out.record = WIDTH, True
    try:
        with redirect_stdout(StringIO()):
            print_text(listing(result.findings))
            show_table(tenant_columns(result))
            print_text(result.headline)
        out.save_svg(str(file), title="logops audit")
    finally:
        out.width, out.record = width, False


def samples(now: datetime) -> Iterator[Sample]:
    """Yield the samples of all nights. The query `errors` is 60 % slower from one night on."""
    library, noise = load_library(ROOT), random.Random(7)
    for night in range(NIGHTS):
        began = now - timedelta(days=NIGHTS - 1 - night)
        for (query, usual_s), mode in product(QUERIES.items(), Mode):
            slowdown = 1.6 if query == "errors" and night >= SLOWER_SINCE else 1.0
            for number in range(1, ROUNDS + 1):
                seconds = usual_s * slowdown * (WARM if mode is Mode.WARM else 1.0) * noise.lognormvariate(0, 0.06)
                yield Sample(
                    run=f"scheduled__{began:%Y-%m-%d}",
                    environment="local",
                    configuration="c",
                    query=query,
                    text=str(library[query].example),
                    cluster=library[query].cluster,
                    tenant=library[query].tenant,
                    mode=mode,
                    range_s=3600,
                    round=number,
                    started_ns=int(began.timestamp() + number) * 10**9,
                    ending=Ending.ANSWERED,
                    seconds=seconds,
                    exec_s=seconds,
                    bytes=50_000_000,
                    lines=200_000,
                    chunks=40,
                )


def draw_history(file: Path, project: Path) -> None:
    """Store the samples in the results store of a project in a temporary folder, and run the command there."""
    for name in ("include", "tools"):
        shutil.copytree(ROOT / name, project / name)
    environment = load_environment(project / "include/environments/local.yaml")
    store = ResultsStore(results_url(environment, project))
    now = datetime.now(UTC)
    runs: dict[str, list[Sample]] = {}
    for sample in samples(now):
        runs.setdefault(sample.run, []).append(sample)
    for run, stored in runs.items():
        began = datetime.fromtimestamp(stored[0].started_ns / 1e9, UTC)
        store.write(QUERY_SAMPLES, f"local.{run}", to_table(stored), began)
    file.unlink(missing_ok=True)
    queries = [word for query in QUERIES for word in ("--query", query)]
    result = CliRunner(env={"LOGOPS_HOME": str(project)}).invoke(
        app, ["bench", "history", "local", *queries, "--plot", str(file)]
    )
    if not file.exists():
        raise SystemExit(f"`logops bench history` drew nothing: {result.output} {result.exception!r}")


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        for name in ("azurite", "project"):
            Path(folder, name).mkdir()
        draw_findings(IMAGES / "findings.svg", Path(folder, "azurite"))
        draw_history(IMAGES / "history.svg", Path(folder, "project"))
