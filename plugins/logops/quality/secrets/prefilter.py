"""Choose the rules to run on each text of a batch, in one pass over the batch for all keywords together."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import re2

from logops.quality.secrets.rules import MAX_REGEX_BYTES, Rule


class Prefilter:
    """The keywords of all rules, as one regular expression.

    Rules without keywords run on the whole batch. These matches only choose the texts, because a match may reach from a
    text into the next one.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._by_keyword: dict[bytes, list[int]] = {}
        self._without_keywords = [number for number, rule in enumerate(rules) if not rule.keywords]
        for number, rule in enumerate(rules):
            for keyword in rule.keywords:
                self._by_keyword.setdefault(keyword, []).append(number)
        options = re2.Options()
        options.case_sensitive = False
        options.never_capture = True
        options.max_mem = MAX_REGEX_BYTES
        keywords = sorted(self._by_keyword)
        self._any_keyword = re2.compile(b"|".join(map(re2.escape, keywords)), options) if keywords else None

    def candidates(self, texts: Sequence[bytes]) -> dict[int, set[int]]:
        """Return the numbers of the rules that may match, by the number of the text. Other texts match no rule."""
        batch = b"\n".join(texts)
        ends = list(accumulate(len(text) + 1 for text in texts))
        rules_by_text: dict[int, set[int]] = {}
        if self._any_keyword is not None:
            position = 0
            while match := self._any_keyword.search(batch, position):
                number = bisect_right(ends, match.start())
                rules_by_text.setdefault(number, set()).update(self._with_keyword_in(texts[number]))
                position = ends[number]
                if position >= len(batch):
                    break
        for rule_number in self._without_keywords:
            for match in self._rules[rule_number].regex.finditer(batch):
                first, last = bisect_right(ends, match.start()), bisect_right(ends, match.end() - 1)
                for number in range(first, min(last, len(texts) - 1) + 1):
                    rules_by_text.setdefault(number, set()).add(rule_number)
        return rules_by_text

    def _with_keyword_in(self, text: bytes) -> set[int]:
        lowered = text.lower()
        return {number for keyword, numbers in self._by_keyword.items() if keyword in lowered for number in numbers}
