"""Ask Loki and the agents: count the lines of every source, list its streams, read a sample and the counters.

Nothing is sent that may read more than what is left of the budget: the index is asked first, which costs nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from logops.clients.loki import (
    Entry,
    LokiClient,
    LokiError,
    LokiRefusedError,
    LokiUnreachableError,
    Point,
    Series,
    nanoseconds,
)
from logops.environment.verification import VERIFICATION_TEXT
from logops.logql.build import Lines, Samples
from logops.logql.text import one_line
from logops.platforms.platform import ReadablePlatform
from logops.quality.balance import EarlierStored
from logops.quality.budgeted import BudgetedQueries
from logops.quality.count_stored import FUTURE, read_and_count
from logops.quality.measured import Cost, Measured, NotMeasured, SourceMeasure
from logops.quality.request import QualityRequest
from logops.quality.secrets.rules import Rule
from logops.quality.secrets.search import texts_to_search
from logops.quality.sources import SourceGroup, checked_format, shows_lines, source_groups, unlabelled

LEVEL = "detected_level"
"""The level that Loki finds in a line, as structured metadata (limits_config.discover_log_levels)."""
LOOK_BACK = timedelta(days=1)
"""How long ago the last line of a silent source is searched."""
_READ_TIMEOUT_S = 60.0
_WORDS_NOT_SHOWN = "Its reason may contain parts of lines, so it is not shown. It is in Loki's log"
MOST_BUCKETS = 5
"""Buckets from which a sample is read, one query each."""


def measure(
    platform: ReadablePlatform,
    request: QualityRequest,
    report_progress: Callable[[str], None],
    rules: Sequence[Rule],
    earlier: EarlierStored | None = None,
) -> Measured:
    """Measure all sources of an environment. What could not be measured is in `not_measured`. Raises nothing.

    rules     have the keywords that are searched in every line
    earlier   the run whose counts of stored lines this one is compared with; None: there was none
    """
    environment = platform.environment
    measured = Measured({name: SourceMeasure() for name in environment.sources}, Cost(request.budget_bytes))
    for name in unlabelled(environment):
        source = environment.sources[name]
        reason = f"sources.{name}.labels is empty, so no query can select its lines. Give it a label, such as job"
        measured.not_measured.append(NotMeasured(source.cluster, source.tenant, (name,), reason))
    for group in source_groups(environment):
        report_progress(f"counting the lines of tenant {group.tenant}")
        with LokiClient(platform.read_url(group.cluster), retry_for=5, read_timeout=_READ_TIMEOUT_S) as client:
            queries = BudgetedQueries(
                client, group.tenant, measured.cost, environment.clusters[group.cluster].replication_factor
            )
            shown = shows_lines(environment, group.cluster)
            _GroupMeasure(client, queries, group, request, measured, rules, shown).run()
    if request.reads_counters:
        read_and_count(platform, request, earlier, measured, report_progress)
    return measured


def sampled_ranges(
    lines: Mapping[datetime, int], request: QualityRequest, source: str
) -> list[tuple[datetime, datetime]]:
    """Return the times whose lines are read: the whole window if it has few lines, else buckets chosen at random."""
    if sum(lines.values()) <= request.sample_lines:
        return [(request.start, request.end)]
    bucket = timedelta(seconds=request.bucket_s)
    ends = [end for end, count in lines.items() if count]
    # Each bucket has its own chance, so the next run reads it again: a finding stays until its lines leave the window.
    ends.sort(key=lambda end: Random(f"{source}:{end.timestamp()}").random())
    chosen: list[datetime] = []
    for end in ends[:MOST_BUCKETS]:
        chosen.append(end)
        if sum(lines[each] for each in chosen) >= request.sample_lines:
            break
    return [(end - bucket, end) for end in chosen]


class _UnreachableError(Exception):
    """Loki does not answer: the reason is in `not_measured`."""


class _GroupMeasure:
    """The measurements of one group of sources."""

    def __init__(
        self,
        client: LokiClient,
        queries: BudgetedQueries,
        group: SourceGroup,
        request: QualityRequest,
        measured: Measured,
        rules: Sequence[Rule],
        shows_lines: bool,
    ) -> None:
        self.client = client
        self.queries = queries
        self.group = group
        self.request = request
        self.measured = measured
        self.rules = rules
        self.shows_lines = shows_lines
        self.by = list(group.label_names)
        self.window = f"{request.window_s}s"

    def run(self) -> None:
        # Each query waits for a Loki that does not answer: do not wait again.
        with suppress(_UnreachableError):
            self._measure_all()

    def _measure_all(self) -> None:
        with self._reported("counting lines"):
            self._count_lines()
        with self._reported("counting bytes"):
            self._count_bytes()
        with self._reported("listing streams"):
            self._list_streams()
        for part in self._by_format("json", "logfmt"):
            with self._reported("counting lines that do not parse", part):
                lines = part.lines().without(VERIFICATION_TEXT)
                parsed = lines.json() if checked_format(next(iter(part.sources.values()))) == "json" else lines.logfmt()
                self._count_unparsable(part, parsed.where("__error__", "!=", ""))
        for part in self._by_format("regex"):
            for name, source in part.sources.items():
                with self._reported("counting lines that do not match", part.part([name])):
                    lines = part.part([name]).lines().without(VERIFICATION_TEXT)
                    self._count_unparsable(part.part([name]), lines.not_matching(source.parse.expression or ""))
        for name, source in self.group.sources.items():
            if source.expect.levels and "level" not in source.parse.labels:
                with self._reported("counting levels", self.group.part([name])):
                    self._count_levels(name)
        if self.request.reads_counters:
            with self._reported("looking for lines of the future"):
                self._count_future()
        for name in self.group.sources:
            with self._reported("looking for the last line", self.group.part([name])):
                self._find_last_line(name)

        for name in self.group.sources if self.request.sample_lines else ():
            with self._reported("reading a sample of lines", self.group.part([name])):
                self._read_sample(name)
            with self._reported("searching the lines for keywords of secrets", self.group.part([name])):
                self._search_keywords(name)

    def _read_sample(self, name: str) -> None:
        """Read the lines of some buckets, chosen at random, oldest first. Runs share their choice."""
        measure, part = self.measured.sources[name], self.group.part([name])
        if not measure.total:
            return
        self.queries.refuse_if_too_expensive(str(part.lines()), self.request.start, self.request.end)
        entries: list[Entry] = []
        for start, end in sampled_ranges(measure.lines or {}, self.request, name):
            if len(entries) >= self.request.sample_lines:
                break
            newest_first, statistics = self.client.measured_logs(
                self.group.tenant,
                str(part.lines()),
                nanoseconds(start) + 1,
                nanoseconds(end) + 1,
                limit=self.request.sample_lines - len(entries),
                fresh=True,
            )
            self.queries.spent(statistics)
            entries += reversed(newest_first)
        measure.sample = entries

    def _search_keywords(self, name: str) -> None:
        """Read the lines with a keyword of a secret, of the whole window."""
        measure, part = self.measured.sources[name], self.group.part([name])
        if not measure.sample or len(measure.sample) >= measure.total:
            return
        texts = texts_to_search(self.rules, (entry.text for entry in measure.sample))
        if not texts:
            return
        self.queries.refuse_if_too_expensive(str(part.lines()), self.request.start, self.request.end)
        newest_first, statistics = self.client.measured_logs(
            self.group.tenant,
            str(part.lines().containing(*texts)),
            nanoseconds(self.request.start) + 1,
            nanoseconds(self.request.end) + 1,
            limit=self.request.sample_lines,
            fresh=True,
        )
        self.queries.spent(statistics)
        measure.with_keywords = list(reversed(newest_first))
        measure.has_all_keywords = len(newest_first) < self.request.sample_lines

    def _by_format(self, *formats: str) -> Iterator[SourceGroup]:
        """Yield the sources of each format, as a group."""
        for name in formats:
            names = [source for source, declared in self.group.sources.items() if checked_format(declared) == name]
            if names:
                yield self.group.part(names)

    def _count_lines(self) -> None:
        bucket = timedelta(seconds=self.request.bucket_s)
        count = self.group.lines().count_over_time(f"{self.request.bucket_s}s").sum(by=self.by)
        answer = self._range(self.group, count, self.request.start + bucket, self.request.end, self.request.bucket_s)
        buckets = self.request.window_s // self.request.bucket_s
        ends = [self.request.start + bucket * (number + 1) for number in range(buckets)]
        counts = self._points(answer)
        for name in self.group.sources:
            self.measured.sources[name].lines = {end: counts.get(name, {}).get(end, 0) for end in ends}

    def _count_bytes(self) -> None:
        bucket = timedelta(seconds=self.request.bucket_s)
        size = self.group.lines().bytes_over_time(f"{self.request.bucket_s}s").sum(by=self.by)
        answer = self._range(self.group, size, self.request.start + bucket, self.request.end, self.request.bucket_s)
        sizes = self._points(answer)
        for name in self.group.sources:
            self.measured.sources[name].bucket_bytes = sizes.get(name, {})
            self.measured.sources[name].bytes = sum(sizes.get(name, {}).values())

    def _list_streams(self) -> None:
        start_ns, end_ns = nanoseconds(self.request.start), nanoseconds(self.request.end)
        self.measured.cost.queries += 1
        listed = self.client.series(self.group.tenant, [str(self.group.lines())], start_ns, end_ns)
        for name in self.group.sources:
            self.measured.sources[name].streams = [labels for labels in listed if self.group.source_of(labels) == name]

    def _count_unparsable(self, part: SourceGroup, lines: Lines) -> None:
        counts = self._in_window(part, lines.count_over_time(self.window).sum(by=self.by))
        for name in part.sources:
            self.measured.sources[name].unparsable = counts.get(name, 0)
            # The labels of one source instead of the pattern for all, so that a person sees only this source.
            single = replace(lines.tree, selector=part.part([name]).lines().tree.selector)
            self.measured.sources[name].unparsable_query = one_line(single)

    def _count_levels(self, name: str) -> None:
        part = self.group.part([name])
        query = part.lines().without(VERIFICATION_TEXT).count_over_time(self.window).sum(by=[LEVEL])
        points = self._at_end(part, query)
        self.measured.sources[name].levels = {point.labels.get(LEVEL, ""): int(point.value) for point in points}

    def _count_future(self) -> None:
        step_s = 60
        minute = self.request.as_of.replace(second=0, microsecond=0)
        start = minute + timedelta(seconds=2 * step_s)
        count = self.group.lines().count_over_time(f"{step_s}s").sum(by=self.by)
        answer = self._range(self.group, count, start, minute + FUTURE, step_s)
        counts = self._points(answer)
        for name in self.group.sources:
            self.measured.sources[name].future = counts.get(name, {})

    def _find_last_line(self, name: str) -> None:
        source, measure = self.group.sources[name], self.measured.sources[name]
        if measure.lines is None:
            return
        with_lines = [end for end, count in measure.lines.items() if count]
        measure.searched_since = self.request.start
        if with_lines:
            measure.last_line = max(with_lines)
            return
        since = self.request.end - max(LOOK_BACK, 2 * source.longest_silence.timedelta)
        selector = str(self.group.part([name]).lines())
        self.queries.refuse_if_too_expensive(selector, since, self.request.start)
        entries, statistics = self.client.measured_logs(
            self.group.tenant, selector, nanoseconds(since), nanoseconds(self.request.start), limit=1, fresh=True
        )
        self.queries.spent(statistics)
        measure.searched_since = since
        if entries:
            measure.last_line = datetime.fromtimestamp(entries[0].timestamp_ns / 1e9, UTC).replace(microsecond=0)

    def _in_window(self, part: SourceGroup, query: Samples) -> dict[str, int]:
        """Return one number for each source: the value at the end of the window."""
        counts: dict[str, int] = {}
        for point in self._at_end(part, query):
            if name := self.group.source_of(point.labels):
                counts[name] = counts.get(name, 0) + int(point.value)
        return counts

    def _at_end(self, part: SourceGroup, query: Samples) -> list[Point]:
        """Return the value of a metric query at the end of the window."""
        return self.queries.at_end(str(part.lines()), str(query), self.request.start, self.request.end)

    def _range(self, part: SourceGroup, query: Samples, first: datetime, last: datetime, step_s: int) -> list[Series]:
        """Return a metric query at every step of a range."""
        self.queries.refuse_if_too_expensive(str(part.lines()), self.request.start, self.request.end)
        return self.queries.at_steps(str(query), first, last, step_s)

    def _points(self, answer: list[Series]) -> dict[str, dict[datetime, int]]:
        counts: dict[str, dict[datetime, int]] = {}
        for series in answer:
            if name := self.group.source_of(series.labels):
                points = counts.setdefault(name, {})
                for at_ns, value in series.points:
                    end = datetime.fromtimestamp(at_ns // 10**9, UTC)
                    points[end] = points.get(end, 0) + int(value)
        return counts

    @contextmanager
    def _reported(self, action: str, part: SourceGroup | None = None) -> Iterator[None]:
        """Keep the reason if Loki does not answer, or if a query is too expensive."""
        try:
            yield
        except LokiError as error:
            sources = tuple((part or self.group).sources)
            answer = str(error)
            if isinstance(error, LokiRefusedError) and not self.shows_lines:
                # Loki's own words may show the fields of a line: "pipeline error: 'JSONParserErr' for series: '{...}'".
                answer = f"{error.doing}: Loki answered {error.status}. {_WORDS_NOT_SHOWN}"
            reason = f"{action}: {answer}"
            if isinstance(error, LokiUnreachableError):
                sources = tuple(self.group.sources)
            self.measured.not_measured.append(NotMeasured(self.group.cluster, self.group.tenant, sources, reason))
            if isinstance(error, LokiUnreachableError):
                raise _UnreachableError from error
