"""Make the evidence of a difference: a short diff without secrets. Pure."""

from collections.abc import Sequence

from logops.masking import masked
from logops.number_text import count_text

LONGEST = 4_000
"""Characters of a diff in a finding. The command in its remedy shows the whole diff."""
MOST_LINES = 60
_MOST_VALUES = 4


def shown(lines: Sequence[str]) -> str:
    """Return the lines of a diff, masked, and cut if they are many.

    >>> shown(["+password: abc", "+max_streams: 10"])
    '+password: ***\\n+max_streams: 10'
    """
    text, kept = "", 0
    for line in lines:
        masked_line = masked(line)
        if kept == MOST_LINES or len(text) + len(masked_line) > LONGEST:
            break
        text += f"{masked_line}\n"
        kept += 1
    left = len(lines) - kept
    return text.rstrip("\n") + (f"\n... and {left} more lines" if left else "")


def sides(lines: Sequence[str]) -> str:
    """Return the values of a diff without headers: first the live ones, then the declared ones.

    >>> sides(["-minimumTlsVersion: TLS1_0", "+minimumTlsVersion: TLS1_2"])
    'live minimumTlsVersion: TLS1_0; declared minimumTlsVersion: TLS1_2'
    """
    texts = []
    for sign, side in (("-", "live"), ("+", "declared")):
        if values := [masked(line[1:]) for line in lines if line.startswith(sign)]:
            more = f" and {len(values) - _MOST_VALUES} more" if len(values) > _MOST_VALUES else ""
            texts.append(f"{side} {', '.join(values[:_MOST_VALUES])}{more}")
    return "; ".join(texts)


def counts(lines: Sequence[str]) -> str:
    """Return how many lines of a diff are only live, and how many only declared.

    >>> counts(["--- live/a", "+++ desired/a", "@@ -1 +1 @@", "-x", "+y", "+z"])
    '1 line only live, 2 lines only declared'
    """
    live = sum(line.startswith("-") and not line.startswith("--- ") for line in lines)
    declared = sum(line.startswith("+") and not line.startswith("+++ ") for line in lines)
    sides = ((live, "live"), (declared, "declared"))
    return ", ".join(f"{count_text(count, 'line')} only {side}" for count, side in sides if count)
