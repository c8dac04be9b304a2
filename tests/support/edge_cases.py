"""Lines that are hard to process: not UTF-8, too long, half parsed, with unreadable timestamps.

Every agent has its own way with them. The model follows Promtail to the nanosecond. `agent_corpus` has the lines that
all agents process in the same way.
"""

import ast
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from logops.environment import Environment
from logops.environment.pipeline_problems import find_pipeline_problems
from logops.pipelines.line import Entry, Sample
from logops.pipelines.run import run
from logops.pipelines.text import from_bytes, to_bytes
from tests.support.environments import environment
from tests.support.log_receiver import ReceivedPush

AGENT = "edges"
MAX_LINE_SIZE = 64 << 10

Arrived = tuple[str, frozenset[tuple[str, str]], frozenset[tuple[str, str]], int | None, bytes]
"""Tenant, labels, structured metadata, timestamp (None: the time of reading), line."""


@dataclass(frozen=True)
class Case:
    """A pipeline, and lines for it. `source`: more keys of the source."""

    parse: Mapping[str, Any]
    lines: tuple[bytes, ...]
    source: Mapping[str, Any] = field(default_factory=dict)


_JSON = {
    "format": "json",
    "labels": ["level"],
    "structured_metadata": ["trace_id"],
    "timestamp": {"field": "time"},
}

