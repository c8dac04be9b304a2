"""Suggest the word that a person meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a sentence with the most similar known word; empty if no word is similar enough.

    >>> did_you_mean("limit_config", ["limits_config", "common"])
    'Did you mean limits_config?'
    >>> did_you_mean("x", ["limits_config", "common"])
    ''
    """
    similar = similar_word(word, known)
    return f"Did you mean {similar}?" if similar else ""


def similar_word(word: str, known: Iterable[str]) -> str:
    """Return the most similar known word; empty if no word is similar enough.

    Swapped letters count as similar even in a short word.

    >>> similar_word("jbo", ["job", "level"]), similar_word("joe", ["job"])
    ('job', '')
    """
    words = sorted(known)
    swapped = [other for other in words if sorted(other) == sorted(word)]
    return next(iter(swapped or get_close_matches(word, words, n=1, cutoff=0.75)), "")
