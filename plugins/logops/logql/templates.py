"""Check templates of line_format and label_format: Go's text/template with Loki's functions.

Sources: Go's text/template/parse (lex.go, parse.go), Loki's pkg/logql/log/fmt.go. Only errors are detected; no tree
is built.
"""

import re

from logops.logql import literals
from logops.logql.tokens import CHARACTER
from logops.suggestions import CERTAIN, did_you_mean

FUNCTIONS = frozenset((
    # Go's own
    "and", "call", "html", "index", "slice", "js", "len", "not", "or", "print", "printf", "println", "urlquery",
    "eq", "ge", "gt", "le", "lt", "ne",
    # Loki's
    "ToLower", "ToUpper", "Replace", "Trim", "TrimLeft", "TrimRight", "TrimPrefix", "TrimSuffix", "TrimSpace",
    "regexReplaceAll", "regexReplaceAllLiteral", "count", "urldecode", "urlencode", "bytes", "duration",
    "duration_seconds", "unixEpochMillis", "unixEpochNanos", "toDateInZone", "unixToTime", "alignLeft",
    "alignRight", "__line__", "__timestamp__",
    # Those of sprig that Loki includes
    "b64enc", "b64dec", "lower", "upper", "title", "trunc", "substr", "contains", "hasPrefix", "hasSuffix",
    "indent", "nindent", "replace", "repeat", "trim", "trimAll", "trimSuffix", "trimPrefix", "int", "float64",
    "add", "sub", "mul", "div", "mod", "addf", "subf", "mulf", "divf", "max", "min", "maxf", "minf", "ceil",
    "floor", "round", "fromJson", "date", "toDate", "now", "unixEpoch", "default",
))  # fmt: skip
KEYWORDS = frozenset(["block", "break", "continue", "define", "else", "end", "if", "range", "nil", "template", "with"])

COMMENT = re.compile(r"\{\{(?:-[ \t\r\n])?/\*.*?\*/(?:[ \t\r\n]-)?\}\}", re.DOTALL)
BEGINS_COMMENT = re.compile(r"\{\{(?:-[ \t\r\n])?/\*")
# A name ends before one of these.
ENDS = r"(?=[ \t\r\n.,|:()]|\}\}|\Z)"
TOKEN = re.compile(
    rf"""(?P<stop>[ \t\r\n]-\}}\}}|\}}\}})
    | (?P<space>(?:[ \t\r\n](?!-\}}\}}))+)
    | (?P<declare>:?=)
    | (?P<pipe>\|)
    | (?P<open>\()
    | (?P<close>\))
    | (?P<string>"(?:[^"\\\n]|\\[^\n])*"|`[^`]*`)
    | (?P<character>'(?:[^'\\\n]|\\[^\n])*')
    | (?P<variable>\$\w*){ENDS}
    | (?P<number>[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oObB][0-9_]*
        |[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?|\.[0-9][0-9_]*(?:[eE][+-]?[0-9_]*)?)i?)(?!\w)
    | (?P<field>\.(?:[^\W\d]\w*)){ENDS}
    | (?P<dot>\.){ENDS}
    | (?P<word>[^\W\d]\w*){ENDS}
    | (?P<other>[,])
    """,
    re.VERBOSE,
)
GOOD_NUMBER = re.compile(
    r"[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*"
    r"|0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*[pP][+-]?[0-9]+"
    r"|(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?i?|[0-9]+[eE][+-]?[0-9]+i?|[0-9]+i)"
)
Token = tuple[str, str]
OPERANDS = frozenset(
    ["string", "character", "number", "variable", "field", "dot", "word", "open", "true", "false", "nil"]
)
NO_COMMAND = frozenset(["string", "character", "number", "dot", "true", "false", "nil"])


