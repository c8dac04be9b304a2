"""`logops agents test`: try the pipeline of a log source with sample lines."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.cells import set_cell_size
from rich.text import Text

from logops.cli.input import read_input
from logops.cli.output.console import OK, print_json, print_text, printable, say, stop, width
from logops.cli.targets import environment
from logops.number_text import count_text, size_text
from logops.pipelines.line import Dropped, Entry, Outcome, TimestampFrom
from logops.pipelines.text import readable
from logops.pipelines.trial import Trial, try_pipeline
from logops.suggestions import did_you_mean

_INDENT = " " * 10

_TIMESTAMP_FROM: dict[TimestampFrom, str] = {
    "field": "",
    "input": "",
    "previous line": "no readable timestamp: 1 ns after the line before",
    "time of reading": "no readable timestamp: the time of reading",
}
_FORMATS = {
    "json": "not a JSON object",
    "logfmt": "not logfmt, or none of the fields is in the line",
    "regex": "the expression does not match",
    "cri": "not in the CRI format",
    "docker": "not in Docker's format",
}


def try_command(name: str, source: str, file: Path, as_json: bool) -> None:
    """Run `logops agents test`."""
    loaded = environment(name)
    if source not in loaded.sources:
        known = ", ".join(sorted(loaded.sources)) or "none"
        stop(f"{loaded.name} has no source {source!r}. Its sources: {known}.{did_you_mean(source, loaded.sources)}")
    trial = try_pipeline(
        loaded, source, read_input(file, "sample lines"), "" if str(file) == "-" else str(file), time.time_ns()
    )
    if as_json:
        print_json([_as_data(outcome) for outcome in trial.outcomes])
    else:
        for outcome in trial.outcomes:
            print_text(_block(outcome, trial))
    say(_summary(trial, source))
    if trial.rate_limit:
        say(
            f"The rate limit of {trial.rate_limit.lines_per_second:,g} lines a second was not tried: "
            "it depends on when lines are written."
        )
    raise typer.Exit(OK)


def _block(outcome: Outcome, trial: Trial) -> Text:
    """Return the lines about an outcome: a heading, what the entry has, and the line itself."""
    numbers = _numbers(outcome.samples)
    if isinstance(outcome, Dropped):
        return _lines(numbers, Text(f"dropped by the rule {outcome.rule}", "yellow"), [("line", outcome.line)])
    selector = ", ".join(f'{label}="{value}"' for label, value in sorted(outcome.labels.items()) if value)
    heading = Text(f"{{{selector}}}", "green")
    return _lines(numbers, heading, list(_details(outcome, trial)))


def _details(entry: Entry, trial: Trial) -> Iterator[tuple[str, str]]:
    if entry.tenant != trial.source.tenant:
        yield "tenant", entry.tenant
    reason = _TIMESTAMP_FROM[entry.timestamp_from]
    yield "time", f"{_moment(entry.timestamp_ns)}{f' ({reason})' if reason else ''}"
    if metadata := " ".join(f'{name}="{value}"' for name, value in sorted(entry.structured_metadata.items()) if value):
        yield "metadata", metadata
    if entry.unparsed:
        yield "unparsed", ", ".join(_FORMATS[name] for name in entry.unparsed)
    for rule in trial.source.parse.sample:
        if rule.name in entry.sampled_by:
            yield "sampled", f"{rule.keep:.3g} of such lines are sent (rule {rule.name})"
    if entry.cut_bytes:
        yield "cut", f"{size_text(entry.cut_bytes)} of the line, by max_line_size of agent {trial.agent}"
    yield "line", entry.line


def _lines(numbers: str, heading: Text, details: list[tuple[str, str]]) -> Text:
    block = [Text(f"{numbers:<{len(_INDENT)}}", "bold").append(heading)]
    for name, value in details:
        parts = [printable(part) for part in readable(value).split("\n")]
        if name == "line":
            parts = [_fitted(part) for part in parts]
        block.append(Text(f"{name:<{len(_INDENT)}}{parts[0]}"))
        block += [Text(f"{_INDENT}{part}") for part in parts[1:]]
    return Text("\n").join(block)


def _fitted(text: str) -> str:
    """Return the text, cut at the end of the terminal's line."""
    limit = width()
    if limit is None or len(text) <= limit - len(_INDENT):
        return text
    return set_cell_size(text, limit - len(_INDENT) - 1).rstrip() + "…"


def _numbers(samples: tuple[int, ...]) -> str:
    """Return the numbers of lines, from 1: `3`, `3-5`, `3,5`."""
    first, last = samples[0] + 1, samples[-1] + 1
    if len(samples) == 1:
        return str(first)
    separator = "-" if last - first == len(samples) - 1 else ".."
    return f"{first}{separator}{last}"


def _moment(timestamp_ns: int) -> str:
    seconds, nanoseconds = divmod(timestamp_ns, 10**9)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{timestamp_ns} ns since 1970"
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z"


def _summary(trial: Trial, source: str) -> str:
    entries = [outcome for outcome in trial.outcomes if isinstance(outcome, Entry)]
    tenants = Counter(entry.tenant for entry in entries)
    rules: Counter[str] = Counter()
    for outcome in trial.outcomes:
        if isinstance(outcome, Dropped):
            rules[outcome.rule] += len(outcome.samples)
    sent = ", ".join(f"{count:,} to tenant {tenant}" for tenant, count in sorted(tenants.items()))
    dropped = ", ".join(f"{count:,} by {rule}" for rule, count in sorted(rules.items()))
    unparsed = sum(1 for entry in entries if entry.unparsed)
    agent = f" by agent {trial.agent}" if trial.agent else ", but no agent ships this source"
    parts = [
        f"{source}: {count_text(len(trial.samples), 'line')}",
        count_text(len({frozenset(entry.labels.items()) for entry in entries}), "stream"),
        f"sent{agent}: {sent or 'nothing'}",
        f"dropped: {dropped or 'nothing'}",
    ]
    if unparsed:
        parts.append(f"not parsed: {unparsed:,}")
    return "; ".join(parts)


def _as_data(outcome: Outcome) -> dict[str, Any]:
    lines = [number + 1 for number in outcome.samples]
    if isinstance(outcome, Dropped):
        return {"lines": lines, "dropped_by": outcome.rule, "line": readable(outcome.line)}
    return {
        "lines": lines,
        "dropped_by": None,
        "tenant": outcome.tenant,
        "labels": {name: readable(value) for name, value in sorted(outcome.labels.items())},
        "structured_metadata": dict(sorted(outcome.structured_metadata.items())),
        "timestamp": _moment(outcome.timestamp_ns),
        "timestamp_ns": outcome.timestamp_ns,
        "timestamp_from": outcome.timestamp_from,
        "line": readable(outcome.line),
        "unparsed": list(outcome.unparsed),
        "cut_bytes": outcome.cut_bytes,
        "sampled_by": list(outcome.sampled_by),
    }
