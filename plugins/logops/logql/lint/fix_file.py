"""Apply the linter's certain rewrites to the queries in a file, and change nothing else of the file."""

from collections.abc import Callable, Sequence

import yaml

from logops.diagnostics.embedded import documents, nodes_in
from logops.logql.errors import LogQLError
from logops.logql.lint.advice import Advice, Context
from logops.logql.lint.fix import MOST_FIXES, Edit, Fix, edited, fixes
from logops.logql.lint.in_files import FileQuery, is_yaml, queries_in
from logops.logql.parse import parse

ContextOf = Callable[[FileQuery], Context]


def fixed_file(text: str, file: str, context_of: ContextOf) -> tuple[str, list[Advice]]:
    """Return the file with every certain rewrite applied, and the findings that are gone.

    A query with variables is not changed: only its dashboard knows their values. Neither is a query that the file's
    format would not keep as it is. A file that is not YAML or JSON, although its name says so, is not changed.
    """
    applied: list[Advice] = []
    try:
        queries_in(text, file)
    except yaml.YAMLError:
        # `lint_file` reports it.
        return text, applied
    for _ in range(MOST_FIXES):
        changed = False
        # From the last query on, so that the offsets of the others stay right.
        for query in reversed(queries_in(text, file)):
            for fix in fixes_of(query, context_of(query)):
                candidate = apply(text, query, fix)
                if keeps_the_rest(text, candidate, file, query, fix):
                    text, changed = candidate, True
                    applied.append(fix.advice)
                    break
        if not changed:
            break
    return text, applied


def fixes_of(query: FileQuery, context: Context) -> Sequence[Fix]:
    """Return the fixes of a query in a file; none if it has variables or does not parse."""
    if query.has_variables or "unknown" in query.source.styles:
        return ()
    try:
        return tuple(fixes(query.text, context))
    except LogQLError:
        return ()


def apply(text: str, query: FileQuery, fix: Fix) -> str:
    """Return the file's text with a fix in one of its queries."""
    return edited(
        text, tuple(Edit(query.source.span(edit.span), query.source.written(edit.text)) for edit in fix.edits)
    )


def keeps_the_rest(before: str, after: str, file: str, query: FileQuery, fix: Fix) -> bool:
    """Return whether the query now means its rewrite, and everything else in the file has its old value."""
    offsets = [query.source.span(edit.span)[0] for edit in fix.edits]
    try:
        queries, old_queries = _texts(after, file), _texts(before, file)
        means_rewrite = parse(queries.pop(query.path)) == parse(fix.advice.rewrite)
        del old_queries[query.path]
        values, old_values = _values(after, file), _values(before, file)
    except (KeyError, yaml.YAMLError, LogQLError):
        return False
    same_values = len(values) == len(old_values) and all(
        (node.tag, node.value) == (old.tag, old.value)
        or any(old.start_mark.index <= offset <= old.end_mark.index for offset in offsets)
        for node, old in zip(values, old_values, strict=True)
    )
    return means_rewrite and queries == old_queries and same_values


def _texts(text: str, file: str) -> dict[str, str]:
    return {query.path: query.text for query in queries_in(text, file)}


def _values(text: str, file: str) -> list[yaml.ScalarNode]:
    """Return the keys and values of a YAML file in their order; none of another file."""
    if not is_yaml(file):
        return []
    return [node for document in documents(text) for node in nodes_in(document) if isinstance(node, yaml.ScalarNode)]
