"""The patterns of `| pattern` and `|>`: text with captures like `<ip>` and `<_>` (Loki's pkg/logql/log/pattern)."""

import re

CAPTURE = re.compile("<([A-Za-z_][A-Za-z0-9_]*)>")


def captures(pattern: str) -> list[str]:
    """Return the names of all captures, `_` for unnamed ones."""
    return CAPTURE.findall(pattern)


def wrong_with_parser(pattern: str) -> str | None:
    """Return why `| pattern` refuses a pattern; None if it accepts it."""
    if not pattern:
        return "it is empty"
    named = [name for name in captures(pattern) if name != "_"]
    twice = next((name for name in named if named.count(name) > 1), None)
    if not named:
        return "it has no capture like <name>"
    if twice:
        return f"<{twice}> stands in it twice"
    return consecutive(pattern)


def wrong_with_filter(pattern: str) -> str | None:
    """Return why `|>` refuses a pattern when the query runs; None if it accepts it."""
    named = next((name for name in captures(pattern) if name != "_"), None)
    if named:
        return f"a line filter captures nothing: <_> in place of <{named}>"
    return consecutive(pattern)


def consecutive(pattern: str) -> str | None:
    match = re.search("<[A-Za-z_][A-Za-z0-9_]*><[A-Za-z_][A-Za-z0-9_]*>", pattern)
    return f"nothing stands between the captures {match[0]}" if match else None
