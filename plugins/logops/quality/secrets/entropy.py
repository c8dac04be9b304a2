"""Shannon entropy of a text, as gitleaks computes it."""

from collections import Counter
from math import log2


def entropy_bits(text: str) -> float:
    """Return the entropy of the characters of a text, in bits per character (detect/utils.go of gitleaks).

    >>> entropy_bits("aaaa"), entropy_bits("abcd")
    (0.0, 2.0)
    """
    length = len(text)
    return 0.0 - sum(count / length * log2(count / length) for count in Counter(text).values())
