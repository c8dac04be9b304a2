"""The expressions of json and logfmt: `request.headers["x"][0]`, `path` (Loki's pkg/logql/log/jsonexpr and logfmt)."""

import re

TOKENS = re.compile(
    r"""[ \t\n]*(?:([A-Za-z_][A-Za-z0-9_]*)|("[^"\]\0]*(?:["\]]|\0|\Z))|([0-9]+)(?=[ \t\n\].]|\Z)|([\[\].])|(.))""",
    re.DOTALL,
)
FIELD, STRING, INDEX, SIGN = 1, 2, 3, 4


def wrong_with_json(expression: str) -> str | None:
    """Return why json refuses an expression; None if it accepts it."""
    kinds = kinds_of(expression, numbers=True)
    text = "".join(kinds) if kinds is not None else None
    if text is None or re.fullmatch(r"(?:f|\[[si]\])(?:\.f|\[[si]\])*", text) is None:
        return 'a path like request.headers[0] or ["x-id"] is expected'
    return None


def wrong_with_logfmt(expression: str) -> str | None:
    """Return why logfmt refuses an expression; None if it accepts it."""
    kinds = kinds_of(expression, numbers=False)
    if kinds is None or re.fullmatch("[fs]s*", "".join(kinds)) is None:
        return "the name of a field is expected"
    return None


def kinds_of(expression: str, numbers: bool) -> list[str] | None:
    """Return the kinds of its tokens (f: field, s: string, i: index, and signs); None if it is not valid."""
    kinds = []
    for token in TOKENS.finditer(expression.rstrip(" \t\n")):
        kind = token.lastindex
        if kind == FIELD:
            kinds.append("f")
        elif kind == STRING:
            kinds.append("s")
        elif kind == INDEX and numbers and int(token[INDEX].lstrip("0")[:20] or "0") < 2**63:
            kinds.append("i")
        elif kind == SIGN and numbers:
            kinds.append(token[SIGN])
        else:
            return None
    return kinds
