"""One corpus for every agent: lines, what the model of the pipeline makes of them, and what arrived of a real agent.

The lines of a case are in a file. The agent reads the files and pushes to a `LogReceiver`.
"""

import ast
import re
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from logops.environment import Environment
from logops.environment.pipeline_problems import find_pipeline_problems
from logops.pipelines.line import Entry, Sample
from logops.pipelines.run import run
from logops.pipelines.text import from_bytes, to_bytes
from logops.render.agents.fluent_bit import unsupported
from tests.support.environments import environment
from tests.support.log_receiver import ReceivedPush

AGENT = "corpus"
MISSING = "missing"
"""How the difference of an entry that did not arrive begins."""
MAX_LINE_SIZE = 16 << 10

Arrived = tuple[str, frozenset[tuple[str, str]], frozenset[tuple[str, str]], int | None, bytes]
"""Tenant, labels, structured metadata, timestamp (None: the time of reading), line."""


@dataclass(frozen=True)
class Case:
    """A pipeline, and lines for it.

    source               more keys of the source
    second_part          position of the line that is written second, after a restart, a rotation or an outage
    fluent_bit_differs   lines of which Fluent Bit cannot send the same as the model, each with the row of
                         docs/agents.md that gives the reason
    fluent_bit_times     the row that says why Fluent Bit's timestamps differ
    fluent_bit_at_once   the row that says why Fluent Bit must get the lines in one part
    fluent_bit_may_send  lines that Fluent Bit may send although the model drops them, each with its row
    alloy_differs        as for Fluent Bit
    """

    parse: Mapping[str, Any]
    lines: tuple[bytes, ...]
    source: Mapping[str, Any] = field(default_factory=dict)
    second_part: int | None = None
    fluent_bit_differs: Mapping[bytes, str] = field(default_factory=dict)
    fluent_bit_times: str = ""
    fluent_bit_at_once: str = ""
    fluent_bit_may_send: Mapping[bytes, str] = field(default_factory=dict)
    alloy_differs: Mapping[bytes, str] = field(default_factory=dict)

    def parts(self, kind: str) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """Return the lines of which an agent of a kind sends the same as the model, in two parts."""
        differs = {"fluent-bit": self.fluent_bit_differs, "alloy": self.alloy_differs}.get(kind, {})
        split = len(self.lines) // 2 if self.second_part is None else self.second_part
        if kind == "fluent-bit" and self.fluent_bit_at_once:
            split = len(self.lines)
        first, second = self.lines[:split], self.lines[split:]
        return _without(first, differs), _without(second, differs)


def _without(lines: tuple[bytes, ...], others: Collection[bytes]) -> tuple[bytes, ...]:
    return tuple(line for line in lines if line not in others)


_NO_UTF8 = "bytes that are not UTF-8"
_CARRIAGE_RETURN = "carriage return at the end of a line"
_NULL = "JSON `null` as label"
_NUMBER = "number with a fraction, or above 2^63, as label"
_OBJECT = "array or object as label"
_NESTED = "field inside an object, which is a text instead"
_TWICE = "key that a line has twice"
_LOGFMT = "logfmt that is not well formed, or a key without a value"
_DOCKER_TIME = "Docker line without a time"
_PARTS_APART = "CRI line whose parts are in two files, or around a restart"
_NO_LAST_PART = "CRI line whose last part is missing"
_RATE_LIMIT = "`rate_limit`: lines that are read when the agent starts"
_PARTS = "timestamp of a joined CRI line"


_JSON = {
    "format": "json",
    "labels": ["level"],
    "structured_metadata": ["trace_id"],
    "timestamp": {"field": "time"},
}

