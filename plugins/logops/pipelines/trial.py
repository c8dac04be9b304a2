"""Try the pipeline of a source with sample lines, as its agent would read them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from logops.environment.agents import Agent
from logops.environment.go_time import TimestampError, parse_timestamp
from logops.environment.model import Environment
from logops.environment.pipeline import RateLimit
from logops.environment.sources import FileSource, PodSource, Source, SyslogSource
from logops.pipelines.line import Outcome, Sample
from logops.pipelines.run import run
from logops.pipelines.text import from_bytes

_RFC5424 = re.compile(
    r"<\d{1,3}>1 (\S+) (\S+) (\S+) \S+ \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+)(?: (?:\ufeff)?(.*))?", re.DOTALL
)
"""The header of RFC 5424: time, host, application, structured data, message."""

_POD_FILE = re.compile(r"/var/log/pods/([^/_]+)_([^/_]+)_[^/]+/([^/]+)/[^/]+")
"""Namespace, pod and container in the path of a log file."""


@dataclass(frozen=True)
class Trial:
    """The result of sample lines.

    agent        the agent that ships the source; "" if none does
    rate_limit   the rate limit of the source. It is not tried: the samples do not say when they were written
    """

    source: Source
    agent: str
    samples: tuple[Sample, ...]
    outcomes: tuple[Outcome, ...]
    rate_limit: RateLimit | None


def try_pipeline(environment: Environment, source_name: str, data: bytes, file: str, now_ns: int) -> Trial:
    """Return what becomes of the lines of a file.

    data     the lines; for syslog, each with its header or without
    file     name of the file, for the label filename; "" if the lines come from no file
    now_ns   when the lines are read, in nanoseconds since 1970
    """
    source = environment.sources[source_name]
    shipping = {name: agent for name, agent in environment.agents.items() if source_name in agent.sources}
    name, agent = next(((n, a) for n, a in shipping.items() if not a.archive), ("", None))
    samples = tuple(_samples(source, data, file, now_ns))
    return Trial(source, name, samples, _outcomes(source, samples, agent), source.parse.rate_limit)


def _outcomes(source: Source, samples: tuple[Sample, ...], agent: Agent | None) -> tuple[Outcome, ...]:
    parse = source.parse.model_copy(update={"rate_limit": None})
    return tuple(run(source.model_copy(update={"parse": parse}), samples, agent))


def _samples(source: Source, data: bytes, file: str, now_ns: int) -> Iterator[Sample]:
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    for line in lines:
        yield _sample(source, from_bytes(line), file, now_ns)


def _sample(source: Source, text: str, file: str, now_ns: int) -> Sample:
    match source:
        case FileSource():
            return Sample(text, now_ns, {"filename": file or source.paths[0]})
        case PodSource():
            return Sample(text, now_ns, _pod_labels(file))
        case SyslogSource():
            return _syslog_sample(text, now_ns)
        case _:
            return Sample(text, now_ns)


def _pod_labels(file: str) -> dict[str, str]:
    match = _POD_FILE.fullmatch(str(PurePosixPath(file))) if file else None
    if match is None:
        return {"filename": file} if file else {}
    return {"filename": file, **dict(zip(("namespace", "pod", "container"), match.groups(), strict=True))}


def _syslog_sample(text: str, now_ns: int) -> Sample:
    header = _RFC5424.fullmatch(text)
    if header is None:
        return Sample(text, now_ns)
    time, host, app, message = header.groups()
    try:
        timestamp_ns = parse_timestamp(time, "RFC3339Nano", None, now_ns)
    except TimestampError:
        timestamp_ns = None
    labels = {name: value for name, value in (("app", app), ("host", host)) if value != "-"}
    return Sample(message or "", now_ns, labels, timestamp_ns)
