"""Search every line of a source for the keywords of secrets that its sample does not have.

A sample misses a single line among many. Loki can search all lines for a few words, and returns only the lines with one
of them. A keyword that lines of the sample have is common in this source (`token`): its search would return too much,
and the sample says enough about it.
"""

from collections.abc import Iterable, Sequence

import re2

from logops.quality.secrets.leak import Leak
from logops.quality.secrets.rules import Kind, Rule


def absent_keywords(rules: Sequence[Rule], texts: Iterable[str]) -> tuple[str, ...]:
    """Return the keywords of secrets that no text has, in any case. Personal data is not searched: too many have it."""
    words = {word for rule in rules if rule.kind is Kind.SECRET for word in rule.keywords}
    for text in texts:
        lowered = text.lower().encode("utf-8", "surrogatepass")
        words = {word for word in words if word not in lowered}
    return tuple(sorted(word.decode() for word in words))


def regex_of(keywords: Sequence[str]) -> str:
    """Return the regular expression (RE2) that finds one of the keywords, in any case.

    >>> regex_of(["ghp_", "sg."])
    '(?i)ghp_|sg\\\\.'
    """
    return "(?i)" + "|".join(re2.escape(word).replace(r"\_", "_") for word in keywords)


def by_rule(sampled: Iterable[Leak], searched: Iterable[Leak]) -> tuple[Leak, ...]:
    """Return one leak for each rule: of the sample or of the search, whichever has more lines."""
    best: dict[str, Leak] = {}
    for leak in (*searched, *sampled):
        known = best.get(leak.rule_id)
        if known is None or leak.lines > known.lines:
            best[leak.rule_id] = leak
    return tuple(sorted(best.values(), key=lambda leak: (-leak.lines, leak.rule_id)))
