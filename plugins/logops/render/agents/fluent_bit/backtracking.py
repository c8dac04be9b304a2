"""Find regular expressions that Fluent Bit may never finish. Its engine, Onigmo, backtracks; RE2 does not."""

import re
from dataclasses import dataclass

_PIECE = re.compile(
    r"""
    (?: (?P<open>\((?:\?(?:P?<\w+>|[a-zA-Z-]*[:)]))?)
      | (?P<close>\))
      | (?P<or>\|)
      | (?P<anchor>[\^$])
      | (?P<atom>\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\\.|.)
    )
    (?P<repetition>[*+]|\{\d+,\d*\}|\?|\{\d+\})?\??
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass
class _Alternative:
    """A part between `|`. `repeats`: something in it repeats; `is_fixed`: it has something that does not."""

    repeats: bool = False
    is_fixed: bool = False


def may_backtrack_for_ever(expression: str) -> bool:
    """Return whether a repetition repeats something that only consists of repetitions: the time is exponential.

    >>> may_backtrack_for_ever("^(a+)+$"), may_backtrack_for_ever(r"(\\w+ )+")
    (True, False)
    """
    groups = [[_Alternative()]]
    for piece in _PIECE.finditer(expression):
        repeats = piece["repetition"] is not None and (piece["repetition"] in "*+" or "," in piece["repetition"])
        if piece["open"] and not piece["open"].endswith(")"):
            groups.append([_Alternative()])
        elif piece["or"]:
            groups[-1].append(_Alternative())
        elif piece["close"] and len(groups) > 1:
            inner = groups.pop()
            if repeats and any(alternative.repeats and not alternative.is_fixed for alternative in inner):
                return True
            outer = groups[-1][-1]
            outer.repeats |= repeats or any(alternative.repeats for alternative in inner)
            outer.is_fixed |= not piece["repetition"] and all(alternative.is_fixed for alternative in inner)
        elif piece["atom"]:
            groups[-1][-1].repeats |= repeats
            groups[-1][-1].is_fixed |= not piece["repetition"]
    return False
