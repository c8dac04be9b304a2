"""Rules about labels that no declared source has: the query matches nothing, or groups by nothing."""

from collections.abc import Iterator
from dataclasses import replace

from logops.logql.lint.advice import OF_LOKI, Context, Found
from logops.logql.lint.lines import PARSERS
from logops.logql.tree import Drop, Keep, LabelFilter, LabelFormat, LabelReplace, LogQuery, Matcher, Query, Stage
from logops.logql.walk import all_of, instead
from logops.suggestions import CERTAIN, closest


def unknown_label(query: Query, context: Context) -> Iterator[Found]:
    """Report matchers of a label that no source has. If sources may have other labels, only similar names count."""
    if not context.sources:
        return
    labels = frozenset.union(*(frozenset(source.fixed) | source.varying for source in context.sources)) | OF_LOKI
    metadata = context.metadata | frozenset.union(*(source.metadata for source in context.sources))
    may_have_others = any(source.open for source in context.sources)
    for lines in all_of(query, LogQuery):
        known_by_matcher = [(matcher, labels) for matcher in lines.selector.matchers]
        known_by_matcher += [(matcher, labels | metadata) for matcher in _before_parsers(lines.stages)]
        for matcher, known in known_by_matcher:
            similar = closest(matcher.name, known, CERTAIN)
            if matcher.name in known or matcher.name.startswith("__") or (may_have_others and not similar):
                continue
            hint = f"Did you mean {similar}?" if similar else f"The sources have: {', '.join(sorted(known))}."
            better = instead(query, matcher, replace(matcher, name=similar)) if similar else None
            yield Found(matcher.span, f"no source has the label {matcher.name}. {hint}", better, certain=False)


def _before_parsers(stages: tuple[Stage, ...]) -> Iterator[Matcher]:
    """Yield the matchers of label filters before the first stage that makes labels."""
    for stage in stages:
        if isinstance(stage, (*PARSERS, LabelFormat, LabelReplace, Drop, Keep)):
            return
        if isinstance(stage, LabelFilter):
            yield from all_of(stage, Matcher)
