"""The results store: Parquet files below a URL, one a run, in a folder a day.

    URL/KIND/day=2026-11-23/RUN.parquet

The URL is anything fsspec knows (a folder, `abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH`), so that workers
on many machines write without a shared disk. A file appears whole or not at all. adlfs logs in to Azure with the
variables AZURE_STORAGE_*, or else as the machine or its user (DefaultAzureCredential).
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cached_property
from io import BytesIO
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from logops.errors import LogopsError
from logops.findings.atomic_write import write_atomically
from logops.findings.kinds import FINDINGS
from logops.findings.model import Finding, Run
from logops.findings.table import findings_schema, from_table, to_table

if TYPE_CHECKING:
    import pyarrow as pa

_SECRET = re.compile(r"(?i)\b(sig|accountkey|sharedaccesskey|password|token|secret)=[^&;\s'\"]+")
_RESULT = re.compile(r"/day=\d{4}-\d\d-\d\d/[^/]+\.parquet$")
_LONGEST_NAME = 180


class ResultsError(LogopsError):
    """The results store could not do what it was told."""


class StoreUnreachableError(ResultsError):
    """The store's URL cannot be read or written."""


class NothingStoredError(ResultsError):
    """No run has written results of this kind yet."""


class ResultsStore:
    """Results below a URL. Nothing is opened before the first call."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __repr__(self) -> str:
        return f"ResultsStore({without_credentials(self._url)!r})"

    def write(self, kind: str, run: str, table: "pa.Table", as_of: datetime) -> None:
        """Keep a run's table. The same run, written again, replaces what it wrote before.

        `as_of`, an aware datetime, belongs to the run: it says in which day's folder the file lies.
        Raises StoreUnreachableError.
        """
        import pyarrow.parquet as pq

        data = BytesIO()
        pq.write_table(table, data)
        day = as_of.astimezone(UTC).date()
        with self._reaching(f"Writing {kind} of run {run!r}"):
            path = f"{self._root}/{kind}/day={day}/{_file_stem(run)}.parquet"
            write_atomically(self._filesystem, path, data.getvalue())

    def write_findings(self, run: Run, findings: Iterable[Finding]) -> None:
        """Keep what a run found; a run that found nothing is kept too, for it differs from one that never ran.

        Raises StoreUnreachableError.
        """
        self.write(FINDINGS, f"{run.environment}.{run.check}.{run.id}", to_table(run, findings), run.as_of)

    def runs(self, environment: str, check: str, until: datetime) -> Iterator[tuple[Run, tuple[Finding, ...]]]:
        """The runs of a check not after `until`, newest first, each read when it is asked for.

        Raises StoreUnreachableError.
        """
        last = until.astimezone(UTC).date()
        days: dict[date, list[str]] = {}
        for path in self._files(FINDINGS, last=last):
            if PurePosixPath(path).name.startswith(f"{environment}.{check}."):
                days.setdefault(_day(path), []).append(path)
        for day in sorted(days, reverse=True):
            found = [from_table(self._read(path)) for path in days[day]]
            yield from sorted(
                (entry for entry in found if entry[0].as_of <= until),
                key=lambda entry: (entry[0].as_of, entry[0].id),
                reverse=True,
            )

    def query(
        self,
        kind: str,
        sql: str,
        first: date = date.min,
        last: date = date.max,
        parameters: Mapping[str, object] | None = None,
    ) -> "pa.Table":
        """The answer to a DuckDB query over the results of a kind, a view of that name with a column `day` added.

        Only the days from `first` to `last` are read, and of those only the columns and rows that `sql` needs; `given`
        are the values of its `$name`.
        Raises StoreUnreachableError, NothingStoredError (not for findings), and duckdb.Error if the query is wrong.

        >>> store.query("findings", "select class, count(*) from findings group by class")       # doctest: +SKIP
        """
        import duckdb
        import pyarrow as pa
        import pyarrow.dataset as ds
        import pyarrow.parquet as pq

        day = pa.schema([("day", pa.date32())])
        files = self._files(kind, first, last)
        with self._reaching(f"Reading {kind}"):
            # The newest file knows every column; older ones have no values in those that came later.
            columns = pq.read_schema(BytesIO(self._filesystem.cat_file(files[-1]))) if files else findings_schema()
            dataset = ds.dataset(
                files,
                schema=pa.unify_schemas([columns, day]),
                filesystem=self._filesystem,
                partitioning=ds.partitioning(day, flavor="hive"),
                partition_base_dir=f"{self._root}/{kind}",
                format="parquet",
            )
        if not files and kind != FINDINGS:
            raise NothingStoredError(f"No run has written {kind} to {without_credentials(self._url)} for these days.")
        with duckdb.connect() as connection:
            connection.register(kind, dataset)
            answer: pa.Table = connection.sql(sql, params=dict(parameters) if parameters else None).to_arrow_table()
            return answer

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        import fsspec

        filesystem, root = fsspec.core.url_to_fs(self._url)
        return filesystem, root.rstrip("/")

    @property
    def _filesystem(self) -> Any:
        return self._opened[0]

    @property
    def _root(self) -> str:
        return self._opened[1]

    def _files(self, kind: str, first: date = date.min, last: date = date.max) -> list[str]:
        """Paths of a kind's files, oldest day first."""
        with self._reaching(f"Listing {kind}"):
            found = [path for path in self._filesystem.find(f"{self._root}/{kind}") if _RESULT.search(path)]
        return sorted((path for path in found if first <= _day(path) <= last), key=lambda path: (_day(path), path))

    def _read(self, path: str) -> "pa.Table":
        import pyarrow.parquet as pq

        with self._reaching(f"Reading {PurePosixPath(path).name}"):
            return pq.read_table(BytesIO(self._filesystem.cat_file(path)))

    @contextmanager
    def _reaching(self, action: str) -> Iterator[None]:
        try:
            yield
        # fsspec's file systems raise their own libraries' errors, which have no common class.
        except Exception as error:
            reason = " ".join(_SECRET.sub(r"\1=***", str(error)).split())[:300]
            raise StoreUnreachableError(
                f"{action} in the results store {without_credentials(self._url)} failed: {type(error).__name__}: "
                f"{reason}. Check that the place exists, that this machine reaches it, and that its login may read and "
                f"write there; `results` in the environment file names it."
            ) from None


def without_credentials(url: str) -> str:
    """A URL as it may be shown: no password, no query (where a SAS token stands).

    >>> without_credentials("abfs://results@logs.dfs.core.windows.net/a?sig=abc")
    'abfs://results@logs.dfs.core.windows.net/a'
    """
    return re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1:***@", url).split("?", 1)[0]


def _file_stem(run: str) -> str:
    """A run's id as a file's name: run ids hold colons and more, and may be longer than a name may be."""
    name = quote(run, safe="")
    return name if len(name) <= _LONGEST_NAME else f"{name[:100]}~{hashlib.sha256(run.encode()).hexdigest()}"


def _day(path: str) -> date:
    return date.fromisoformat(PurePosixPath(path).parent.name.removeprefix("day="))
