"""Suggest a known word for a mistyped word."""

from collections.abc import Iterable
from difflib import get_close_matches


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is most like a mistyped word; None if no word is like it.

    >>> closest("Oversight-apl", ["oversight-api", "nginx"])
    'oversight-api'
    """
    by_lower_case = {name.lower(): name for name in known if name != word}
    similar = get_close_matches(word.lower(), by_lower_case, n=1)
    return by_lower_case[similar[0]] if similar else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a sentence for the end of a message, with a space before it; nothing if no known word is similar.

    >>> did_you_mean("errrors", ["errors", "latency"])
    ' Did you mean errors?'
    """
    suggestion = closest(word, known)
    return f" Did you mean {suggestion}?" if suggestion else ""
