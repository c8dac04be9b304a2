"""Carry out the pipeline of a source: samples in, entries and dropped lines out.

The model follows Promtail 3.6. Tests compare it with the real program. Agents differ from each other in a few points:
docs/agents.md.
"""

from collections.abc import Iterable, Iterator

from logops.environment.agents import Agent
from logops.environment.sources import Source
from logops.pipelines import stages
from logops.pipelines.deciding import Drops, Limits, Samples, Tenants
from logops.pipelines.joining import CriLines, JoinedLines
from logops.pipelines.line import Dropped, Entry, Line, Outcome, Sample
from logops.pipelines.parsing import DockerLines, Fields, Labels, Metadata, Output, Timestamps
from logops.pipelines.step import Step
from logops.pipelines.text import cut


def run(source: Source, samples: Iterable[Sample], agent: Agent | None = None) -> Iterator[Outcome]:
    """Yield what becomes of each sample: a log entry, or a dropped line. Several samples may be one entry.

    source    the source, whose fixed labels every entry gets
    samples   lines in the order in which the agent reads them
    agent     the agent that reads them: it may add labels and cut long lines

    Sampling depends on chance: an entry names its sampling rules, and is not dropped. After the last sample, the agent
    stops: it sends what it has joined so far.
    """
    steps = [_step(stage) for stage in stages.stages_of(source)]
    for number, sample in enumerate(samples):
        if sample.refused_by:
            yield Dropped((number,), sample.refused_by, sample.text)
            continue
        yield from _sent(_due(steps, sample.read_ns), agent)
        yield from _sent(_through(steps, _line(number, sample, source)), agent)
    yield from _sent(_ended(steps), agent)


def _line(number: int, sample: Sample, source: Source) -> Line:
    labels = {**source.labels, **sample.labels}
    return Line(
        samples=(number,),
        text=sample.text,
        labels=labels,
        fields=dict(labels),
        timestamp_ns=sample.read_ns if sample.timestamp_ns is None else sample.timestamp_ns,
        timestamp_from="input",
        read_ns=sample.read_ns,
    )


def _through(steps: list[Step], line: Line) -> Iterator[Line | Dropped]:
    """Yield what becomes of a line after all steps."""
    if not steps:
        yield line
        return
    for result in steps[0].take(line):
        if isinstance(result, Dropped):
            yield result
        else:
            yield from _through(steps[1:], result)


def _due(steps: list[Step], now_ns: int) -> Iterator[Line | Dropped]:
    """Yield the lines that steps have held back for long enough."""
    for position, step in enumerate(steps, start=1):
        for line in step.due(now_ns):
            yield from _through(steps[position:], line)


def _ended(steps: list[Step]) -> Iterator[Line | Dropped]:
    """Yield the lines that steps still hold."""
    for position, step in enumerate(steps, start=1):
        for result in step.end():
            if isinstance(result, Dropped):
                yield result
            else:
                yield from _through(steps[position:], result)


def _sent(results: Iterable[Line | Dropped], agent: Agent | None) -> Iterator[Outcome]:
    for result in results:
        yield result if isinstance(result, Dropped) else _entry(result, agent)


def _entry(line: Line, agent: Agent | None) -> Entry:
    text, cut_bytes = line.text, 0
    if agent and agent.max_line_size:
        text, cut_bytes = cut(text, agent.max_line_size.value)
    return Entry(
        samples=line.samples,
        tenant=line.tenant,
        labels={**(agent.labels if agent else {}), **line.labels},
        structured_metadata=line.metadata,
        timestamp_ns=line.timestamp_ns,
        timestamp_from=line.timestamp_from,
        line=text,
        unparsed=line.unparsed,
        cut_bytes=cut_bytes,
        sampled_by=line.sampled_by,
    )


def _step(stage: stages.Stage) -> Step:
    return _reading_step(stage) or _sending_step(stage)


def _reading_step(stage: stages.Stage) -> Step | None:
    match stage:
        case stages.UnwrapCri():
            return CriLines()
        case stages.UnwrapDocker():
            return DockerLines()
        case stages.JoinLines():
            return JoinedLines(stage)
        case stages.ParseJson() | stages.ParseLogfmt() | stages.ParseRegex():
            return Fields(stage)
    return None


def _sending_step(stage: stages.Stage) -> Step:
    match stage:
        case stages.Drop(rule=rule):
            return Drops(rule)
        case stages.SetLabels(fields=fields):
            return Labels(fields)
        case stages.SetMetadata(fields=fields):
            return Metadata(fields)
        case stages.SetTimestamp(timestamp=timestamp):
            return Timestamps(timestamp)
        case stages.Sample(rule=rule):
            return Samples(rule)
        case stages.Limit(limit=limit):
            return Limits(limit)
        case stages.ReplaceLine(field=field):
            return Output(field)
        case stages.SetTenant():
            return Tenants(stage)
    raise TypeError(f"the model does not know the stage {type(stage).__name__}")
