"""Choose the rules to run on each text of a batch, in one pass over the batch.

One regular expression searches the keywords of all rules together. A keyword that many texts contain (`://`) does not
exclude much, so the expression has the rules with such a keyword themselves, as it has the rules without keywords.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial

import re2

from logops.quality.secrets.batch import Batch
from logops.quality.secrets.rules import MAX_REGEX_BYTES, Rule

SAMPLED_TEXTS = 256
"""Texts that are sampled to find common keywords. In a smaller batch no keyword is common."""
MAX_SHARE = 0.01
"""A keyword that occurs more often than this in a sampled text, on average, is common: its hits cost too much."""


class Prefilter:
    """The keywords of rules, ready to search."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._keywords = sorted({keyword for rule in rules for keyword in rule.keywords})
        # Batches of one source mostly have the same common keywords.
        self._search = lru_cache(maxsize=8)(partial(_Search, rules))

    def candidates(self, batch: Batch) -> dict[int, set[int]]:
        """Return the numbers of the rules that may match, by the number of the text. Other texts match no rule."""
        search = self._search(self._common_keywords(batch))
        return {number: search.rules_for(batch.text(number)) for number in search.texts(batch)}

    def _common_keywords(self, batch: Batch) -> frozenset[bytes]:
        if len(batch) < SAMPLED_TEXTS:
            return frozenset()
        numbers = range(0, len(batch), len(batch) // SAMPLED_TEXTS)
        sample = b"\n".join(batch.text(number) for number in numbers).lower()
        limit = MAX_SHARE * len(numbers)
        return frozenset(word for word in self._keywords if sample.count(word) > limit)


class _Search:
    """One regular expression: a rare keyword of any rule, or any rule without rare keywords."""

    def __init__(self, rules: Sequence[Rule], common: frozenset[bytes]) -> None:
        self._direct_rules = {
            number for number, rule in enumerate(rules) if not rule.keywords or common.intersection(rule.keywords)
        }
        self._by_keyword: dict[bytes, list[int]] = {}
        for number in set(range(len(rules))).difference(self._direct_rules):
            for keyword in rules[number].keywords:
                self._by_keyword.setdefault(keyword, []).append(number)
        # (?m): a rule that starts with ^ must match at the start of every text.
        parts = [b"(?m:%s)" % rules[number].regex.pattern for number in sorted(self._direct_rules)]
        if self._by_keyword:
            parts.append(b"(?i:%s)" % b"|".join(map(re2.escape, sorted(self._by_keyword))))
        options = re2.Options()
        options.never_capture = True
        options.max_mem = MAX_REGEX_BYTES
        self._regex = re2.compile(b"|".join(parts), options)

    def rules_for(self, text: bytes) -> set[int]:
        """Return the numbers of the rules that may match a text."""
        lowered = text.lower()
        by_keyword = {rule for word, rules in self._by_keyword.items() if word in lowered for rule in rules}
        return by_keyword | self._direct_rules

    def texts(self, batch: Batch) -> Iterator[int]:
        """Return the numbers of the texts that a match touches.

        A match can reach from a text into the next ones. So the search resumes at the end of the text where the match
        starts. The line end before a text must not be used up, because a rule may need it as the start of its value.
        """
        position = 0
        while position < len(batch.block) and (match := self._regex.search(batch.block, position)):
            first = batch.number_at(match.start())
            yield from range(first, batch.number_at(match.end() - 1) + 1)
            position = max(batch.ends[first] - 1, match.start() + 1)
