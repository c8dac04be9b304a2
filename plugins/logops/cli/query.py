"""`logops query`: run a query of the library, and see its answer."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

from logops.cli.as_of import moment
from logops.cli.library import read_library, selected
from logops.cli.output.columns import Column
from logops.cli.output.console import err, out, print_json, say, stop
from logops.cli.output.sparkline import TimeAxis, sparkline
from logops.cli.output.table import show_table
from logops.cli.targets import is_environment, readable
from logops.clients.loki import LokiClient, LokiError, Series, Statistics
from logops.environment.units import Duration
from logops.logql.errors import LogQLError
from logops.logql.text import one_line, pretty
from logops.logql.tree import Query
from logops.number_text import count_text, decimal_text, seconds_text, size_text
from logops.queries.empty import explain_empty
from logops.queries.fill import FillError, fill
from logops.queries.model import LibraryQuery
from logops.queries.run import MAX_POINTS, LogLines, Numbers, run_query

_LINE_WIDTH = 180
_MAX_BARS = 24
"""Maximum of bars for a range, besides the one at its end."""
_FIGURES = {"last": 5, "least": 1, "mean": 2, "most": 4}
"""The numbers of a series, and their priority if the terminal is narrow."""
_RETRY_S = 5.0
"""A person waits for the answer."""


def query(
    environment_name: str,
    name: str,
    listed: bool,
    param: list[str] | None,
    since: str,
    as_of: str | None,
    limit: int,
    show: bool,
    old_environment: str,
    old_as_of: str | None,
    as_json: bool,
) -> None:
    """Run `logops query`."""
    library = read_library()
    environment_name, name = _target(environment_name, name, old_environment, library)
    if old_as_of:
        say("--at is now --as-of. The old name is accepted in this release.")
    if listed or not name:
        return _list(library, as_json)
    library_query = selected(library, [name])[name]
    tree = _filled(name, library_query, _given(param or []))
    if show:
        out.print(pretty(tree), markup=False, highlight=False, soft_wrap=True)
        return None
    end_ns = int(moment(as_of or old_as_of, datetime.now(UTC)).timestamp() * 1e9)
    start_ns = end_ns - _duration(since or str(library_query.range)).value * 1_000_000
    step_s = _step(library_query, start_ns, end_ns)
    answer, hints = _run(environment_name, library_query, tree, (start_ns, end_ns), step_s, limit)
    if as_json:
        print_json({"query": name, "logql": one_line(tree), **_as_data(answer)})
    else:
        # The description says the unit of the numbers.
        say(f"{name}: {library_query.description}")
        if isinstance(answer, LogLines):
            _show_lines(answer)
        else:
            _show_numbers(answer, _axis(start_ns, end_ns, step_s))
    say(_took(answer.statistics))
    for line in hints:
        say(line)
    return None


def _target(
    environment_name: str, name: str, old_environment: str, library: Mapping[str, LibraryQuery]
) -> tuple[str, str]:
    """Return environment and query. The old form `logops query NAME -e ENV` is accepted for one release."""
    if name and not old_environment:
        return environment_name, name
    if not name and environment_name not in library:
        if not is_environment(environment_name):
            selected(library, [environment_name])
        return old_environment or environment_name, ""
    query_name, target = name or environment_name, old_environment or "local"
    say(
        f"The environment comes first now: `logops query {target} {query_name}`. "
        "The old form is accepted in this release."
    )
    return target, query_name


def _list(library: Mapping[str, LibraryQuery], as_json: bool) -> None:
    if as_json:
        print_json({name: entry.model_dump(mode="json") for name, entry in library.items()})
        return
    entries = library.values()
    parameters = [
        ", ".join(
            key if parameter.default is None else f"{key}={parameter.default}"
            for key, parameter in entry.parameters.items()
        )
        for entry in entries
    ]
    show_table(
        [
            Column("query", [*library]),
            Column("tenant", [entry.tenant for entry in entries], 2),
            Column("owner", [entry.owner for entry in entries], 1),
            Column("parameters", parameters, 3),
            Column("what it answers", [entry.description for entry in entries], 4, wraps=True),
        ]
    )


def _given(params: list[str]) -> dict[str, str]:
    wrong = next((param for param in params if "=" not in param), None)
    if wrong:
        stop(f"--param {wrong}: write it as NAME=VALUE")
    pairs = [param.split("=", 1) for param in params]
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        stop(f"--param {twice} is given twice. Give it once.")
    return {name: value for name, value in pairs}


def _filled(name: str, entry: LibraryQuery, given: Mapping[str, str]) -> Query:
    try:
        return fill(entry, given)
    except FillError as error:
        stop(f"{name}: {error}")
    except LogQLError as error:
        stop(f"Filling in {name} with these parameters gives an invalid query: {error}\n{error.picture(err.width)}")


def _duration(text: str) -> Duration:
    try:
        return Duration(text)
    except ValueError as error:
        stop(f"--since: {error}")


def _step(entry: LibraryQuery, start_ns: int, end_ns: int) -> int:
    """Return the step in seconds: the query's own, or a multiple of it that stays below Loki's limit of points."""
    own_step = max(1, (entry.step.value if entry.step else 60_000) // 1000)
    points = (end_ns - start_ns) // (own_step * 10**9)
    return own_step * (1 + points // MAX_POINTS)


def _run(
    environment_name: str, library_query: LibraryQuery, tree: Query, span: tuple[int, int], step_s: int, limit: int
) -> tuple[LogLines | Numbers, list[str]]:
    """Return the answer; if it is empty, also lines that say which label's value Loki does not have."""
    target = readable(environment_name)
    cluster = target.environment.clusters.get(library_query.cluster)
    if cluster is None or library_query.tenant not in cluster.tenants:
        known = ", ".join(
            f"{name}/{tenant}" for name, cluster in target.environment.clusters.items() for tenant in cluster.tenants
        )
        stop(
            f"{environment_name} has no tenant {library_query.tenant} in a cluster {library_query.cluster}. "
            f"It has: {known}."
        )
    try:
        with (
            LokiClient(target.read_url(library_query.cluster), retry_for=_RETRY_S) as client,
            err.status("querying Loki"),
        ):
            answer = run_query(client, library_query.tenant, tree, *span, step_s, limit)
            is_empty = not (answer.entries if isinstance(answer, LogLines) else answer.series)
            return answer, explain_empty(client, library_query.tenant, tree, *span) if is_empty else []
    except LokiError as error:
        stop(str(error), code=1)


