"""Ask Loki and the agents: count the lines of every source, list its streams, read a sample and the counters.

Nothing is sent that may read more than what is left of the budget: the index is asked first, which costs nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from logops.clients.loki import Entry, LokiClient, LokiError, LokiRefusedError, Point, Series, Statistics, nanoseconds
from logops.environment.verification import VERIFICATION_TEXT
from logops.logql.build import Lines, Samples
from logops.logql.text import one_line
from logops.number_text import size_text
from logops.platforms.platform import ReadablePlatform
from logops.quality.counters import counters_of
from logops.quality.measured import Cost, Measured, NotMeasured, SourceMeasure
from logops.quality.request import QualityRequest
from logops.quality.sources import SourceGroup, checked_format, shows_lines, source_groups, unlabelled

LEVEL = "detected_level"
"""The level that Loki finds in a line, as structured metadata (limits_config.discover_log_levels)."""
FUTURE = timedelta(minutes=15)
"""Loki accepts lines that are up to 10 minutes early (limits_config.creation_grace_period)."""
LOOK_BACK = timedelta(days=1)
"""How long ago the last line of a silent source is searched."""
_READ_TIMEOUT_S = 60.0
_WORDS_NOT_SHOWN = "Its reason may contain parts of lines, so it is not shown. It is in Loki's log"
MOST_BUCKETS = 5
"""Buckets from which a sample is read, one query each."""


def measure(platform: ReadablePlatform, request: QualityRequest, report_progress: Callable[[str], None]) -> Measured:
    """Measure all sources of an environment. What could not be measured is in `not_measured`. Raises nothing."""
    environment = platform.environment
    measured = Measured({name: SourceMeasure() for name in environment.sources}, Cost(request.budget_bytes))
    for name in unlabelled(environment):
        source = environment.sources[name]
        reason = f"sources.{name}.labels is empty, so no query can select its lines. Give it a label, such as job"
        measured.not_measured.append(NotMeasured(source.cluster, source.tenant, (name,), reason))
    for group in source_groups(environment):
        report_progress(f"counting the lines of tenant {group.tenant}")
        with LokiClient(platform.read_url(group.cluster), retry_for=5, read_timeout=_READ_TIMEOUT_S) as client:
            _GroupMeasure(client, group, request, measured, shows_lines(environment, group.cluster)).run()
    if request.reads_counters:
        report_progress("reading the counters of agents and Loki")
        _read_counters(platform, measured)
    return measured


def _read_counters(platform: ReadablePlatform, measured: Measured) -> None:
    for cluster in platform.environment.clusters:
        agents = platform.agent_urls(cluster)
        if agents is None:
            reason = "reading the counters of agents: their addresses are known only inside of Kubernetes"
            measured.not_measured.append(NotMeasured(cluster, "", (), reason))
        for process, url in {**platform.urls(cluster), **(agents or {})}.items():
            try:
                with LokiClient(url, connect_timeout=2, read_timeout=5, retry_for=2) as client:
                    measured.counters += counters_of(cluster, process, client.metrics())
            except LokiError as error:
                measured.silent_processes[process] = str(error)


def sampled_ranges(
    lines: Mapping[datetime, int], request: QualityRequest, source: str
) -> list[tuple[datetime, datetime]]:
    """Return the times whose lines are read: the whole window if it has few lines, else buckets chosen at random."""
    if sum(lines.values()) <= request.sample_lines:
        return [(request.start, request.end)]
    bucket = timedelta(seconds=request.bucket_s)
    ends = [end for end, count in lines.items() if count]
    Random(f"{request.run}:{source}").shuffle(ends)
    chosen: list[datetime] = []
    for end in ends[:MOST_BUCKETS]:
        chosen.append(end)
        if sum(lines[each] for each in chosen) >= request.sample_lines:
            break
    return [(end - bucket, end) for end in chosen]


class TooExpensiveError(LokiError):
    """A query that may read more than what is left of the budget. It was not sent."""


class _GroupMeasure:
    """The measurements of one group of sources."""

    def __init__(
        self, client: LokiClient, group: SourceGroup, request: QualityRequest, measured: Measured, shows_lines: bool
    ) -> None:
        self.client = client
        self.group = group
        self.request = request
        self.measured = measured
        self.shows_lines = shows_lines
        self.by = list(group.label_names)
        self.window = f"{request.window_s}s"
        self.estimates: dict[str, int] = {}

    def run(self) -> None:
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

    def _read_sample(self, name: str) -> None:
        """Read the lines of some buckets, chosen at random, oldest first. The same run chooses the same buckets."""
        measure, part = self.measured.sources[name], self.group.part([name])
        if not measure.total:
            return
        self._refuse_if_too_expensive(str(part.lines()), self.request.start, self.request.end)
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
            self._spent(statistics)
            entries += reversed(newest_first)
        measure.sample = entries

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
        answer = self._in_window(self.group, self.group.lines().bytes_over_time(self.window).sum(by=self.by))
        for name in self.group.sources:
            self.measured.sources[name].bytes = answer.get(name, 0)

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
        since = self.request.end - max(LOOK_BACK, 2 * source.expect_every.timedelta)
        selector = str(self.group.part([name]).lines())
        self._refuse_if_too_expensive(selector, since, self.request.start)
        entries, statistics = self.client.measured_logs(
            self.group.tenant, selector, nanoseconds(since), nanoseconds(self.request.start), limit=1, fresh=True
        )
        self._spent(statistics)
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
        """Run a metric query at the end of the window if the budget allows it."""
        self._refuse_if_too_expensive(str(part.lines()), self.request.start, self.request.end)
        points, statistics = self.client.measured_query(part.tenant, str(query), nanoseconds(self.request.end))
        self._spent(statistics)
        return points

    def _range(self, part: SourceGroup, query: Samples, first: datetime, last: datetime, step_s: int) -> list[Series]:
        """Run a metric query at every step of a range if the budget allows it."""
        self._refuse_if_too_expensive(str(part.lines()), self.request.start, self.request.end)
        series, statistics = self.client.measured_range(
            part.tenant, str(query), nanoseconds(first), nanoseconds(last), step_s, fresh=True
        )
        self._spent(statistics)
        return series

    def _points(self, answer: list[Series]) -> dict[str, dict[datetime, int]]:
        counts: dict[str, dict[datetime, int]] = {}
        for series in answer:
            if name := self.group.source_of(series.labels):
                points = counts.setdefault(name, {})
                for at_ns, value in series.points:
                    end = datetime.fromtimestamp(at_ns // 10**9, UTC)
                    points[end] = points.get(end, 0) + int(value)
        return counts

    def _refuse_if_too_expensive(self, selector: str, start: datetime, end: datetime) -> None:
        key = f"{selector} {start}"
        if key not in self.estimates:
            self.measured.cost.queries += 1
            stats = self.client.index_stats(self.group.tenant, selector, nanoseconds(start), nanoseconds(end))
            self.estimates[key] = stats.bytes
        if self.estimates[key] > self.measured.cost.left_bytes:
            raise TooExpensiveError(
                f"the query may read {size_text(self.estimates[key])}, and {size_text(self.measured.cost.left_bytes)} "
                f"of the budget of {size_text(self.measured.cost.limit_bytes)} are left. It was not sent. Raise "
                "quality.budget, or shorten quality.window"
            )

    def _spent(self, statistics: Statistics) -> None:
        self.measured.cost.queries += 1
        self.measured.cost.bytes += statistics.bytes_processed

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
            self.measured.not_measured.append(NotMeasured(self.group.cluster, self.group.tenant, sources, reason))
