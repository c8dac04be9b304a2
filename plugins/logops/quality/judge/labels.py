"""Do the streams have the right labels, and not too many of them?"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from logops.environment.verification import VERIFICATION_LABEL_VALUE
from logops.findings import Finding
from logops.findings.classes.quality import CARDINALITY_GROWING, LABELS_UNEXPECTED
from logops.logql.build import stream
from logops.number_text import count_text
from logops.quality.context import Context
from logops.quality.measured import Labels
from logops.quality.sources import allowed_labels, required_labels

_NAMED = 5
"""Values that a message names."""
GROWTH = 3
LEAST_GROWTH = 50
"""A source grows if its streams are this many times those of the run before, and this many more."""


def unexpected_labels(context: Context) -> Iterator[Finding]:
    """Yield the sources whose streams lack labels, have labels that are not allowed, or have unknown levels."""
    for name in context.environment.sources:
        source, measure = context.source(name)
        if not measure.streams:
            continue
        streams = real_streams(measure.streams)
        missing = Counter(label for labels in streams for label in required_labels(source) - labels.keys())
        allowed = allowed_labels(source)
        extra = Counter(label for labels in streams for label in labels.keys() - allowed) if allowed is not None else {}
        unknown = _unknown_levels(source.expect.levels, streams, measure.levels)
        # A level comes from a line, so it is masked, and not shown where lines are not shown.
        levels = [context.masked(level) for level in unknown[:_NAMED]] if context.shows_examples(name) else []
        of_all = f"of {count_text(len(streams), 'stream')}"
        problems = [
            *(f"the label {label} is missing in {count} {of_all}" for label, count in sorted(missing.items())),
            *(f"the label {label} is not allowed; it is in {count} {of_all}" for label, count in sorted(extra.items())),
            *([f"unknown levels: {', '.join(levels)}"] if levels else []),
            *([count_text(len(unknown), "unknown level")] if unknown and not levels else []),
        ]
        if problems:
            yield context.finding(
                LABELS_UNEXPECTED,
                name,
                f"{name}: {'; '.join(problems)}.",
                str(stream({**source.labels, **dict.fromkeys(sorted(missing)[:1], "")})),
                {
                    "streams": len(streams),
                    "missing": ", ".join(sorted(missing)),
                    "not_allowed": ", ".join(sorted(extra)),
                    "unknown_levels": ", ".join(levels),
                },
            )


def growing_cardinality(context: Context) -> Iterator[Finding]:
    """Yield the sources with too many streams, or with many more than in the run before."""
    for name in context.environment.sources:
        source, measure = context.source(name)
        count = len(measure.streams or ())
        before = context.earlier.streams.get(name) if context.earlier else None
        is_growing = before is not None and count >= before * GROWTH and count - before >= LEAST_GROWTH
        if count <= source.expect.most_streams and not is_growing:
            continue
        values = {
            label: len({labels.get(label) for labels in measure.streams or ()})
            for label in {label for labels in measure.streams or () for label in labels}
        }
        label = max(sorted(values), key=lambda each: values[each])
        compared = "" if before is None else f"; {before:,} in the run before"
        yield context.finding(
            CARDINALITY_GROWING,
            name,
            f"{name} has {count_text(count, 'stream')}, at most {source.expect.most_streams:,} are expected{compared}. "
            f"The label {label} has {count_text(values[label], 'value')}.",
            str(stream(dict(source.labels))),
            {"streams": count, "label": label, "values": values[label]},
        )


def real_streams(streams: Sequence[Labels]) -> list[Labels]:
    """Return the streams without those of the lines by which logops verifies a source."""
    return [labels for labels in streams if VERIFICATION_LABEL_VALUE not in labels.values()]


def _unknown_levels(known: Sequence[str], streams: Sequence[Labels], counted: Mapping[str, int] | None) -> list[str]:
    if not known:
        return []
    levels = {labels["level"] for labels in streams if "level" in labels} if counted is None else set(counted)
    return sorted(levels - {*known, ""})