def _show_lines(answer: LogLines) -> None:
    times = [datetime.fromtimestamp(entry.timestamp_ns / 1e9, UTC) for entry in answer.entries]
    lines = [_shortened(entry.text) if out.is_terminal else entry.text for entry in answer.entries]
    if lines:
        show_table([Column("time, UTC", [f"{at:%Y-%m-%d %H:%M:%S}" for at in times]), Column("line", lines)])
    more = ": there may be more, --limit asks for them" if len(answer.entries) == answer.limit else ""
    say(f"{count_text(len(answer.entries), 'line')}{more}")


def _shortened(line: str) -> str:
    return line if len(line) <= _LINE_WIDTH else f"{line[:_LINE_WIDTH]}..."


def _axis(start_ns: int, end_ns: int, step_s: int) -> TimeAxis:
    """Return the axis of a range: a bar is one step, or several if there are more steps than bars."""
    steps = (end_ns - start_ns) // (step_s * 10**9)
    steps_per_bar = max(1, -(-steps // _MAX_BARS))
    # Loki evaluates the query at both ends of the range.
    return TimeAxis(start_ns, steps_per_bar * step_s * 10**9, steps // steps_per_bar + 1)


def _show_numbers(answer: Numbers, axis: TimeAxis) -> None:
    streams = sorted(answer.series, key=_largest_first)
    labels = sorted({name for stream in streams for name in stream.labels})
    figures = [_figures(stream) for stream in streams]
    if streams:
        show_table(
            [
                *(Column(label, [stream.labels.get(label, "") for stream in streams]) for label in labels),
                *(
                    Column(name, [_short(row[number]) for row in figures], priority, right=True)
                    for number, (name, priority) in enumerate(_FIGURES.items())
                ),
                Column(_bars_header(axis), [sparkline(stream.points, axis) for stream in streams], 3),
            ]
        )
    say(f"{len(answer.series)} series")


def _figures(stream: Series) -> tuple[float, ...]:
    """Return the numbers of `_FIGURES`."""
    values = [value for _, value in stream.points]
    known = _known(values)
    return values[-1], min(known, default=math.nan), _mean(known), _most(known)


def _bars_header(axis: TimeAxis) -> str:
    """Return the header of the bars: the length of a bar, the height, the time of the first and last bar."""
    first, last = (datetime.fromtimestamp((axis.start_ns + bar * axis.bar_ns) / 1e9, UTC) for bar in (0, axis.bars - 1))
    text = "%H:%M" if first.date() == last.date() else "%d %b %H:%M"
    return f"bars of {Duration(f'{axis.bar_ns // 10**9}s').go} from 0 to most\n{first:{text}} to {last:{text}} UTC"


def _largest_first(series: Series) -> tuple[bool, float]:
    """Sort by the last point. NaN is neither larger nor smaller than anything and would make the order random."""
    last = series.points[-1][1]
    return math.isnan(last), -last


def _known(values: list[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]


def _most(known: list[float]) -> float:
    return max(known, default=math.nan)


def _mean(known: list[float]) -> float:
    try:
        return fmean(known)
    except (ValueError, OverflowError):
        # No values, both infinities, or a number that is too large.
        return math.nan


def _short(value: float) -> str:
    if not math.isfinite(value):
        return _spelled(value)
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else decimal_text(value)


def _spelled(value: float) -> str:
    """Spell numbers that JSON does not have as Loki does."""
    return "NaN" if math.isnan(value) else f"{value:+}".replace("inf", "Inf")


def _took(statistics: Statistics) -> str:
    cached = ", partly from the cache of results" if statistics.cached_results else ""
    return (
        f"{size_text(statistics.bytes_processed)} and {count_text(statistics.lines_processed, 'line')} read in "
        f"{seconds_text(statistics.exec_seconds)}{cached}"
    )


def _as_data(answer: LogLines | Numbers) -> dict[str, Any]:
    if isinstance(answer, LogLines):
        return {
            "lines": [
                {"timestamp_ns": entry.timestamp_ns, "labels": dict(entry.labels), "line": entry.text}
                for entry in answer.entries
            ],
            "statistics": _statistics(answer.statistics),
        }
    return {"series": [_series(stream) for stream in answer.series], "statistics": _statistics(answer.statistics)}


def _series(series: Series) -> dict[str, Any]:
    return {
        "labels": dict(series.labels),
        "points": [[at, value if math.isfinite(value) else _spelled(value)] for at, value in series.points],
    }


def _statistics(statistics: Statistics) -> dict[str, Any]:
    return {name: getattr(statistics, name) for name in statistics.__slots__}