def is_number(text: str) -> bool:
    if GOOD_NUMBER.fullmatch(text) is None:
        return False
    if not re.search(r"[.eEpPi]", text) or text[:2].lower() == "0x":
        # Go reads as many digits of an integer as fit into 64 bits.
        return len(text) < 20 or (text.isdigit() and len(text) == 20 and text <= str(2**64 - 1))
    return literals.number(text.rstrip("i").lstrip("+-")) is not None


class TemplateRefusedError(Exception):
    """Why the template is refused."""


def wrong_with(template: str) -> str | None:
    """Return why Loki refuses a template; None if it accepts it."""
    try:
        TemplateReader(tokens_of(template)).read()
    except TemplateRefusedError as why:
        return str(why)
    except RecursionError:
        return None
    return None


def tokens_of(template: str) -> list[Token]:
    """Return `begin` and `end` of each action and the tokens between, without text."""
    tokens: list[Token] = []
    at = template.find("{{")
    while at >= 0:
        if BEGINS_COMMENT.match(template, at):
            comment = COMMENT.match(template, at)
            if comment is None:
                raise TemplateRefusedError("a comment in the template does not end with */}}")
            at = comment.end()
        else:
            tokens.append(("begin", ""))
            at = action(template, at + (3 if re.match(r"\{\{-[ \t\r\n]", template[at : at + 4]) else 2), tokens)
        at = template.find("{{", at)
    return tokens


def action(template: str, at: int, tokens: list[Token]) -> int:
    """Append the tokens of an action to `tokens`. Return the end of the action."""
    while True:
        token = TOKEN.match(template, at)
        if token is None:
            if at >= len(template):
                raise TemplateRefusedError("a {{ in the template has no }}")
            raise TemplateRefusedError(f"the template is not read from {template[at : at + 20]!r} on")
        kind, text, at = str(token.lastgroup), token[0], token.end()
        if kind == "word" and (text in KEYWORDS or text in ("true", "false")):
            kind = text
        tokens.append((kind, text))
        if kind == "stop":
            tokens[-1] = ("}}", text)
            return at


