"""Try the pipeline of a source with sample lines, as its agent would read them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from logops.environment.agents import Agent
from logops.environment.model import Environment
from logops.environment.pipeline import RateLimit
from logops.environment.sources import FileSource, PodSource, Source, SyslogSource
from logops.pipelines.line import Outcome, Sample
from logops.pipelines.run import run
from logops.pipelines.syslog import syslog_sample
from logops.pipelines.text import from_bytes

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
    samples = tuple(_samples(source, data, file, now_ns, agent.kind if agent else ""))
    return Trial(source, name, samples, _outcomes(source, samples, agent), source.parse.rate_limit)


def _outcomes(source: Source, samples: tuple[Sample, ...], agent: Agent | None) -> tuple[Outcome, ...]:
    parse = source.parse.model_copy(update={"rate_limit": None})
    return tuple(run(source.model_copy(update={"parse": parse}), samples, agent))


def _samples(source: Source, data: bytes, file: str, now_ns: int, agent_kind: str) -> Iterator[Sample]:
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    for line in lines:
        yield _sample(source, from_bytes(line), file, now_ns, agent_kind)


def _sample(source: Source, text: str, file: str, now_ns: int, agent_kind: str) -> Sample:
    match source:
        case FileSource():
            return Sample(text, now_ns, {"filename": file or source.paths[0]})
        case PodSource():
            return Sample(text, now_ns, _pod_labels(file))
        case SyslogSource():
            # A message may be given without its header.
            has_header = re.match(r"<\d", text)
            return syslog_sample(source, text, now_ns, agent_kind) if has_header else Sample(text, now_ns)
        case _:
            return Sample(text, now_ns)


def _pod_labels(file: str) -> dict[str, str]:
    match = _POD_FILE.fullmatch(str(PurePosixPath(file))) if file else None
    if match is None:
        return {"filename": file} if file else {}
    return {"filename": file, **dict(zip(("namespace", "pod", "container"), match.groups(), strict=True))}
