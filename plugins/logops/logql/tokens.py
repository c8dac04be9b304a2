"""Split a query into tokens like Loki's lexer (pkg/logql/syntax/lex.go and query_scanner.go)."""

import re
import unicodedata
from typing import NamedTuple

from logops.logql import literals
from logops.logql.errors import LogQLError
from logops.logql.words import FUNCTIONS, KEYWORDS

NAME, STRING, NUMBER, DURATION, BYTES, RANGE, FLAG, END = (
    "name", "string", "number", "duration", "bytes", "range", "flag", "end",
)  # fmt: skip

# By frequency. Anything that the first six do not match is scanned character by character.
TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:
      ([A-Za-z_][A-Za-z0-9_]*+)(?![^\x00-\x7f])
    | ([|!][=~>]|=[=~]|[<>]=|[{}()=|,<>+*%^\]]|/(?![/*])|\.(?![0-9]))
    | "([^"\\\n]*)"
    | `([^`]*)`
    | \[([^\]]*)\]
    | "((?:[^"\\\n]|\\.)*)"
    | (.)
    )""",
    re.VERBOSE | re.DOTALL,
)
IS_WORD, IS_OPERATOR, IS_STRING, IS_RAW, IS_RANGE, IS_ESCAPED = 1, 2, 3, 4, 5, 6
WORDS = {**{word: word for word in KEYWORDS}, **{word: None for word in FUNCTIONS}}

# unicode.IsSpace
SPACE = "[\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*"
CALLED = re.compile(rf"{SPACE}(?:\(|(?:by|without){SPACE}\()", re.IGNORECASE)
COMMENT = re.compile(r"#[^\n]*|//[^\n]*|/\*.*?\*/", re.DOTALL)
FLAGS = re.compile(r"--[^\W\d_-]*(?:-[^\W\d_-]*)*")
# Loki treats a character in single quotes as a name.
CHARACTER = re.compile(r"'(?:[^'\\\n]|\\(?:[abfnrtv\\']|x[0-9a-fA-F]{2}|[0-7]{3}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}))'")
NUMBER_TEXT = re.compile(
    r"0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-9_]*|0[bB][0-9_]*"
    r"|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eEpP][+-]?[0-9_]*)?|\.[0-9][0-9_]*(?:[eEpP][+-]?[0-9_]*)?"
)
GOOD_NUMBER = re.compile(
    r"0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|0[xX]_?(?:[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*\.?(?:[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)?|\.[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)"
    r"[pP][+-]?[0-9]+(?:_[0-9]+)*"
    r"|0[oO]_?[0-7]+(?:_[0-7]+)*|0[bB]_?[01]+(?:_[01]+)*|0[0-7_]*[0-7]|0"
    r"|[1-9][0-9]*(?:_[0-9]+)*"
    r"|(?:[0-9]+(?:_[0-9]+)*\.(?:[0-9]+(?:_[0-9]+)*)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?"
    r"|[0-9]+(?:_[0-9]+)*[eE][+-]?[0-9]+(?:_[0-9]+)*"
)
DURATION_REST = re.compile(r"[0-9nuµmshdwy.]*")
SIZE_REST = re.compile(r"[0-9BikKMGTP.]*")


class Tokens(NamedTuple):
    """For each token its kind (its own word, or an operator), text or value, start and end. The last two are END."""

    kinds: list[str]
    texts: list[str]
    starts: list[int]
    ends: list[int]


def tokens_of(query: str) -> Tokens:
    """Return the tokens. Raises LogQLError for an invalid one: an unterminated string, a number like `08`, a NUL."""
    if "\0" in query:
        raise LogQLError("a NUL character", query, query.index("\0"))
    kinds: list[str] = []
    texts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    match, words, called = TOKEN.match, WORDS, CALLED.match
    at = 1 if query[:1] == "\ufeff" else 0
    while (token_match := match(query, at)) is not None:
        which = token_match.lastindex
        assert which is not None
        text = token_match[which]
        start, at = token_match.span(which)
        if which == IS_WORD:
            word = text.lower()
            kind = words.get(word, NAME) or (word if called(query, at) else NAME)
        elif which == IS_OPERATOR:
            kind = text
        elif which in (IS_STRING, IS_RAW):
            kind, start, at = STRING, start - 1, at + 1
        elif which == IS_RANGE:
            kind, start, at = RANGE, start - 1, at + 1
        else:
            adjoins = start == (ends[-1] if ends else 0)
            scanned = escaped(query, text, start, at) if which == IS_ESCAPED else slowly(query, start, adjoins)
            if scanned is None:
                comment = COMMENT.match(query, start)
                assert comment is not None
                at = comment.end()
                continue
            kind, text, start, at = scanned
        kinds.append(kind)
        texts.append(text)
        starts.append(start)
        ends.append(at)
    # Twice, so that the token after the last can be looked at.
    kinds += [END, END]
    texts += ["", ""]
    starts += [len(query)] * 2
    ends += [len(query)] * 2
    return Tokens(kinds, texts, starts, ends)


def escaped(query: str, inner: str, start: int, end: int) -> tuple[str, str, int, int]:
    text = literals.unquote(inner)
    if text is None:
        raise LogQLError(f"an escape in {query[start - 1 : end + 1]} that is none; raw text: `...`", query, start - 1)
    return STRING, text, start - 1, end + 1


def has_comments(query: str) -> bool:
    """Whether there are comments between its tokens; trees have none. Raises LogQLError like `tokens_of`."""
    tokens = tokens_of(query)
    between = (query[end:start] for end, start in zip([0, *tokens.ends], tokens.starts, strict=False))
    return any("#" in text or "/" in text for text in between)


def slowly(query: str, at: int, adjoins: bool) -> tuple[str, str, int, int] | None:
    """Return the token at a character that starts none of the frequent ones; None for a comment.

    `adjoins`: nothing is between it and the previous token.
    """
    character = query[at]
    if (character.isascii() and character.isdigit()) or character == ".":
        return number(query, at, adjoins)
    if character == "-":
        return minus(query, at)
    if character == "#" or query.startswith(("//", "/*"), at):
        if query.startswith("/*", at) and query.find("*/", at + 2) < 0:
            raise LogQLError("this comment does not end with */", query, at)
        return None
    if character in '"`':
        raise LogQLError(f"this string does not end with {character}", query, at)
    if character == "[":
        raise LogQLError("this range does not end with ]", query, at)
    if character == "'":
        quoted = CHARACTER.match(query, at)
        if quoted is None:
            raise LogQLError("strings stand in double quotes or backticks", query, at)
        return NAME, quoted[0], at, quoted.end()
    end = name_end(query, at)
    word = query[at:end].lower()
    kind = WORDS.get(word, NAME) or (word if CALLED.match(query, end) else NAME)
    return kind, query[at:end], at, end


def name_end(query: str, at: int) -> int:
    """Return the end of a name. A character that is not a letter is a name by itself."""
    end = at
    while end < len(query):
        character = query[end]
        kind = unicodedata.category(character)
        if not (character == "_" or kind[0] == "L" or (kind == "Nd" and end > at)):
            break
        end += 1
    return max(end, at + 1)


def minus(query: str, at: int) -> tuple[str, str, int, int]:
    flag = FLAGS.match(query, at)
    if flag and flag[0] in ("--strict", "--keep-empty"):
        return FLAG, flag[0], at, flag.end()
    match = DURATION_REST.match(query, at + 1)
    if match and match[0] and literals.duration(f"-{match[0]}") is not None:
        return DURATION, f"-{match[0]}", at, match.end()
    return "-", "-", at, at + 1


def number(query: str, at: int, adjoins: bool) -> tuple[str, str, int, int]:
    """Return a number, or the duration or size that it starts."""
    match = NUMBER_TEXT.match(query, at)
    assert match is not None
    # Loki's scanner looks for the digits of `0b11` where the previous token ended.
    if GOOD_NUMBER.fullmatch(match[0]) is None or (not adjoins and match[0][:2] in ("0b", "0B")):
        raise LogQLError(f"{match[0]} is not a number", query, at)
    text, end = match[0], match.end()
    for kind, tail_pattern, read in ((DURATION, DURATION_REST, literals.duration), (BYTES, SIZE_REST, literals.size)):
        more = tail_pattern.match(query, end)
        if more and more[0] and read(text + more[0]) is not None:
            return kind, text + more[0], at, more.end()
    return NUMBER, text, at, end
