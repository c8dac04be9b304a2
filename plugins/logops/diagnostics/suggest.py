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
    similar = get_close_matches(word, sorted(known), n=1, cutoff=0.75)
    return f"Did you mean {similar[0]}?" if similar else ""