class TemplateReader:
    """The position in the tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = [*tokens, ("eof", "")]
        self.at = 0
        self.variables = ["$"]
        self.ranges = 0

    @property
    def kind(self) -> str:
        return self.tokens[self.at][0]

    def blanks(self) -> str:
        """Skip blanks and return the kind of the next token."""
        while self.kind == "space":
            self.at += 1
        return self.kind

    def next(self) -> Token:
        """Return the next token that is not a blank."""
        self.blanks()
        token = self.tokens[self.at]
        if token[0] != "eof":
            self.at += 1
        return token

    def take(self, kind: str, where: str) -> str:
        token_kind, text = self.next()
        if token_kind != kind:
            raise TemplateRefusedError(f"{text or 'the end of the template'} in {where} of the template")
        return text

    def read(self) -> None:
        while self.kind != "eof":
            ended = self.one(top=True)
            if ended:
                raise TemplateRefusedError(f"{{{{{ended}}}}} in the template ends nothing")

    def body(self) -> str:
        """Read up to an `end` or `else`, and return it."""
        while self.kind != "eof":
            ended = self.one()
            if ended:
                return ended
        raise TemplateRefusedError("{{end}} is missing in the template")

    def one(self, top: bool = False) -> str:
        """Read an action. Return `end` or `else` if it is one."""
        self.take("begin", "the text")
        kind = self.blanks()
        if kind == "define" and top:
            self.next()
            self.name()
            self.take("}}", "define")
            self.closed(self.body())
        elif kind in ("if", "with", "range"):
            self.next()
            self.control(kind)
        elif kind == "end":
            self.next()
            self.take("}}", "end")
            return "end"
        elif kind == "else":
            self.next()
            if self.blanks() not in ("if", "with"):
                self.take("}}", "else")
            return "else"
        elif kind in ("template", "block"):
            self.next()
            self.named(kind)
        elif kind in ("break", "continue"):
            self.next()
            self.take("}}", kind)
            if not self.ranges:
                raise TemplateRefusedError(f"{{{{{kind}}}}} in the template is not inside a range")
        else:
            self.pipeline("command", "}}")
        return ""

    def named(self, kind: str) -> None:
        self.name()
        if kind == "template" and self.blanks() == "}}":
            self.next()
            return
        self.pipeline(kind, "}}")
        if kind == "block":
            kept, self.variables = self.variables, ["$"]
            self.closed(self.body())
            self.variables = kept

    def closed(self, ended: str) -> None:
        if ended != "end":
            raise TemplateRefusedError(f"{{{{{ended}}}}} in the template where {{{{end}}}} is due")

    def name(self) -> None:
        self.unquoted(self.take("string", "a name"))

    def control(self, kind: str) -> None:
        known = len(self.variables)
        self.pipeline(kind, "}}")
        self.ranges += kind == "range"
        ended = self.body()
        self.ranges -= kind == "range"
        if ended == "else":
            follows = self.blanks()
            if follows in ("if", "with"):
                if follows != kind:
                    raise TemplateRefusedError(f"else {follows} in the template follows no {follows}")
                self.next()
                self.control(kind)
            else:
                self.closed(self.body())
        del self.variables[known:]

    def pipeline(self, where: str, end: str) -> None:
        self.declarations(where)
        commands = 0
        while self.blanks() != end:
            first = self.kind
            if first not in OPERANDS:
                raise TemplateRefusedError(f"{self.tokens[self.at][1] or 'an end'} in a {where} of the template")
            if commands and first in NO_COMMAND:
                raise TemplateRefusedError("what stands after a | in the template is a value and no function")
            self.command()
            commands += 1
        self.next()
        if not commands:
            raise TemplateRefusedError(f"a {where} in the template has no value")

    def declarations(self, where: str) -> None:
        """Read `$x := `, or for a range `$i, $x := `."""
        declared = 0
        while self.blanks() == "variable":
            start, (_, name) = self.at, self.next()
            if self.blanks() == "declare":
                self.next()
                self.variables.append(name)
                return
            if self.kind != "other":
                self.at = start
                return
            self.next()
            declared += 1
            self.variables.append(name)
            if where != "range" or declared == 2 or self.blanks() not in ("variable", "}}", "close"):
                raise TemplateRefusedError(f"too many variables in a {where} of the template")

    def command(self) -> None:
        operands = 0
        while True:
            self.blanks()
            operands += self.operand()
            kind = self.kind
            if kind == "space":
                self.at += 1
                continue
            if kind == "pipe":
                self.at += 1
            elif kind not in ("}}", "close"):
                raise TemplateRefusedError(f"{self.tokens[self.at][1] or 'an end'} after a value in the template")
            if not operands:
                raise TemplateRefusedError("a | too many in the template")
            return

    def operand(self) -> bool:
        kind, text = self.tokens[self.at]
        if kind not in OPERANDS:
            return False
        self.at += 1
        if kind == "word" and text not in FUNCTIONS:
            hint = did_you_mean(text, FUNCTIONS, CERTAIN)
            raise TemplateRefusedError(f"{text} in the template is no function that Loki has{hint and f'.{hint}'}")
        if kind == "variable" and text not in self.variables:
            raise TemplateRefusedError(f"{text} in the template is not declared")
        if kind == "string":
            self.unquoted(text)
        if (kind == "number" and not is_number(text)) or (kind == "character" and not CHARACTER.fullmatch(text)):
            raise TemplateRefusedError(f"{text} in the template is no {kind}")
        if kind == "open":
            self.pipeline("parenthesis", "close")
        if self.kind == "field" and kind in NO_COMMAND:
            raise TemplateRefusedError(
                f"{text}{self.tokens[self.at][1]} in the template: only a value with fields has one"
            )
        while self.kind == "field":
            self.at += 1
        return True

    def unquoted(self, text: str) -> None:
        if text[0] == '"' and literals.unquote(text[1:-1]) is None:
            raise TemplateRefusedError(f"an escape in {text} of the template that is none")
