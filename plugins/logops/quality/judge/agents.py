"""Do agents answer, and do they send every line that they read? By their own counters."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from fnmatch import fnmatch
from http import HTTPStatus

from logops.environment import Environment
from logops.environment.sources import FileSource, Source
from logops.findings import Finding, Subject
from logops.findings.classes.quality import AGENT_DOWN, LINES_LOST
from logops.number_text import count_text, plural
from logops.quality.context import Context, agent_processes
from logops.quality.counters import (
    AGENT_REQUESTS,
    DISCARDED,
    DROPPED,
    READ,
    SENT,
    STAGE_DROPPED,
    UNREADABLE,
    Counter,
    total,
)
from logops.quality.precedence import PIPELINE
from logops.render.agents.fluent_bit.outputs import loki_output_name

IN_FLIGHT_S = 10.0
TOLERATED_SHARE = 0.01
TOLERATED_LINES = 10
"""Lines that were read and are not sent yet are no finding: the largest of the three."""
LEAST_COVERED = 0.5
CLEARLY_FEWER = 0.8
"""A source lacks lines if fewer than this share of its lines is stored. Both are rates, so lines in flight do not
count; buckets must cover at least `LEAST_COVERED` of the time."""
MINUTE = timedelta(minutes=1)
RATE_LIMITED = ("ratelimit_drop_stage", "rate_limited")
"""Reasons of the limit stage, which cannot be named (Promtail: clients/pkg/logentry/stages/limit.go)."""


def agents_down(context: Context) -> Iterator[Finding]:
    """Yield the agents that do not answer, and those of which Loki accepted nothing since the last run."""
    for process, (cluster, sources) in agent_processes(context).items():
        problem = ""
        if reason := context.measured.silent_processes.get(process):
            # The message is about a Loki, whose client reads the page.
            problem = f"does not answer: {reason.replace('Is Loki running', 'Is the agent running')}"
        elif failed := _refused_requests(context, process, cluster):
            counted = count_text(sum(failed.values()), "request")
            problem = f"cannot send: {counted} failed since the last run ({_statuses(failed)}), and none was accepted."
        if problem:
            yield Finding(
                AGENT_DOWN,
                Subject(context.environment.name, cluster, path=process),
                f"Agent process {process} {problem} It ships {plural(len(sources), 'source')} {', '.join(sources)}.",
                context.request.as_of,
                {"sources": ", ".join(sources)},
            )


def _refused_requests(context: Context, process: str, cluster: str) -> dict[str, int]:
    """Return the failed requests of an agent if none was accepted; empty if Loki refused lines: they are the cause."""
    counters = _increases(context, process)
    is_refused = total([each for each in context.increases if each.cluster == cluster], DISCARDED)
    return {} if is_refused or total(counters, *SENT) else _failed_requests(counters)


def _failed_requests(counters: Sequence[Counter]) -> dict[str, int]:
    """Return the number of failed requests by the status of their answer."""
    requests = [counter for counter in counters if counter.name in AGENT_REQUESTS]
    failed = [counter for counter in requests if not counter.label("status_code").startswith("2")]
    return _by(failed, "status_code")


def _statuses(failed: Mapping[str, int]) -> str:
    return ", ".join(f"{_status_text(status)} {count:,}" for status, count in sorted(failed.items()))


def _status_text(status: str) -> str:
    try:
        return f"{status} {HTTPStatus(int(status)).phrase}"
    except ValueError:
        return "no answer"


def lines_given_up(context: Context) -> Iterator[Finding]:
    """Yield the agents that gave up lines, one finding for each tenant: Loki refuses lines by tenant."""
    for process, (cluster, sources) in agent_processes(context).items():
        dropped = [each for each in _increases(context, process) if each.name in DROPPED]
        failed = _failed_requests(_increases(context, process))
        because = f" Failed requests: {_statuses(failed)}." if failed else ""
        for tenant in sorted({counter.label("tenant") for counter in dropped}):
            counts = _by([each for each in dropped if each.label("tenant") == tenant], "reason")
            outputs = {counter.label("name") for counter in dropped if counter.value}
            concerned = [
                name
                for name in sources
                if context.environment.sources[name].tenant == tenant or loki_output_name(name) in outputs
            ] or sources
            of_tenant = f" of tenant {tenant}" if tenant else ""
            yield Finding(
                LINES_LOST,
                Subject(context.environment.name, cluster, tenant, path=process),
                f"Agent process {process} gave up {_counts(counts)}{of_tenant}, since the last run.{because}",
                context.request.as_of,
                {"sources": ", ".join(concerned), "lines": sum(counts.values())},
            )


def lines_dropped_by_agents(context: Context) -> Iterator[Finding]:
    """Yield the agents whose pipeline drops lines without a rule of the environment."""
    for process, (cluster, sources) in agent_processes(context).items():
        counters = _increases(context, process)
        unnamed = {
            reason: count
            for reason, count in _by([each for each in counters if each.name in STAGE_DROPPED], "reason").items()
            if reason not in _rule_names(context.environment, sources)
        }
        unreadable = int(total(counters, *UNREADABLE))
        vanished = _vanished(context, counters, sources)
        problems = [
            *([f"dropped {_counts(unnamed)}, for which no source has a rule"] if unnamed else []),
            *([f"could not read {count_text(unreadable, 'syslog message')}, and dropped them"] if unreadable else []),
            *([vanished] if vanished else []),
        ]
        if problems:
            missing = _missing_by_source(context, counters, sources)
            yield Finding(
                LINES_LOST,
                Subject(context.environment.name, cluster, path=process),
                f"Agent process {process} {' and '.join(problems)}, since the last run.{_text(missing)}",
                context.request.as_of,
                {"sources": ", ".join(missing or sources), "where": PIPELINE},
            )


def _vanished(context: Context, counters: Sequence[Counter], sources: Sequence[str]) -> str:
    """Return a text about lines that the agent read, but neither sent nor counted as dropped. Empty: no such lines.

    Lines wait in the agent while Loki does not accept them, so a run in whose time a request failed judges nothing.
    Stages that join lines make entries of several lines, so their agents are not judged.
    """
    parses = [context.environment.sources[name].parse for name in sources]
    joins = any(parse.multiline_first_line or parse.container for parse in parses)
    if joins or context.earlier is None or _failed_requests(counters):
        return ""
    read, sent = total(counters, *READ), total(counters, *SENT)
    dropped = total(counters, *STAGE_DROPPED) + total(counters, *DROPPED)
    elapsed_s = max((context.request.as_of - context.earlier.as_of).total_seconds(), IN_FLIGHT_S)
    in_flight = max(read / elapsed_s * IN_FLIGHT_S, read * TOLERATED_SHARE, TOLERATED_LINES)
    if read - sent - dropped <= in_flight:
        return ""
    counted = f" and counted {dropped:,.0f} as dropped" if dropped else ""
    return f"read {count_text(int(read), 'line')} and sent {sent:,.0f}{counted}"


def _missing_by_source(
    context: Context, counters: Sequence[Counter], sources: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """Return the lines per minute that were read and that are stored, of each source with clearly fewer stored lines.

    Empty if hardly a whole bucket ended since the last run: then it is unknown which sources lack lines.
    """
    if context.earlier is None:
        return {}
    bucket = timedelta(seconds=context.request.bucket_s)
    read_min = (context.request.as_of - context.earlier.as_of) / MINUTE
    missing = {}
    for name in sources:
        source, measure = context.source(name)
        since = [end for end in measure.lines or {} if end - bucket >= context.earlier.as_of]
        stored_min = len(since) * bucket / MINUTE
        if stored_min < read_min * LEAST_COVERED:
            continue
        read = sum(
            counter.value
            for counter in counters
            if counter.name in READ and any(_is_of(counter.label("path"), path) for path in _paths(source))
        )
        stored_rate, read_rate = measure.lines_since(context.earlier.as_of, bucket) / stored_min, read / read_min
        if read > TOLERATED_LINES and stored_rate < read_rate * CLEARLY_FEWER:
            missing[name] = (read_rate, stored_rate)
    return missing


def _paths(source: Source) -> tuple[str, ...]:
    return source.paths if isinstance(source, FileSource) else ()


def _is_of(file: str, pattern: str) -> bool:
    """Whether a file is one of those that a source reads. The paths of a local environment may be relative."""
    return bool(file) and (fnmatch(file, pattern) or fnmatch(file, f"*/{pattern}"))


def _text(missing: Mapping[str, tuple[float, float]]) -> str:
    return "".join(
        f" Of {name} it read {read:,.1f} lines per minute, and {stored:,.1f} are in Loki."
        for name, (read, stored) in missing.items()
    )


def _increases(context: Context, process: str) -> list[Counter]:
    return [counter for counter in context.increases if counter.process == process and counter.value]


def _by(counters: Sequence[Counter], label: str) -> dict[str, int]:
    """Return the sum of counters by the value of a label."""
    counts: dict[str, int] = {}
    for counter in counters:
        value = counter.label(label)
        counts[value] = counts.get(value, 0) + int(counter.value)
    return counts


def _rule_names(environment: Environment, sources: Sequence[str]) -> set[str]:
    """Return the names under which agents count lines that the environment tells them to drop."""
    parses = [environment.sources[name].parse for name in sources]
    drop = {rule.name for parse in parses for rule in parse.drop}
    sample = {rule.name for parse in parses for rule in parse.sample}
    limit = RATE_LIMITED if any(parse.rate_limit for parse in parses) else ()
    return {*drop, *sample, *limit}


def _counts(by_reason: Mapping[str, int]) -> str:
    lines = count_text(sum(by_reason.values()), "line")
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(by_reason.items()) if reason)
    return f"{lines} ({reasons})" if reasons else lines
