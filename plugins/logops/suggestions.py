"""Suggest a known word for a mistyped word."""

from collections.abc import Iterable
from difflib import get_close_matches

LIKELY = 0.6
CERTAIN = 0.75
"""Likeness for a word that may also be a name that a person chose."""


def closest(word: str, known: Iterable[str], likeness: float = LIKELY) -> str | None:
    """Return the known word that is most like a mistyped word; None if no word is like it.

    A word with the same letters in another order counts as like it, even if it is short.

    >>> closest("Oversight-apl", ["oversight-api", "nginx"])
    'oversight-api'
    >>> closest("jbo", ["job", "level"], CERTAIN)
    'job'
    """
    by_lower_case = {name.lower(): name for name in known if name != word}
    letters = sorted(word.lower())
    similar = [name for name in sorted(by_lower_case) if sorted(name) == letters]
    similar = similar or get_close_matches(word.lower(), by_lower_case, n=1, cutoff=likeness)
    return by_lower_case[similar[0]] if similar else None


def did_you_mean(word: str, known: Iterable[str], likeness: float = LIKELY) -> str:
    """Return a sentence for the end of a message, with a space before it; nothing if no known word is similar.

    >>> did_you_mean("errrors", ["errors", "latency"])
    ' Did you mean errors?'
    """
    suggestion = closest(word, known, likeness)
    return f" Did you mean {suggestion}?" if suggestion else ""
