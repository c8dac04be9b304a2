"""The results store: Parquet files below a URL, one file per run, one folder per day.

    URL/KIND/day=2026-11-23/RUN.parquet

The URL is anything that fsspec supports (a folder, `abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH`), so workers
on several machines need no shared disk. A file is written completely or not at all. adlfs logs in to Azure with the
variables AZURE_STORAGE_*, or with the identity of the machine or its user (DefaultAzureCredential).
"""

import hashlib
import logging
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from itertools import groupby
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from logops.errors import LogopsError
from logops.findings.atomic_write import write_atomically
from logops.findings.damage import unreadable_run
from logops.findings.kinds import FINDINGS
from logops.findings.model import Finding, Run
from logops.findings.table import IDENTITY, by_key, findings_schema, from_table, key_of, keys, to_table

if TYPE_CHECKING:
    import pyarrow as pa

Parsed = TypeVar("Parsed")
_log = logging.getLogger(__name__)
_SECRET = re.compile(r"(?i)\b(sig|accountkey|sharedaccesskey|password|token|secret)=[^&;\s'\"]+")
_RESULT = re.compile(r"/day=\d{4}-\d\d-\d\d/[^/]+\.parquet$")
_LONGEST_NAME = 180
MOST_LISTED_DAYS = 40
"""Days whose folders are listed one by one. For more days, one listing of the whole kind is faster."""
READERS = 8
FILES_AT_ONCE = 32
"""Runs that are read together when a history is read, and the others of the same day."""
NEWEST_DAYS = timedelta(days=7)
"""Days that are looked at first for the newest runs."""


class ResultsError(LogopsError):
    """The results store could not be used."""


class StoreUnreachableError(ResultsError):
    """The store's URL cannot be read or written."""


class DamagedResultError(ResultsError):
    """A file of the store is damaged, or is no result of this version of logops."""


