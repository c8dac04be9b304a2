"""Tests of the answers declared in the library: they are counted from the lines of the sample hour, without Loki."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from json import loads
from pathlib import Path

import pytest

from logops.queries.library import load_library
from logops.samples import Kind
from logops.samples.line import Line
from tests.support import sample_hour

LIBRARY = load_library(Path(__file__).parents[3])
LINES = {kind: sample_hour.lines(kind) for kind in Kind}
APPLICATION, ACCESS, AUDIT, SYSTEM = Kind.APPLICATION, Kind.ACCESS, Kind.AUDIT, Kind.SYSTEM
HOUR, FIVE_MINUTES = 3600, 300
NGINX = re.compile(r'.*?"\S+ (?P<path>\S+) \S+" (?P<status>\d+) ')


def fields(line: Line) -> dict[str, object]:
    return dict(loads(line.text))


def contains(text: str) -> Callable[[Line], bool]:
    return lambda line: fields(line)["message"] == text


def of_nginx(name: str) -> Callable[[Line], str]:
    def read(line: Line) -> str:
        match = NGINX.match(line.text)
        assert match is not None
        return match[name]

    return read


def found_in(pattern: str) -> Callable[[Line], str]:
    def read(line: Line) -> str:
        match = re.search(pattern, line.text)
        assert match is not None
        return match[1]

    return read


def is_error(line: Line) -> bool:
    return line.labels["level"] == "error"


COUNTED: dict[str, tuple[tuple[Kind, ...], Callable[[Line], bool]]] = {
    "errors": ((APPLICATION,), is_error),
    "slow-requests": (
        (APPLICATION,),
        lambda line: contains("HTTP Request")(line) and int(str(fields(line)["duration"])) > 1000,
    ),
    "failed-logins": ((APPLICATION,), contains("login failed")),
    "slow-database-queries": ((APPLICATION,), lambda line: fields(line).get("slow") is True),
    "container-errors": ((APPLICATION,), is_error),
    "trace": (
        (APPLICATION, ACCESS),
        lambda line: line.structured_metadata.get("trace_id") == LIBRARY["trace"].example["trace_id"],
    ),
    "audit-events": ((AUDIT,), lambda line: fields(line)["action"] in ("CREATE", "UPDATE", "DELETE")),
    "security-events": ((AUDIT,), lambda line: "reason" in fields(line)),
    "deleted": (
        (AUDIT,),
        lambda line: fields(line)["action"] == "DELETE" and fields(line)["user"] == LIBRARY["deleted"].example["user"],
    ),
    "out-of-memory": ((SYSTEM,), lambda line: "out of memory" in line.text.lower()),
}


@pytest.mark.parametrize("name", COUNTED)
def test_library_line_count_matches_the_sample_hour(name: str) -> None:
    kinds, wanted = COUNTED[name]

    assert LIBRARY[name].answer.lines == sum(wanted(line) for kind in kinds for line in LINES[kind])


def last(seconds: int, kinds: Iterable[Kind], wanted: Callable[[Line], bool]) -> list[Line]:
    """Return the matching lines of the last seconds of the hour. A range excludes its start and includes its end."""
    least = sample_hour.END_NS - seconds * 10**9
    return [line for kind in kinds for line in LINES[kind] if line.timestamp_ns > least and wanted(line)]


def anything(_: Line) -> bool:
    return True


Key = Callable[[Line], Hashable]
GROUPED: dict[str, tuple[int, tuple[Kind, ...], Callable[[Line], bool], Key]] = {
    "failed-logins-by-address": (HOUR, (APPLICATION,), contains("login failed"), lambda line: str(fields(line)["ip"])),
    "errors-by-code": (
        HOUR, (APPLICATION,), is_error, lambda line: (line.labels["service"], str(fields(line).get("code"))),
    ),
    "failing-paths": (HOUR, (ACCESS,), lambda line: int(of_nginx("status")(line)) >= 500, of_nginx("path")),
    "refusals-by-user": (
        HOUR, (AUDIT,), lambda line: fields(line)["outcome"] == "failure", lambda line: str(fields(line)["user"]),
    ),
    "ssh-failures": (HOUR, (SYSTEM,), lambda line: "Failed password" in line.text, found_in(r" from (\S+) port ")),
    "failed-probes": (HOUR, (SYSTEM,), lambda line: "Probe failed" in line.text, found_in(r'pod="([^"]*)"')),
    "request-rate": (FIVE_MINUTES, (APPLICATION,), contains("HTTP Request"), lambda line: line.labels["service"]),
    "requests-by-status": (FIVE_MINUTES, (ACCESS,), anything, of_nginx("status")),
}  # fmt: skip


@pytest.mark.parametrize("name", GROUPED)
def test_library_series_and_total_match_the_sample_hour(name: str) -> None:
    seconds, kinds, wanted, key = GROUPED[name]
    query = LIBRARY[name]
    counts = Counter(map(key, last(seconds, kinds, wanted)))
    shown = counts.most_common(10) if query.logql.startswith("topk(10") else counts.most_common()
    per_second = seconds if "rate(" in query.logql else 1

    assert query.answer.series == len(shown)
    assert query.answer.total == pytest.approx(sum(count for _, count in shown) / per_second, abs=1e-6)


def test_library_error_rate_is_errors_divided_by_lines() -> None:
    errors = len(last(FIVE_MINUTES, (APPLICATION,), is_error))

    assert LIBRARY["error-rate"].answer.total == pytest.approx(
        errors / len(last(FIVE_MINUTES, (APPLICATION,), anything)), abs=1e-6
    )


def test_library_log_volume_is_the_bytes_of_all_lines() -> None:
    volume: Counter[tuple[str, ...]] = Counter()
    for line in last(HOUR, (APPLICATION, ACCESS), anything):
        volume[tuple(line.labels.get(name, "") for name in ("job", "service", "level"))] += len(line.text.encode())
    answer = LIBRARY["log-volume"].answer

    assert (answer.series, answer.total) == (len(volume), sum(volume.values()))


def test_library_latency_is_the_95th_percentile_of_durations() -> None:
    durations: dict[str, list[float]] = defaultdict(list)
    for line in last(FIVE_MINUTES, (APPLICATION,), contains("HTTP Request")):
        durations[line.labels["service"]].append(float(str(fields(line)["duration"])))
    answer = LIBRARY["latency"].answer

    assert answer.series == len(durations)
    assert answer.total == pytest.approx(sum(quantile(sorted(values), 0.95) for values in durations.values()), abs=1e-6)


def quantile(values: list[float], wanted: float) -> float:
    """Interpolate between the two values next to the rank, as Loki does (pkg/logql/range_vector.go)."""
    rank = wanted * (len(values) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (rank - low)


def test_silence_query_names_a_job_without_lines() -> None:
    job = LIBRARY["silence"].example["job"]

    assert all(line.labels["job"] != job for lines in LINES.values() for line in lines)
    assert LIBRARY["silence"].answer.total == 1


def test_every_library_query_has_a_count_in_this_file() -> None:
    others = {"error-rate", "log-volume", "latency", "silence"}

    assert set(LIBRARY) == {*COUNTED, *GROUPED, *others}
