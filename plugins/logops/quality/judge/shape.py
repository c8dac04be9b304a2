"""Do the lines have their declared form?"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from logops.environment.sources import Source
from logops.environment.verification import VERIFICATION_TEXT
from logops.findings import Finding
from logops.findings.classes.quality import DUPLICATES, LINES_UNPARSABLE, SECRET_IN_LOGS
from logops.logql.build import stream
from logops.logql.regexes import compiled
from logops.number_text import count_text
from logops.quality.context import EXAMPLE, Context
from logops.quality.secrets.leak import Leak, leaks
from logops.quality.secrets.rules import Kind, is_masked
from logops.quality.secrets.search import by_rule
from logops.quality.sources import checked_format

TRACE_ID = "trace_id"
_TRACE_ID = re.compile("[0-9a-f]{32}")
FEWEST_COPIES = 3
"""Fewer copies are no finding: an agent may send a batch again after a restart."""


def unparsable_lines(context: Context) -> Iterator[Finding]:
    """Yield the sources with too many lines that do not have the declared format."""
    for name in context.environment.sources:
        source, measure = context.source(name)
        if not measure.unparsable or not measure.total:
            continue
        share = measure.unparsable / measure.total
        if share <= source.expect.unparsable_at_most:
            continue
        form = {"json": "JSON", "logfmt": "logfmt"}.get(checked_format(source), "the expression of its pipeline")
        yield context.finding(
            LINES_UNPARSABLE,
            name,
            f"{count_text(measure.unparsable, 'line')} of {measure.total:,} of {name} ({share:.1%}) are not {form}. "
            f"At most {source.expect.unparsable_at_most:.1%} may be."
            + context.example(name, (entry for entry in measure.sample if not has_format(source, entry.text))),
            measure.unparsable_query,
            {"lines": measure.total, "unparsable": measure.unparsable, "share": round(share, 4)},
        )


def malformed_traces(context: Context) -> Iterator[Finding]:
    """Yield the sources with trace ids in their sample that no tracing system accepts."""
    for name in context.environment.sources:
        source, measure = context.source(name)
        ids = [entry for entry in measure.sample if TRACE_ID in entry.structured_metadata]
        wrong = [entry for entry in ids if not _TRACE_ID.fullmatch(entry.structured_metadata[TRACE_ID])]
        if ids and len(wrong) / len(ids) > source.expect.unparsable_at_most:
            yield context.finding(
                LINES_UNPARSABLE,
                name,
                f"{len(wrong):,} of {count_text(len(ids), 'sampled line')} of {name} have a {TRACE_ID} that is not 32 "
                f"hexadecimal digits.{context.example(name, wrong)}",
                str(stream(dict(source.labels)).where(TRACE_ID, "!~", "[0-9a-f]{32}")),
                {"lines": len(ids), "malformed": len(wrong)},
            )


def duplicated_lines(context: Context) -> Iterator[Finding]:
    """Yield the sources whose sample has too many lines twice.

    A line that carries its own timestamp is a copy if its text is equal. Another line is a copy if its text and its
    timestamp are equal: Loki stores such lines only in different streams.
    """
    for name in context.environment.sources:
        source, measure = context.source(name)
        entries = [entry for entry in measure.sample if VERIFICATION_TEXT not in entry.text]
        reported: set[tuple[str, int]] = set()
        copies = []
        for entry in entries:
            key = (entry.text, 0 if source.parse.timestamp else entry.timestamp_ns)
            if key in reported:
                copies.append(entry)
            reported.add(key)
        if len(copies) < FEWEST_COPIES or len(copies) / len(entries) <= source.expect.duplicates_at_most:
            continue
        yield context.finding(
            DUPLICATES,
            name,
            f"{len(copies):,} of {count_text(len(entries), 'sampled line')} of {name} are copies of another line "
            f"({len(copies) / len(entries):.1%}). At most {source.expect.duplicates_at_most:.1%} may be."
            f"{context.example(name, copies)}",
            str(stream(dict(source.labels))),
            {"sampled": len(entries), "copies": len(copies)},
        )


def secrets(context: Context) -> Iterator[Finding]:
    """Yield the sources with secrets, and with personal data if they must not have it."""
    for name in context.scans:
        source = context.environment.sources[name]
        for leak in leaks_of(context, name):
            if leak.kind is Kind.PERSONAL_DATA and source.expect.personal_data:
                continue
            example = f"{EXAMPLE}{leak.examples[0]}" if leak.examples and context.shows_examples(name) else ""
            # A label of a security cluster may come from a line. What the environment declares does not.
            labels = leak.streams[0] if context.shows_examples(name) else source.labels
            unmasked = {label: value for label, value in labels.items() if not is_masked(f"{label}={value}")}
            finding = context.finding(
                SECRET_IN_LOGS,
                name,
                f"{name}: {leak.kind.value} {leak.rule_id} in {', '.join(leak.parts)}. {leak.statement}{example}",
                str(stream(unmasked or dict(source.labels))),
                {"stream": shown_stream(labels), "streams": len(leak.streams), **leak.evidence},
                _between(leak.first_ns, leak.last_ns),
            )
            yield replace(finding, subject=replace(finding.subject, path=leak.rule_id))


def leaks_of(context: Context, name: str) -> tuple[Leak, ...]:
    """Return what the sample of a source and the search for keywords found, one leak for each rule."""
    measure = context.measured.sources[name]
    sampled = leaks(context.scans[name], measure.total or None)
    search = context.searches.get(name)
    if search is None:
        return sampled
    if not measure.has_all_keywords:
        return by_rule(sampled, leaks(search))
    return by_rule(sampled, leaks(search, measure.total, read_lines=measure.total))


def shown_stream(labels: Mapping[str, str]) -> str:
    """Return labels as Loki shows a stream. Names may be masked, so this is not always a query."""
    return "{" + ", ".join(f"{label}={json.dumps(labels[label], ensure_ascii=False)}" for label in sorted(labels)) + "}"


def _between(first_ns: int, last_ns: int) -> tuple[datetime, datetime] | None:
    """Return the whole seconds around two times; None if they are not known."""
    if not first_ns:
        return None
    start, end = (datetime.fromtimestamp(time_ns // 10**9, UTC) for time_ns in (first_ns, last_ns))
    return start, end + timedelta(seconds=1)


def has_format(source: Source, line: str) -> bool:
    """Whether a line has the format that its source must have. Every line has the format none."""
    match checked_format(source):
        case "json":
            try:
                return isinstance(json.loads(line), dict)
            except ValueError:
                return False
        case "regex" if source.parse.expression:
            return compiled(source.parse.expression).search(line) is not None
        case _:
            return True
