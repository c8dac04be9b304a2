"""Apply the linter's certain rewrites to the text of a query, and keep its comments and its layout."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from logops.logql.errors import LogQLError
from logops.logql.lint.advice import QUERY_ALONE, Advice, Context
from logops.logql.lint.check import lint
from logops.logql.parse import parse
from logops.logql.text import one_line
from logops.logql.tokens import Tokens, tokens_of
from logops.logql.tree import Span

MOST_FIXES = 100
"""Fixes of one query. Each rule reports at most 20 findings at once, and each fix removes one."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of a text: the range that is replaced, and the new text."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """The changes that remove one finding."""

    advice: Advice
    edits: tuple[Edit, ...]


class _CommentInEditError(Exception):
    """A change would remove a comment."""


def fixed(query: str, context: Context = QUERY_ALONE) -> tuple[str, list[Advice]]:
    """Return the query with every certain rewrite applied, and the findings that are gone. Raises LogQLError."""
    applied: list[Advice] = []
    while len(applied) < MOST_FIXES and (fix := next(fixes(query, context), None)):
        query = edited(query, fix.edits)
        applied.append(fix.advice)
    return query, applied


def fixes(query: str, context: Context = QUERY_ALONE) -> Iterator[Fix]:
    """Yield a fix for each finding that has a certain rewrite. Each is for the text as it is. Raises LogQLError."""
    for advice in lint(parse(query), context):
        if advice.certain and (edits := edits_to(query, advice.rewrite)):
            yield Fix(advice, edits)


def edited(text: str, edits: tuple[Edit, ...]) -> str:
    """Apply edits that do not overlap."""
    for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
        text = text[: edit.span[0]] + edit.text + text[edit.span[1] :]
    return text


def edits_to(query: str, rewrite: str) -> tuple[Edit, ...]:
    """Return the smallest edits that give a query the meaning of its rewrite; none if a comment would be lost.

    A rewrite is in the layout of `one_line`. It is compared with the query in that layout, so that a difference in
    layout, such as `by` behind the parenthesis, is not part of the edits.
    """
    before, usual, after = tokens_of(query), tokens_of(one_line(parse(query))), tokens_of(rewrite)
    meaning = parse(rewrite)
    for edits in (_edits(query, before, usual, rewrite, after), _edits(query, before, before, rewrite, after)):
        if edits and _parses_to(edited(query, edits), meaning):
            return edits
    return ()


def _parses_to(query: str, meaning: object) -> bool:
    try:
        return parse(query) == meaning
    except LogQLError:
        return False


def _edits(query: str, before: Tokens, usual: Tokens, rewrite: str, after: Tokens) -> tuple[Edit, ...]:
    """Return the edits for the differences between `usual` and `after`, at their place in `before`.

    None if a difference has no single place in the query, or contains a comment.
    """
    in_query = {
        block.a + i: block.b + i
        for block in SequenceMatcher(None, _words(usual), _words(before), autojunk=False).get_matching_blocks()
        for i in range(block.size)
    }
    changes = SequenceMatcher(None, _words(usual), _words(after), autojunk=False).get_opcodes()
    edits: list[Edit] = []
    for tag, first, last, new_first, new_last in changes:
        if tag == "equal":
            continue
        place = _place(in_query, first, last)
        if place is None:
            return ()
        try:
            edits.append(_edit(query, before, place, rewrite, after, (new_first, new_last)))
        except _CommentInEditError:
            return ()
    return tuple(edits)


def _words(tokens: Tokens) -> list[tuple[str, str]]:
    """Return kind and text of each token, without the end."""
    return list(zip(tokens.kinds, tokens.texts, strict=True))[:-2]


def _place(in_query: dict[int, int], first: int, last: int) -> tuple[int, int] | None:
    """Return the range of the query's tokens that corresponds to a range of tokens; None if they are not in a row."""
    if first < last:
        tokens = [in_query.get(index, -1) for index in range(first, last)]
        in_a_row = tokens[0] >= 0 and tokens == list(range(tokens[0], tokens[0] + len(tokens)))
        return (tokens[0], tokens[-1] + 1) if in_a_row else None
    if first - 1 in in_query:
        return in_query[first - 1] + 1, in_query[first - 1] + 1
    return (in_query[first], in_query[first]) if first in in_query else None


def _edit(
    query: str, before: Tokens, place: tuple[int, int], rewrite: str, after: Tokens, new: tuple[int, int]
) -> Edit:
    """Return the edit that replaces a range of the query's tokens by a range of the rewrite's tokens."""
    first, last = place
    text = rewrite[after.starts[new[0]] : after.ends[new[1] - 1]] if new[0] < new[1] else ""
    if first < last:
        for index in range(first, last - 1):
            if query[before.ends[index] : before.starts[index + 1]].strip():
                raise _CommentInEditError
        start = before.starts[first]
        if not text and first:
            # The white space before goes too, but not the line end of a comment that would then run on.
            end_of_previous = before.ends[first - 1]
            kept = query[end_of_previous:start].rstrip()
            if not kept or query[before.ends[last - 1] :].lstrip(" \t").startswith("\n"):
                start = end_of_previous + len(kept)
        return Edit((start, before.ends[last - 1]), text)
    space_before = rewrite[after.ends[new[0] - 1] : after.starts[new[0]]] if new[0] else ""
    space_after = rewrite[after.ends[new[1] - 1] : after.starts[new[1]]]
    previous_end = before.ends[first - 1] if first else 0
    if not first or (not space_after and query[previous_end : before.starts[first]].isspace() and space_before):
        return Edit((before.starts[first], before.starts[first]), text + space_after)
    return Edit((previous_end, previous_end), space_before + text)
