"""Search every line of a source for the keywords of secrets that its sample does not have.

A sample misses a single line among many. Loki can search all lines for a few texts, and returns only the lines with one
of them. A keyword that lines of the sample have is common in this source (`token`): its search would return too much,
and the sample says enough about it.

Loki needs a second of a core for about 15 MB of lines. So a text is searched as its rule has it (`AKIA`), not in any
case. A keyword that may be in any case is searched only if it has several words (`account_key`), in the usual forms.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from logops.quality.secrets.leak import Leak
from logops.quality.secrets.rules import Kind, Rule

_CHARACTER_CLASS = re.compile(r"\[[^\]]*\]")


def texts_to_search(rules: Sequence[Rule], sample: Iterable[str]) -> tuple[str, ...]:
    """Return the texts whose lines may have a secret that the sample does not show. Without rules for personal data:
    too many lines have it."""
    sampled = "\n".join(sample).lower().encode("utf-8", "surrogatepass")
    keywords = {word for rule in rules if rule.kind is Kind.SECRET for word in rule.keywords if word not in sampled}
    written = (
        form
        for rule in rules
        if rule.kind is Kind.SECRET
        for word in keywords.intersection(rule.keywords)
        for form in written_forms(rule.regex.pattern.decode(), word.decode())
    )
    return tuple(sorted(set(written)))


@cache
def written_forms(pattern: str, keyword: str) -> frozenset[str]:
    """Return how a keyword is written in the lines that an expression matches.

    keyword   in lower case

    >>> sorted(written_forms("(?i)account_?key", "account_key"))
    ['ACCOUNT_KEY', 'AccountKey', 'accountKey', 'account_key']
    >>> written_forms("AKIA[0-9A-Z]{16}", "akia"), written_forms("[78]Q~[a-z]{31}", "7q~")
    (frozenset({'AKIA'}), frozenset({'7Q~'}))
    """
    return frozenset(_usual_forms(keyword) if "(?i" in pattern else [_exact_form(pattern, keyword)])


def _exact_form(pattern: str, keyword: str) -> str:
    """Return a keyword in the case of the expression. Letters that are not in it one after the other stay."""
    literal = _CHARACTER_CLASS.sub("\n", pattern).replace("\\", "")
    for begin in range(len(keyword) - 1):
        at = literal.lower().find(keyword[begin:])
        if at >= 0:
            return keyword[:begin] + literal[at : at + len(keyword) - begin]
    return keyword


def _usual_forms(keyword: str) -> Iterator[str]:
    if "_" in keyword:
        camel = "".join(part.capitalize() for part in keyword.split("_"))
        yield from (keyword, keyword.upper(), camel, camel[0].lower() + camel[1:])
    elif "-" in keyword:
        yield from (keyword, keyword.title())


def by_rule(sampled: Iterable[Leak], searched: Iterable[Leak]) -> tuple[Leak, ...]:
    """Return one leak for each rule: of the sample or of the search, whichever has more lines."""
    best: dict[str, Leak] = {}
    for leak in (*searched, *sampled):
        known = best.get(leak.rule_id)
        if known is None or leak.lines > known.lines:
            best[leak.rule_id] = leak
    return tuple(sorted(best.values(), key=lambda leak: (-leak.lines, leak.rule_id)))
