"""Do the lines have their declared form?"""

from collections.abc import Iterator

from logops.findings import Finding
from logops.findings.classes.quality import LINES_UNPARSABLE
from logops.number_text import count_text
from logops.quality.context import Context
from logops.quality.sources import checked_format


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
            f"At most {source.expect.unparsable_at_most:.1%} may be.",
            measure.unparsable_query,
            {"lines": measure.total, "unparsable": measure.unparsable, "share": round(share, 4)},
        )
