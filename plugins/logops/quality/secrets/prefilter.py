"""Choose the rules to run on each text of a batch, in few passes over the batch.

One pass searches the keywords of all rules together. A keyword that many texts contain (`://`) does not exclude much,
so the rules that have it search the whole batch themselves, as rules without keywords do.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import accumulate
from typing import Any

import re2

from logops.quality.secrets.rules import MAX_REGEX_BYTES, Rule

SAMPLED_TEXTS = 256
"""Texts that are sampled to find common keywords. In a smaller batch no keyword is common."""
MAX_SHARE = 0.01
"""A keyword in a larger share of the sampled texts is common. A pass over the batch then costs less than its hits."""


class Prefilter:
    """The keywords of rules, ready to search."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._keywords = sorted({keyword for rule in rules for keyword in rule.keywords})
        # Batches of one source mostly have the same common keywords.
        self._search = lru_cache(maxsize=8)(partial(_KeywordSearch, rules))

    def candidates(self, texts: Sequence[bytes]) -> dict[int, set[int]]:
        """Return the numbers of the rules that may match, by the number of the text. Other texts match no rule."""
        search = self._search(self._common_keywords(texts))
        batch = b"\n".join(texts)
        ends = list(accumulate(len(text) + 1 for text in texts))
        candidates: dict[int, set[int]] = {}
        for text_number, rule_numbers in search.hits(batch, ends, texts):
            candidates.setdefault(text_number, set()).update(rule_numbers)
        for rule_number in search.direct_rules:
            for text_number in _texts_matched(self._rules[rule_number].regex, batch, ends):
                candidates.setdefault(text_number, set()).add(rule_number)
        return candidates

    def _common_keywords(self, texts: Sequence[bytes]) -> frozenset[bytes]:
        if len(texts) < SAMPLED_TEXTS:
            return frozenset()
        sample = [text.lower() for text in texts[:: len(texts) // SAMPLED_TEXTS]]
        limit = MAX_SHARE * len(sample)
        return frozenset(word for word in self._keywords if sum(word in text for text in sample) > limit)


class _KeywordSearch:
    """One regular expression for the keywords of all rules that have no common keyword."""

    def __init__(self, rules: Sequence[Rule], common: frozenset[bytes]) -> None:
        self.direct_rules = [
            number for number, rule in enumerate(rules) if not rule.keywords or common.intersection(rule.keywords)
        ]
        self._by_keyword: dict[bytes, list[int]] = {}
        for number in set(range(len(rules))).difference(self.direct_rules):
            for keyword in rules[number].keywords:
                self._by_keyword.setdefault(keyword, []).append(number)
        options = re2.Options()
        options.case_sensitive = False
        options.never_capture = True
        options.max_mem = MAX_REGEX_BYTES
        words = sorted(self._by_keyword)
        self._any_keyword = re2.compile(b"|".join(map(re2.escape, words)), options) if words else None

    def hits(self, batch: bytes, ends: Sequence[int], texts: Sequence[bytes]) -> Iterator[tuple[int, set[int]]]:
        """Return the texts that contain a keyword, with the rules that have one of their keywords."""
        position = 0
        while self._any_keyword is not None and position < len(batch):
            match = self._any_keyword.search(batch, position)
            if match is None:
                return
            number = bisect_right(ends, match.start())
            lowered = texts[number].lower()
            yield number, {rule for word, rules in self._by_keyword.items() if word in lowered for rule in rules}
            position = ends[number]


def _texts_matched(regex: Any, batch: bytes, ends: Sequence[int]) -> Iterator[int]:
    """Return the texts that a match touches.

    A match can reach from a text into the next ones. So the search resumes at the end of the text where the match
    starts. The line end before a text must not be used up, because a rule may need it as the start of its value.
    """
    position = 0
    while match := regex.search(batch, position):
        first = bisect_right(ends, match.start())
        last = bisect_right(ends, match.end() - 1)
        yield from range(first, min(last, len(ends) - 1) + 1)
        position = max(ends[first] - 1, match.start() + 1)
        if position >= len(batch):
            return