EDGE_CASES: Mapping[str, Case] = {
    "plain": Case(
        {},
        (
            b"one",
            b"",
            b" two ",
            b"one",
            b"carriage return\r",
            b"\tnull \x00 escape \x1b[31m",
            "\u00fc\u4e2d\U0001f600".encode(),
            b"not UTF-8: \xff\xfe\xc3",
            b"x" * (MAX_LINE_SIZE + 10),
            "\u00e9".encode() * (MAX_LINE_SIZE // 2 + 1),
        ),
    ),
    "json": Case(
        _JSON,
        (
            b'{"level":"info","trace_id":"a1","time":"2026-01-01T00:00:01.123456789Z"}',
            b'{"level":"info","time":"unreadable"}',
            b'{"level":"warn","trace_id":null,"time":"2026-01-01T02:00:01+02:00"}',
            b'{"level":5,"trace_id":true,"time":"2026-01-01T00:00:02Z"}',
            b'{"level":1.50,"trace_id":12345678901234567890}',
            b'{"level":["a",1],"time":"2026-01-01T00:00:03Z"}',
            b'{"level":"dup","level":"last","time":"2026-01-01T00:00:03Z"}',
            b'{"level":"\\ud83d\\ude00 \\n","time":"2026-01-01T00:00:03Z"}',
            b'{"level":"not UTF-8 \xff","time":"2026-01-01T00:00:03Z"}',
            b'{"level":"","trace_id":"","time":"2026-01-01T00:00:03Z"}',
            b'{"level":"cut',
            b"plain text",
            b"null",
            b'["level"]',
            b'{"level":NaN}',
            b'  {"level":"spaces"}  ',
            b"{}",
            b"",
        ),
    ),
    "json-fields": Case(
        {
            "format": "json",
            "fields": {
                "status": "http.status-code",
                "time": '"@timestamp"',
                "message": "msg",
                "team": "team",
                "path": "path",
            },
            "labels": ["status"],
            "timestamp": {"field": "time", "layout": "UnixMs"},
            "output": "message",
            "drop": [
                {"name": "probes", "field": "path", "expression": "^/(health|ping)$"},
                {"name": "teapots", "field": "status", "value": "418"},
                {"name": "old", "older_than": "10000d"},
                {"name": "long", "longer_than": "200B"},
            ],
        },
        (
            b'{"http":{"status-code":200},"@timestamp":1767225600123,"msg":"ok","team":"application"}',
            b'{"http":{"status-code":418},"msg":"teapot"}',
            b'{"path":"/health"}',
            b'{"path":"/healthcheck","msg":"failed"}',
            b'{"path":null,"msg":"no path","team":"security-team"}',
            b'{"http":"x","@timestamp":"1767225600124","msg":""}',
            b'{"@timestamp":1000,"msg":"too old"}',
            b'{"msg":"' + b"y" * 200 + b'"}',
            b'{"msg":5}',
            b"not json",
        ),
        {"tenant_from": {"field": "team", "allowed": ["application", "canary"]}},
    ),
    "logfmt": Case(
        {
            "format": "logfmt",
            "fields": {"level": "lvl", "message": "msg", "user": "user"},
            "labels": ["level"],
            "structured_metadata": ["user"],
            "output": "message",
        },
        (
            b'lvl=info msg="a b" user=u1',
            b'lvl=warn msg="quoted \\"x\\" \\u00e9" other=1',
            b"lvl= msg=empty",
            b"lvl msg=flag",
            b"lvl=a=b msg=x",
            b'lvl=ok msg="unclosed',
            b"lvl=first lvl=second msg=m",
            b"=x lvl=no",
            b"no pairs",
            b"",
            b'lvl=info msg="bad \\u12"',
        ),
    ),
    "regex": Case(
        {
            "format": "regex",
            "expression": r"^\S+ \S+ \S+ \[(?P<time>[^\]]+)\].*?(?: trace_id=(?P<trace_id>[0-9a-f]+))?$",
            "timestamp": {"field": "time", "layout": "02/Jan/2006:15:04:05 -0700"},
            "structured_metadata": ["trace_id"],
        },
        (
            b'10.0.0.1 - bob [01/Jan/2026:10:00:00 +0100] "GET / HTTP/1.1" 200 trace_id=00ab',
            b'10.0.0.1 - bob [01/Jan/2026:10:00:01 +0100] "GET / HTTP/1.1" 200',
            b"10.0.0.1 - \xff [01/Jan/2026:10:00:02 +0100] not UTF-8",
            b"no match",
            b"a b c [32/Jan/2026:10:00:00 +0100] day",
        ),
    ),
    "local-time": Case(
        {
            "format": "regex",
            "expression": r"^(?P<time>[^|]+)\|(?P<level>\w*)",
            "labels": ["level"],
            "timestamp": {"field": "time", "layout": "2006-01-02 15:04:05,000", "location": "Europe/Berlin"},
        },
        (
            b"2026-01-01 10:00:00,001|info",
            b"2026-07-01 10:00:00,001|info",
            b"2026-07-01 10:00:00|info",
            b"2026-07-01 10:00:00,1234|warn",
            b"|",
            b"2026-02-30 10:00:00,001|warn",
        ),
    ),
    "cri": Case(
        {"container_format": "cri", **_JSON, "drop": ["debug"]},
        (
            b'2026-01-01T00:00:01.1Z stdout P {"level":"in',
            b"2026-01-01T00:00:02Z stderr F plain error",
            b'2026-01-01T00:00:03Z stdout F fo","trace_id":"t"}',
            b'2026-01-01T00:00:04.123456789+01:00 stdout F {"level":"a"}',
            b'2026-01-01T00:00:05Z stdout F {"level":"debug"}',
            b"not cri",
            b"2026-01-01T00:00:06Z stdout F ",
            b"2026-01-01T00:00:07Z stderr P lost",
        ),
    ),
    "docker": Case(
        {"container_format": "docker", "format": "logfmt", "labels": ["level"]},
        (
            b'{"log":"level=info a=1\\n","stream":"stdout","time":"2026-01-01T00:00:01.5Z"}',
            b'{"log":"no time\\n","stream":"stderr"}',
            b"not docker",
        ),
    ),
    "multiline": Case(
        {
            "format": "regex",
            "expression": r"^\[(?P<time>[^\]]+)\] (?P<level>\w+)",
            "labels": ["level"],
            "timestamp": {"field": "time", "layout": "RFC3339"},
            "multiline_first_line": r"^\[",
            "multiline_max_lines": 4,
            "drop": [{"name": "noise", "expression": "(?s)^.*noise.*$"}],
        },
        (
            b"before the first",
            b"[2026-01-01T00:00:01Z] error",
            b"  at a",
            b"  at b",
            b"",
            b"  after four lines",
            b"[2026-01-01T00:00:02Z] info",
            b"noise",
            b"[2026-01-01T00:00:03Z] warn",
            b"[2026-01-01T00:00:04Z] warn",
            b"end",
        ),
    ),
    "limit": Case(
        {"rate_limit": {"lines_per_second": 0.001, "burst": 2}, "multiline_first_line": "^", "multiline_max_lines": 2},
        (b"a", b"b", b"c", b"d"),
    ),
}


def edge_case_environment(folder: Path) -> Environment:
    """Return an environment whose Promtail reads the files of all cases in a folder."""
    sources = {
        name: {
            "kind": "file",
            "paths": [str(folder / f"{name}.log")],
            "cluster": "main",
            "tenant": "platform",
            "labels": {"job": name},
            "parse": case.parse,
            **case.source,
        }
        for name, case in EDGE_CASES.items()
    }
    declared = environment(
        "local",
        ("sources", sources),
        (
            "agents",
            {
                AGENT: {
                    "kind": "promtail",
                    "sources": list(sources),
                    "max_line_size": f"{MAX_LINE_SIZE}B",
                    "labels": {"region": "test"},
                }
            },
        ),
    )
    assert list(find_pipeline_problems(declared)) == []
    return declared


def expected(declared: Environment, folder: Path, case: str, lines: Sequence[bytes]) -> Counter[Arrived]:
    """Return what arrives of the lines of a case, if the agent reads them in one go and then stops."""
    source, agent = declared.sources[case], declared.agents[AGENT]
    samples = [Sample(from_bytes(line), time.time_ns(), {"filename": str(folder / f"{case}.log")}) for line in lines]
    return Counter(
        _arrived(
            outcome.tenant,
            outcome.labels,
            outcome.structured_metadata,
            outcome.timestamp_ns if outcome.timestamp_from == "field" or _follows_field(outcome, samples) else None,
            outcome.line,
        )
        for outcome in run(source, samples, agent)
        if isinstance(outcome, Entry)
    )


def _follows_field(entry: Entry, samples: Sequence[Sample]) -> bool:
    """Return whether a timestamp follows another one that was in a line, and not the time of reading."""
    return entry.timestamp_ns < min(sample.read_ns for sample in samples)


def received(pushes: Iterable[ReceivedPush], started_ns: int) -> Counter[Arrived]:
    """Return what arrived in pushes that were acknowledged."""
    now_ns = time.time_ns()
    return Counter(
        _arrived(
            push.headers["x-scope-orgid"],
            _labels(record.labels),
            record.metadata,
            None if started_ns <= record.time_ns <= now_ns else record.time_ns,
            record.line,
        )
        for push in pushes
        if push.status < 300
        for record in push.records
    )


def _arrived(
    tenant: str, labels: Mapping[str, str], metadata: Mapping[str, str], timestamp_ns: int | None, line: str
) -> Arrived:
    """Return an entry for comparison. Loki treats an empty value as a missing one."""
    return (
        tenant,
        frozenset((name, value) for name, value in labels.items() if value),
        frozenset((name, value) for name, value in metadata.items() if value),
        timestamp_ns,
        to_bytes(line),
    )


def _labels(text: str) -> dict[str, str]:
    """Return the labels of a stream as a push has them: Go's quoted strings, whose escapes are Python's."""
    return {name: ast.literal_eval(value) for name, value in re.findall(r'(\w+)=("(?:[^"\\]|\\.)*")', text)}


def differences(wanted: Counter[Arrived], arrived: Counter[Arrived]) -> list[str]:
    """Return what is missing and what is too much."""
    return [
        *(f"missing: {_text(entry)}" for entry in (wanted - arrived).elements()),
        *(f"too much: {_text(entry)}" for entry in (arrived - wanted).elements()),
    ]


def _text(entry: Arrived) -> str:
    tenant, labels, metadata, timestamp_ns, line = entry
    return f"{tenant} {dict(sorted(labels))} {dict(sorted(metadata))} {timestamp_ns} {line[:100]!r} ({len(line)} bytes)"
