"""Can a match of a rule contain its keyword? If none can, a typing mistake in the keyword hides the rule."""

import re
from collections.abc import Iterable

# Python has no public module for the parts of an expression; `sre_parse`, its old name, is deprecated.
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

CATEGORIES = {
    code.CATEGORY_DIGIT: r"\d",
    code.CATEGORY_NOT_DIGIT: r"\D",
    code.CATEGORY_SPACE: r"\s",
    code.CATEGORY_NOT_SPACE: r"\S",
    code.CATEGORY_WORD: r"\w",
    code.CATEGORY_NOT_WORD: r"\W",
}
State = frozenset[int]
"""How many characters of the keyword may just have matched: 0 is "not begun", its length is "contained"."""


def can_contain(pattern: str, keyword: str) -> bool:
    """Return whether a match of an expression can contain a keyword, in any case.

    True also if Python cannot read the expression: RE2 knows some signs that Python does not.

    >>> can_contain("ghp_[a-z]{3,9}", "ghp_"), can_contain("ghp_[0-9]{3,9}", "ghb_"), can_contain("[a-z]+", "ghp")
    (True, False, True)
    """
    try:
        parts = _parser.parse(pattern)
    except (re.error, OverflowError):
        return True
    return len(keyword) in _after(parts, frozenset({0}), keyword.lower())


def _after(parts: Iterable[tuple[Any, Any]], states: State, keyword: str) -> State:
    """Return the states after the parts of an expression matched, one after the other."""
    for kind, value in parts:
        states = _after_part(kind, value, states, keyword)
    return states


def _after_part(kind: Any, value: Any, states: State, keyword: str) -> State:
    if kind in (code.LITERAL, code.NOT_LITERAL, code.IN, code.ANY):
        begun = {
            state + 1
            for state in states
            if state < len(keyword)
            and any(_accepts(kind, value, each) for each in (keyword[state], keyword[state].upper()))
        }
        return frozenset({0} | begun | states & {len(keyword)})
    if kind is code.BRANCH:
        return frozenset().union(*(_after(branch, states, keyword) for branch in value[1]))
    if kind is code.SUBPATTERN:
        return _after(value[3], states, keyword)
    if kind in (code.MAX_REPEAT, code.MIN_REPEAT):
        least, most, parts = value
        reached = states
        # After as many repetitions as the keyword is long, one more changes nothing.
        for _ in range(min(least, len(keyword) + 1)):
            reached = _after(parts, reached, keyword)
        every = reached
        for _ in range(min(most - least, len(keyword) + 1)):
            reached = _after(parts, reached, keyword)
            every |= reached
        return every
    # A position, such as the start of a line: it has no character.
    return states


def _accepts(kind: Any, value: Any, character: str) -> bool:
    """Return whether a sign or a set of signs accepts a character."""
    number = ord(character)
    if kind is code.ANY:
        return True
    if kind is code.LITERAL:
        return bool(number == value)
    if kind is code.NOT_LITERAL:
        return bool(number != value)
    if kind is code.RANGE:
        return bool(value[0] <= number <= value[1])
    if kind is code.CATEGORY:
        return re.match(CATEGORIES[value], character) is not None
    is_negated = value[0][0] is code.NEGATE
    return any(_accepts(part_kind, part, character) for part_kind, part in value[is_negated:]) is not is_negated
