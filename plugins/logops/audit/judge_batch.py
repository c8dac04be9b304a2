"""The second step: a batch of tables, judged one after the other."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from logops.audit.asked import Asked, Batch
from logops.audit.bucket import Bucket, LiveBucket
from logops.audit.chunks import IndexFile
from logops.audit.judge import Bench, Judged, judge_table
from logops.audit.part import Part, Unreadable
from logops.audit.place import Place
from logops.audit.survey import Survey
from logops.audit.survey_cluster import TERMS, table_of
from logops.audit.table_index import IndexUnsteady, TenantNumbers, read_table
from logops.audit.terms import Terms
from logops.objectstore import ObjectStoreError
from logops.platforms.platform import Platform, Progress
from logops.tsdb import IndexUnreadable

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

FAULTY = "faulty-chunks"
"""Kind of result: the names of all chunks with a fault (class, table, tenant, name, bytes, since_ms)."""
_TOLD_EVERY_S = 2.0


def part_name(days: list[int]) -> str:
    """Where a batch's part is kept."""
    return f"parts/{days[0]}.json"


def names_run(environment: str, run_id: str, cluster: str, days: list[int]) -> str:
    """The run that a batch's names are kept under, in the results."""
    return f"{environment}.{run_id}.{cluster}.{days[0]}"


def judge_batch(
    platform: Platform, asked: Asked, batch: Batch, store: "ResultsStore | None", progress: Progress
) -> Part:
    """Judge a batch's tables and keep what that gave. Raises WorkLost, StoreUnreachable."""
    place = Place(batch["place"])
    survey, terms = Survey.open(place.url), place.read(TERMS, Terms)
    own = platform.environment.clusters[survey.cluster]
    judged: list[Judged] = []
    unreadable: list[Unreadable] = []
    incomplete: list[tuple[str, str]] = []
    told = time.monotonic()
    with (
        TemporaryDirectory(prefix="logops-names-") as names,
        platform.object_store(survey.account) as account,
        Bench(platform.environment.audit.memory.value) as bench,
    ):
        bucket = LiveBucket(account.container(survey.container))
        for number, day in enumerate(batch["days"]):
            table = table_of(day, own)
            try:
                if asked.reads_chunks:
                    names_to = Path(names) / f"{day}.parquet"
                    judged.append(judge_table(bench, survey, day, table, bucket, terms, names_to))
                    unreadable += _unreadable(judged[-1].unreadable)
                else:
                    unreadable += _unreadable(_verified(survey, day, table, bucket, terms))
            except (ObjectStoreError, IndexUnsteady) as error:
                incomplete.append((table, str(error)))
            if time.monotonic() - told > _TOLD_EVERY_S:
                told = time.monotonic()
                progress(f"{survey.cluster}: {number + 1:,} of {len(batch['days']):,} tables of this batch judged")
        if store:
            run = names_run(survey.environment, asked.run_id, survey.cluster, batch["days"])
            _keep_names(Path(names), run, store, asked)
    part = Part(
        days=tuple(batch["days"]),
        holdings=tuple(holding for one in judged for holding in one.holdings),
        faults=tuple(fault for one in judged for fault in one.faults),
        unreadable=tuple(unreadable),
        incomplete=tuple(incomplete),
    )
    place.write(part_name(batch["days"]), Part, part)
    return part


def _verified(
    survey: Survey, day: int, table: str, bucket: Bucket, terms: Terms
) -> tuple[tuple[IndexFile, IndexUnreadable], ...]:
    """The files of a table's index that cannot be read."""
    files = [file for file in survey.index_files(day) if file.table == table]
    return read_table(files, table, bucket, terms.rules, terms.default, TenantNumbers()).unreadable


def _unreadable(found: tuple[tuple[IndexFile, IndexUnreadable], ...]) -> list[Unreadable]:
    return [
        Unreadable(file.name, file.table, file.tenant, file.size, error.offset, str(error)) for file, error in found
    ]


def _keep_names(folder: Path, run: str, store: "ResultsStore", asked: Asked) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = sorted(folder.glob("*.parquet"))
    if files:
        store.write(FAULTY, run, pa.concat_tables(pq.read_table(file) for file in files), asked.as_of)