CASES: Mapping[str, Case] = {
    "plain": Case(
        {},
        (
            b"one",
            b"two",
            b"two",
            b"",
            b"  three ",
            b'{"level": "not parsed"}',
            b"carriage return\r",
            b"a\ttab, a \x00 and an escape \x1b[31m",
            "\u00fc\u4e2d\U0001f600".encode(),
            b"not UTF-8: \xff\xfe\xc3",
            b"\xff is no UTF-8",
            b"cut in \xc3",
            b"x" * (MAX_LINE_SIZE - 1),
            b"y" * MAX_LINE_SIZE,
            b"z" * 3 * MAX_LINE_SIZE,
            "\u00e9".encode() * (MAX_LINE_SIZE // 2 + 1),
            b"short again",
        ),
        fluent_bit_differs={
            b"carriage return\r": _CARRIAGE_RETURN,
            b"not UTF-8: \xff\xfe\xc3": _NO_UTF8,
            b"\xff is no UTF-8": _NO_UTF8,
            b"cut in \xc3": _NO_UTF8,
        },
        alloy_differs={b"carriage return\r": _CARRIAGE_RETURN},
    ),
    "json": Case(
        {
            "format": "json",
            "labels": ["level", "status"],
            "structured_metadata": ["trace_id"],
            "timestamp": {"field": "time", "layout": "RFC3339Nano"},
        },
        (
            b'{"time":"2026-11-28T10:00:00.123456789Z","level":"info","status":200,"trace_id":"a1","message":"one"}',
            b'{"time":"2026-11-28T10:00:00.123456789Z","level":"info","status":200,"trace_id":"a1","message":"one"}',
            b'{"time":"2026-11-28T11:00:01.25+01:00","level":"error","log":"a key with the name of another key"}',
            b'{"time":"2026-11-28T10:00:02.5Z","level":"info","ok":true,"inner":{"level":"debug"}}',
        ),
    ),
    "json-values": Case(
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
        fluent_bit_differs={
            b'{"level":"warn","trace_id":null,"time":"2026-01-01T02:00:01+02:00"}': _NULL,
            b'{"level":1.50,"trace_id":12345678901234567890}': _NUMBER,
            b'{"level":["a",1],"time":"2026-01-01T00:00:03Z"}': _OBJECT,
            b'{"level":"dup","level":"last","time":"2026-01-01T00:00:03Z"}': _TWICE,
            b'{"level":"not UTF-8 \xff","time":"2026-01-01T00:00:03Z"}': _NO_UTF8,
        },
    ),
    "json-broken": Case(
        {"format": "json", "labels": ["level"]},
        (b'{"level":"info","message":"whole"}', b'{"level":"info","mess', b"no JSON", b"[1]", b'{"level":null}'),
        fluent_bit_differs={b'{"level":null}': _NULL},
    ),
    "json-nested": Case(
        {
            "format": "json",
            "fields": {"status": "http.status", "method": "http.method"},
            "labels": ["status", "method"],
        },
        (b'{"http":{"status":"404","method":"GET"}}', b'{"http":{"status":"200"}}', b'{"http":"none"}'),
        fluent_bit_differs={b'{"http":"none"}': _NESTED},
    ),
    "json-time": Case(
        {"format": "json", "fields": {"time": "event.time"}, "timestamp": {"field": "time", "layout": "RFC3339"}},
        (
            b'{"event":{"time":"2026-11-28T10:00:00Z"}}',
            b'{"event":{"time":"2026-11-28T10:00:00.5+02:00"}}',
            b'{"event":{"time":"2026-11-28T10:00:00.123456789Z"}}',
            b'{"event":{"time":"28.11.2026"}}',
        ),
    ),
    "dotted-time": Case(
        {
            "format": "regex",
            "expression": r"^(?P<time>\S+ \S+) ",
            "timestamp": {"field": "time", "layout": "02.01.2006 15:04:05"},
        },
        (b"28.11.2026 10:00:00 whole", b"28.11.2026 10:00:00.25 fraction", b"28.11.26 10:00:00 year"),
    ),
    "unix-time": Case(
        {"format": "logfmt", "fields": {"time": "ts"}, "timestamp": {"field": "time", "layout": "Unix"}},
        (b"ts=1767225600 a=1", b"ts=1767225601 a=2", b"ts=none a=3"),
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
            b"lvl=warn",
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
        fluent_bit_differs={
            b"lvl= msg=empty": _LOGFMT,
            b"lvl msg=flag": _LOGFMT,
            b"lvl=a=b msg=x": _LOGFMT,
            b'lvl=ok msg="unclosed': _LOGFMT,
            b"lvl=first lvl=second msg=m": _TWICE,
            b"=x lvl=no": _LOGFMT,
            b'lvl=info msg="bad \\u12"': _LOGFMT,
        },
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
        fluent_bit_differs={b"10.0.0.1 - \xff [01/Jan/2026:10:00:02 +0100] not UTF-8": _NO_UTF8},
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
        {"container_format": "cri"},
        (
            b"2026-11-28T10:00:00.000000001Z stdout F whole",
            b"2026-11-28T10:00:00.000000002Z stdout P first part, ",
            b"2026-11-28T10:00:00.000000003Z stderr F between",
            b"2026-11-28T10:00:00.000000004Z stdout P second part, ",
            b"2026-11-28T10:00:00.000000005Z stdout F last part",
            b"2026-11-28T10:00:00.000000006Z stdout F ",
            b"2026-11-28T10:00:00.000000007Z stdout F after an empty line",
        ),
        fluent_bit_times=_PARTS,
        fluent_bit_at_once=_PARTS_APART,
    ),
    "cri-json": Case(
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
        fluent_bit_differs={b"2026-01-01T00:00:07Z stderr P lost": _NO_LAST_PART},
        fluent_bit_times=_PARTS,
        fluent_bit_at_once=_PARTS_APART,
    ),
    "docker": Case(
        {"container_format": "docker", "format": "logfmt", "labels": ["level"]},
        (
            b'{"log":"level=info a=1\\n","stream":"stdout","time":"2026-01-01T00:00:01.5Z"}',
            b'{"log":"level=error a=1\\n","stream":"stderr","time":"2026-11-28T10:00:01Z"}',
            b'{"log":"no time\\n","stream":"stderr"}',
            b"not docker",
        ),
        alloy_differs={b'{"log":"no time\\n","stream":"stderr"}': _DOCKER_TIME},
    ),
    "multiline": Case(
        {"multiline_first_line": r"^\d{4}-", "multiline_max_wait": "2s"},
        (b"2026-11-28 one", b"  at a", b"  at b", b"2026-11-28 two", b"2026-11-28 three", b"  at c"),
        second_part=3,
    ),
    "multiline-limit": Case(
        {
            "format": "regex",
            "expression": r"^\[(?P<time>[^\]]+)\] (?P<level>\w+)",
            "labels": ["level"],
            "timestamp": {"field": "time", "layout": "RFC3339"},
            "multiline_first_line": r"^\[",
            "multiline_max_lines": 4,
            "multiline_max_wait": "2s",
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
        second_part=6,
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
            b'{"level":"info","path":"/health"}',
            b'{"level":"info","path":"/healthy","message":"healthcheck failed"}',
            b'{"level":"debug","path":"/a"}',
            b'{"level":"debugging","path":"/a"}',
            b'{"level":"info","agent":"bot 1"}',
            b'{"level":"info","agent":"no bot"}',
            b"no JSON",
        ),
    ),
    "output": Case(
        {"format": "json", "labels": ["level"], "output": "message"},
        (b'{"level":"info","message":"the message"}', b'{"level":"info"}', b"no JSON"),
    ),
    "tenant": Case(
        {"format": "json"},
        (
            b'{"team":"application"}',
            b'{"team":"security-team"}',
            b'{"team":"applications"}',
            b'{"x":1}',
            b"no JSON",
        ),
        {"tenant_from": {"field": "team", "allowed": ["application"]}},
    ),
    "limit": Case(
        {"rate_limit": {"lines_per_second": 0.0001, "burst": 4}},
        (b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h", b"i", b"j"),
        fluent_bit_may_send=dict.fromkeys((b"e", b"f", b"g", b"h", b"i", b"j"), _RATE_LIMIT),
    ),
}


def corpus(kind: str, folder: Path, *names: str, **agent: Any) -> Environment:
    """Return an environment in which the agent `corpus` of a kind reads the files of some cases."""
    sources = {
        name: {
            "kind": "file",
            "paths": [str(_file(folder, name))],
            "cluster": "main",
            "tenant": "platform",
            "labels": {"job": name},
            "parse": CASES[name].parse,
            **CASES[name].source,
        }
        for name in names
    }
    declared = environment(
        "local", ("sources", sources), ("agents", {AGENT: {"kind": kind, "sources": list(names), **agent}})
    )
    assert list(find_pipeline_problems(declared)) == []
    return declared


def cases_for(kind: str, folder: Path) -> tuple[str, ...]:
    """Return the cases that an agent of a kind can carry out. The others are refused when it is rendered."""
    if kind != "fluent-bit":
        return tuple(CASES)
    problems = unsupported(corpus(kind, folder, *CASES), AGENT)
    refused = {problem.path.split(".")[1] for problem in problems}
    return tuple(name for name in CASES if name not in refused)


def write(folder: Path, name: str, lines: Iterable[bytes]) -> None:
    """Append lines to the file of a case."""
    with _file(folder, name).open("ab") as file:
        file.writelines(line + b"\n" for line in lines)


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.log"


def expected(declared: Environment, folder: Path, name: str, lines: Sequence[bytes]) -> Counter[Arrived]:
    """Return what arrives of the lines of a case, if the agent reads them in one go and then stops."""
    samples = [Sample(from_bytes(line), time.time_ns(), {"filename": str(_file(folder, name))}) for line in lines]
    return expected_of(declared, name, samples)


def expected_of(declared: Environment, name: str, samples: Sequence[Sample]) -> Counter[Arrived]:
    """Return what arrives of the samples of a source."""
    first_ns = min((sample.read_ns for sample in samples), default=0)
    outcomes = run(declared.sources[name], samples, declared.agents[AGENT])
    return Counter(_expected(outcome, first_ns, declared) for outcome in outcomes if isinstance(outcome, Entry))


def _expected(entry: Entry, first_ns: int, declared: Environment) -> Arrived:
    # A timestamp before the first reading is from a line, or follows one that is.
    is_of_lines = entry.timestamp_from == "field" or entry.timestamp_ns < first_ns
    if declared.agents[AGENT].kind == "fluent-bit" and entry.timestamp_from == "previous line":
        is_of_lines = False
    return _arrived(
        entry.tenant,
        entry.labels,
        entry.structured_metadata,
        entry.timestamp_ns if is_of_lines else None,
        entry.line,
    )


def received(pushes: Iterable[ReceivedPush], started_ns: int) -> Counter[Arrived]:
    """Return what arrived in pushes that were acknowledged.

    started_ns   when the agent started: later timestamps are times of reading
    """
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


def differences(wanted: Counter[Arrived], arrived: Counter[Arrived], kind: str) -> list[str]:
    """Return what an agent of a kind did not send, and what it sent although the model did not.

    Timestamps of cases in which the agent cannot have those of the model are not compared.
    """
    untimed = {name for name, case in CASES.items() if case.fluent_bit_times} if kind == "fluent-bit" else set()
    wanted, arrived = _without_times(wanted, untimed), _without_times(arrived, untimed)
    too_much = arrived - wanted
    if kind == "fluent-bit":
        too_much -= Counter(entry for entry in too_much if _may_send(entry))
    return [
        *(f"{MISSING}: {_text(entry)}" for entry in (wanted - arrived).elements()),
        *(f"too much: {_text(entry)}" for entry in too_much.elements()),
    ]


def _may_send(entry: Arrived) -> bool:
    _, labels, _, _, line = entry
    case = CASES.get(dict(labels).get("job", ""))
    return case is not None and line in case.fluent_bit_may_send


def _without_times(entries: Counter[Arrived], names: Collection[str]) -> Counter[Arrived]:
    """Return the entries, without timestamps for the cases with these names."""
    return Counter(
        (tenant, labels, metadata, None if dict(labels).get("job") in names else timestamp_ns, line)
        for tenant, labels, metadata, timestamp_ns, line in entries.elements()
    )


def _text(entry: Arrived) -> str:
    tenant, labels, metadata, timestamp_ns, line = entry
    return f"{tenant} {dict(sorted(labels))} {dict(sorted(metadata))} {timestamp_ns} {line[:100]!r} ({len(line)} bytes)"