class NothingStoredError(ResultsError):
    """No run has written results of this kind yet."""


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run of a check, of which only the keys of its findings were read (`table.keys`)."""

    run: Run
    keys: frozenset[str]
    findings: Callable[[Collection[str]], Mapping[str, Finding]]
    """Read the findings with these keys. Raises StoreUnreachableError or DamagedResultError."""


class ResultsStore:
    """The results below a URL. Nothing is opened before the first call."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.damaged: dict[str, str] = {}
        """Files that could not be read so far, below the URL, with the reason. They were left out."""

    def __repr__(self) -> str:
        return f"ResultsStore({without_credentials(self._url)!r})"

    def write(self, kind: str, run: str, table: "pa.Table", as_of: datetime) -> None:
        """Write the table of a run. Writing the same run again replaces it.

        as_of   belongs to the run, has a time zone, and decides the folder of the day

        Raises StoreUnreachableError.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        data = pa.BufferOutputStream()
        pq.write_table(table, data)
        day = as_of.astimezone(UTC).date()
        with self._reaching(f"Writing {kind} of run {run!r}"):
            path = f"{self._root}/{kind}/day={day}/{_file_stem(run)}.parquet"
            write_atomically(self._filesystem, path, data.getvalue().to_pybytes())

    def write_findings(self, run: Run, findings: Iterable[Finding]) -> None:
        """Write the findings of a run. A run without findings is written too: it differs from a check that never ran.

        Raises StoreUnreachableError.
        """
        self.write(FINDINGS, f"{run.environment}.{run.check}.{run.id}", to_table(run, findings), run.as_of)

    def runs(self, environment: str, check: str, until: datetime) -> Iterator[tuple[Run, tuple[Finding, ...]]]:
        """Return the runs of a check not after `until`, newest first. Each is read when the iterator reaches it.

        The run of a file that cannot be read has one finding, `results-unreadable`.

        Raises StoreUnreachableError.
        """
        for paths in self._days_of_runs(environment, check, until):
            entries = [self._run(environment, check, path, until) for path in paths]
            yield from sorted(
                (entry for entry in entries if entry[0].as_of <= until),
                key=lambda entry: (entry[0].as_of, entry[0].id),
                reverse=True,
            )

    def recorded_runs(self, environment: str, check: str, until: datetime) -> Iterator[RecordedRun]:
        """Return the runs of a check not after `until`, newest first, with the keys of their findings.

        Much faster than `runs` for a long history: of each file, only two columns are read, several files at once.

        Raises StoreUnreachableError.
        """
        with ThreadPoolExecutor(READERS) as readers:
            for paths in _joined(self._days_of_runs(environment, check, until)):
                read = readers.map(partial(self._recorded, environment, check, until), paths)
                runs = (entry for entry in read if entry.run.as_of <= until)
                yield from sorted(runs, key=lambda entry: (entry.run.as_of, entry.run.id), reverse=True)

    def _days_of_runs(self, environment: str, check: str, until: datetime) -> Iterator[list[str]]:
        """Return the paths of a check's runs by day, newest first."""
        last = until.astimezone(UTC).date()
        newest = last - NEWEST_DAYS
        # After a year, a listing of all days takes longer than reading the newest runs.
        for first_day, last_day in ((newest, last), (date.min, newest - timedelta(days=1))):
            files = self._files(FINDINGS, first_day, last_day)
            paths = [path for path in files if path.rsplit("/", 1)[1].startswith(f"{environment}.{check}.")]
            yield from ([*same] for _, same in groupby(reversed(paths), key=_day))

    def _run(self, environment: str, check: str, path: str, until: datetime) -> tuple[Run, tuple[Finding, ...]]:
        try:
            return self._parsed(path, from_table)
        except DamagedResultError as error:
            file = self._leave_out(path, error)
            # Nobody knows whether it ran before `until`. If it did, leaving it out could end an alert.
            written = min(self._written(path) or until, until)
            return unreadable_run(environment, check, file, str(error), _day(path), written)

    def _recorded(self, environment: str, check: str, until: datetime, path: str) -> RecordedRun:
        try:
            run, found = self._parsed(path, keys, IDENTITY)
        except DamagedResultError:
            run, findings = self._run(environment, check, path, until)
            unreadable = {key_of(finding.identity): finding for finding in findings}
            return RecordedRun(run, frozenset(unreadable), lambda wanted: unreadable)
        return RecordedRun(run, found, lambda wanted: self._parsed(path, partial(by_key, wanted=wanted)))

    def checks(self, environment: str) -> list[str]:
        """Return the names of an environment's checks that have ever run. Raises StoreUnreachableError."""
        names = (path.rsplit("/", 1)[1].split(".", 2) for path in self._files(FINDINGS))
        return sorted({check for owner, check, _ in names if owner == environment})

    def days(self, kind: str, last: date = date.max) -> list[date]:
        """Return the days until `last` that have results of a kind, oldest first. Raises StoreUnreachableError."""
        return sorted({_day(path) for path in self._files(kind, last=last)})

    def version(self, now: datetime) -> str:
        """Return a text that changes when a result is written for today, or for one of the two days before.

        Raises StoreUnreachableError.
        """
        today = now.astimezone(UTC).date()
        with self._reaching("Looking for newer results"):
            if not self._filesystem.exists(self._root):
                return ""
            self._filesystem.invalidate_cache()
            kinds = self._filesystem.ls(self._root, detail=False)
            folders = [f"{kind}/day={today - timedelta(days=back)}" for kind in kinds for back in (-1, 0, 1, 2)]
            files = [entry for folder in folders for entry in self._filesystem.find(folder, detail=True).values()]
        described = sorted((file["name"], file.get("size"), str(_written(file))) for file in files)
        return hashlib.sha256(repr(described).encode()).hexdigest()

    def query(
        self,
        kind: str,
        sql: str,
        first: date = date.min,
        last: date = date.max,
        parameters: Mapping[str, object] | None = None,
    ) -> "pa.Table":
        """Return the answer to a DuckDB query over a kind of results: a view of that name, with an additional column
        `day`.

        first, last   days to read; only the columns and rows that `sql` needs are read
        parameters    values of `$name` in `sql`

        Files that cannot be read are left out, and are in `damaged`.

        Raises StoreUnreachableError, NothingStoredError (not for findings), and duckdb.Error if the query is wrong.

        >>> store.query("findings", "select class, count(*) from findings group by class")       # doctest: +SKIP
        """
        import duckdb

        files = self._files(kind, first, last)
        try:
            return self._query(kind, sql, files, parameters)
        except (StoreUnreachableError, OSError, duckdb.Error):
            # The error does not say which file it is about, and may be about the query.
            readable = [path for path in files if self._is_readable(path)]
            if readable == files:
                raise
            return self._query(kind, sql, readable, parameters)

    def _query(self, kind: str, sql: str, files: list[str], parameters: Mapping[str, object] | None) -> "pa.Table":
        import duckdb
        import pyarrow as pa
        import pyarrow.dataset as ds
        import pyarrow.parquet as pq

        day = pa.schema([("day", pa.date32())])
        with self._reaching(f"Reading {kind}"):
            # The newest file has every column; older files have no values in newer columns.
            newest = pa.BufferReader(self._filesystem.cat_file(files[-1])) if files else None
            columns = pq.read_schema(newest) if newest else findings_schema()
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
        """Return the paths of a kind's files, oldest day first."""
        days = (last - first).days + 1
        with self._reaching(f"Listing {kind}"):
            folders = [f"{self._root}/{kind}"]
            if days <= MOST_LISTED_DAYS:
                folders = [f"{folders[0]}/day={first + timedelta(days=number)}" for number in range(days)]
            paths = [path for each in folders for path in self._filesystem.find(each) if _RESULT.search(path)]
        return sorted((path for path in paths if first <= _day(path) <= last), key=lambda path: (_day(path), path))

    def _parsed(
        self, path: str, parse: "Callable[[pa.Table], Parsed]", columns: Sequence[str] | None = None
    ) -> "Parsed":
        """Read a file. Raises StoreUnreachableError, or DamagedResultError if it is not what `parse` expects."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with self._reaching(f"Reading {PurePosixPath(path).name}"):
            data = pa.BufferReader(self._filesystem.cat_file(path))
        try:
            # Not `read_table`: its threads may still hold Python's bytes when a short command ends, and abort it then.
            with pq.ParquetFile(data) as file:
                return parse(file.read(None if columns is None else [*columns], use_threads=False))
        except (pa.ArrowException, OSError) as error:
            raise DamagedResultError(f"it is no intact Parquet file ({_first_line(error)})") from None
        except (LookupError, TypeError, ValueError) as error:
            raise DamagedResultError(
                f"it is no result of this version of logops ({type(error).__name__}: {_first_line(error)})"
            ) from None

    def _is_readable(self, path: str) -> bool:
        try:
            self._parsed(path, lambda table: None)
        except DamagedResultError as error:
            self._leave_out(path, error)
            return False
        return True

    def _leave_out(self, path: str, error: DamagedResultError) -> str:
        """Remember a damaged file. Return its name below the URL."""
        name = path.removeprefix(f"{self._root}/")
        if name not in self.damaged:
            _log.warning("The result file %s is left out: %s.", name, error)
        self.damaged[name] = str(error)
        return name

    def _written(self, path: str) -> datetime | None:
        """Return when a file was written; None: the file system does not say it."""
        try:
            written: datetime = self._filesystem.modified(path)
        except (NotImplementedError, OSError, LookupError):
            return None
        return written.astimezone(UTC)

    @contextmanager
    def _reaching(self, action: str) -> Iterator[None]:
        try:
            yield
        # fsspec's file systems raise their own errors, which have no common class.
        except Exception as error:
            reason = " ".join(_SECRET.sub(r"\1=***", str(error)).split())[:300]
            raise StoreUnreachableError(
                f"{action} in the results store {without_credentials(self._url)} failed: {type(error).__name__}: "
                f"{reason}. Check that the place exists, that this machine reaches it, and that its login may read and "
                f"write there; `results` in the environment file names it."
            ) from None


def _joined(days: Iterable[list[str]]) -> Iterator[list[str]]:
    """Yield the paths of several days as one list, until it has FILES_AT_ONCE."""
    paths: list[str] = []
    for day in days:
        paths += day
        if len(paths) >= FILES_AT_ONCE:
            yield paths
            paths = []
    yield paths


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200]


def _written(file: Mapping[str, Any]) -> object:
    """Return when a file was written, as its file system says it."""
    return file.get("etag") or file.get("mtime") or file.get("last_modified") or file.get("created")


def without_credentials(url: str) -> str:
    """Return a URL without its password and query (which may hold a SAS token).

    >>> without_credentials("abfs://results@logs.dfs.core.windows.net/a?sig=abc")
    'abfs://results@logs.dfs.core.windows.net/a'
    """
    return re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1:***@", url).split("?", 1)[0]


def _file_stem(run: str) -> str:
    """Return a run id as a file name. Run ids contain colons and may be too long for a file name."""
    name = quote(run, safe="")
    return name if len(name) <= _LONGEST_NAME else f"{name[:100]}~{hashlib.sha256(run.encode()).hexdigest()}"


def _day(path: str) -> date:
    return date.fromisoformat(path.rsplit("/day=", 1)[1][:10])
