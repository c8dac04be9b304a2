"""Lines for every kind of parsing, what the model makes of them, and what a real agent sent.

The lines of a source are in a file. The agent reads the files and pushes to a `LogReceiver`.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logops.environment import Environment
from logops.pipelines.line import Entry, Sample
from logops.pipelines.run import run
from logops.pipelines.text import to_bytes
from tests.support.environments import environment
from tests.support.log_receiver import LogReceiver

LONGEST_LINE = 16 * 1024
_COMMON = {"kind": "file", "cluster": "main", "tenant": "platform"}


@dataclass(frozen=True)
class Case:
    """A source that reads one file, and the lines of that file."""

    parse: dict[str, Any]
    lines: tuple[str, ...]
    """A surrogate is a byte that is not UTF-8 (see `logops.pipelines.text`)."""
    tenant_from: dict[str, Any] | None = None

    def source(self, name: str, folder: Path) -> dict[str, Any]:
        tenant_from = {"tenant_from": self.tenant_from} if self.tenant_from else {}
        paths = [str(folder / f"{name}.log")]
        return {**_COMMON, **tenant_from, "paths": paths, "labels": {"job": name}, "parse": self.parse}


CASES: Mapping[str, Case] = {
    "plain": Case({}, ("one", "two", "two", "  three", "with ünicode", '{"level": "not parsed"}')),
    "bytes": Case({}, ("\udcff is no UTF-8", "cut in \udcc3", "a\ttab, a \x00 and an \x1b")),
    "long": Case({}, ("short", "x" * (LONGEST_LINE - 1), "y" * LONGEST_LINE, "z" * 3 * LONGEST_LINE, "short again")),
    "json": Case(
        {
            "format": "json",
            "labels": ["level", "status"],
            "structured_metadata": ["trace_id"],
            "timestamp": {"field": "time", "layout": "RFC3339Nano"},
        },
        (
            '{"time":"2026-11-28T10:00:00.123456789Z","level":"info","status":200,"trace_id":"a1","message":"one"}',
            '{"time":"2026-11-28T10:00:00.123456789Z","level":"info","status":200,"trace_id":"a1","message":"one"}',
            '{"time":"2026-11-28T11:00:01.25+01:00","level":"error","log":"a key with the name of another key"}',
            '{"time":"2026-11-28T10:00:02.5Z","level":"info","ok":true,"inner":{"level":"debug"}}',
        ),
    ),
    "broken": Case(
        {"format": "json", "labels": ["level"]},
        ('{"level":"info","message":"whole"}', '{"level":"info","mess', "no JSON", "[1]"),
    ),
    "null": Case({"format": "json", "labels": ["level"]}, ('{"level":null}',)),
    "nested": Case(
        {
            "format": "json",
            "fields": {"status": "http.status", "method": "http.method"},
            "labels": ["status", "method"],
        },
        ('{"http":{"status":"404","method":"GET"}}', '{"http":{"status":"200"}}'),
    ),
    "flat": Case({"format": "json", "fields": {"status": "http.status"}, "labels": ["status"]}, ('{"http":"none"}',)),
    "logfmt": Case(
        {"format": "logfmt", "fields": {"level": "lvl"}, "labels": ["level"]},
        ('lvl=info msg="two words"', "lvl=warn", "no pairs here", "msg=x lvl=error"),
    ),
    "regex": Case(
        {
            "format": "regex",
            "expression": r'^\S+ \[(?P<time>[^\]]+)\] "(?P<method>\w+) [^"]*"(?: trace=(?P<trace_id>\w+))?$',
            "labels": ["method"],
            "structured_metadata": ["trace_id"],
            "timestamp": {"field": "time", "layout": "02/Jan/2006:15:04:05 -0700"},
        },
        (
            '10.0.0.1 [28/Nov/2026:10:00:00 +0000] "GET /a" trace=abc',
            '10.0.0.2 [28/Nov/2026:12:00:01 +0200] "POST /b" trace=def',
        ),
    ),
    "cri": Case(
        {"container_format": "cri"},
        (
            "2026-11-28T10:00:00.000000001Z stdout F whole",
            "2026-11-28T10:00:00.000000006Z stdout F ",
            "2026-11-28T10:00:00.000000007Z stdout F after an empty line",
        ),
    ),
    "parts": Case(
        {"container_format": "cri"},
        (
            "2026-11-28T10:00:00.000000002Z stdout P first part, ",
            "2026-11-28T10:00:00.000000003Z stderr F between",
            "2026-11-28T10:00:00.000000004Z stdout P second part, ",
            "2026-11-28T10:00:00.000000005Z stdout F last part",
        ),
    ),
    "seconds": Case(
        {"format": "json", "timestamp": {"field": "time"}},
        ('{"time":"2026-11-28T10:00:00Z"}', '{"time":"2026-11-28T10:00:00.5Z"}'),
    ),
    "crijson": Case(
        {"container_format": "cri", "format": "json", "labels": ["level"]},
        (
            '2026-11-28T10:00:00.1Z stdout F {"level":"info"}',
            '2026-11-28T10:00:00.2Z stderr F {"level":"error"}',
            "2026-11-28T10:00:00.3Z stderr F no JSON",
        ),
    ),
    "docker": Case(
        {"container_format": "docker"},
        (
            r'{"log":"one\n","stream":"stdout","time":"2026-11-28T10:00:00.5Z"}',
            r'{"log":"two\n","stream":"stderr","time":"2026-11-28T10:00:01Z"}',
        ),
    ),
    "multiline": Case(
        {"multiline_first_line": r"^\d{4}-", "multiline_max_wait": "1s"},
        ("2026-11-28 one", "  at a", "  at b", "2026-11-28 two", "2026-11-28 three", "  at c"),
    ),
    "drop": Case(
        {
            "format": "json",
            "labels": ["level"],
            "drop": [
                {"name": "health", "expression": '"path":"/(health|ping)"'},
                {"name": "debug", "field": "level", "value": "debug"},
                {"name": "bots", "field": "agent", "expression": "^bot"},
            ],
        },
        (
            '{"level":"info","path":"/health"}',
            '{"level":"info","path":"/healthy","message":"healthcheck failed"}',
            '{"level":"debug","path":"/a"}',
            '{"level":"debugging","path":"/a"}',
            '{"level":"info","agent":"bot 1"}',
            '{"level":"info","agent":"no bot"}',
            "no JSON",
        ),
    ),
    "output": Case(
        {"format": "json", "labels": ["level"], "output": "message"},
        ('{"level":"info","message":"the message"}', '{"level":"info"}', "no JSON"),
    ),
    "tenant": Case(
        {"format": "json"},
        ('{"team":"application"}', '{"team":"security-team"}', '{"team":"applications"}', '{"x":1}', "no JSON"),
        {"field": "team", "allowed": ["application"]},
    ),
}


OTHER_TIMESTAMPS: Mapping[str, frozenset[str]] = {"fluent-bit": frozenset({"parts", "seconds"})}
"""Cases in which an agent sends other timestamps than the model, and cannot do otherwise: see docs/agents.md."""

UNAVOIDABLE: Mapping[str, frozenset[str]] = {"fluent-bit": frozenset({"bytes", "null", "flat"})}
"""Cases in which an agent differs from the model, and cannot do otherwise: see docs/agents.md."""

Sent = tuple[str, str, str, str]
"""Tenant, labels, structured metadata and line of an entry."""


def corpus(kind: str, folder: Path, *names: str, **agent: Any) -> Environment:
    """Return an environment in which the agent `corpus` of a kind reads the files of some cases."""
    sources = {name: CASES[name].source(name, folder) for name in names}
    return environment(
        "local", ("sources", sources), ("agents", {"corpus": {"kind": kind, "sources": list(names), **agent}})
    )


def write(folder: Path, name: str, lines: tuple[str, ...]) -> None:
    with (folder / f"{name}.log").open("ab") as file:
        file.writelines(to_bytes(line) + b"\n" for line in lines)


def expected(declared: Environment, name: str, lines: tuple[str, ...]) -> list[Entry]:
    """Return the entries that the model makes of the lines of a source."""
    source = declared.sources[name]
    filename = {"filename": source.paths[0]} if source.kind == "file" else {}
    now = time.time_ns()
    samples = [Sample(line, now + number, filename) for number, line in enumerate(lines)]
    outcomes = run(source, samples, declared.agents["corpus"])
    return [outcome for outcome in outcomes if isinstance(outcome, Entry)]


def sent(receiver: LogReceiver) -> list[tuple[Sent, int]]:
    """Return each entry that the agent sent, with its timestamp in nanoseconds."""
    return [
        (
            (push.headers["x-scope-orgid"], _as_text(_labels(record.labels)), _as_text(record.metadata), record.line),
            record.time_ns,
        )
        for push in list(receiver.pushes)
        if push.status < 300
        for record in push.records
    ]


def differences(
    entries: list[Entry], received: list[tuple[Sent, int]], other_times: Collection[str] = ()
) -> dict[str, Counter[Any]]:
    """Return what an agent did not send, and what it sent although the model did not. Both are empty if all is equal.

    Timestamps are compared if they come from the line, except for the cases `other_times`.
    """
    wanted = Counter(_key(entry) for entry in entries)
    found = Counter(key for key, _ in received)
    with_time = [
        entry for entry in entries if entry.timestamp_from == "field" and entry.labels["job"] not in other_times
    ]
    wanted_times = Counter((_key(entry), entry.timestamp_ns) for entry in with_time)
    return {
        "not sent": wanted - found,
        "not in the model": found - wanted,
        "other timestamp": wanted_times - Counter(received),
    }


def _key(entry: Entry) -> Sent:
    return entry.tenant, _as_text(entry.labels), _as_text(entry.structured_metadata), entry.line


def _as_text(values: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(values.items())))


def _labels(text: str) -> dict[str, str]:
    return {name: json.loads(value) for name, value in re.findall(r'(\w+)=("(?:[^"\\]|\\.)*")', text)}
