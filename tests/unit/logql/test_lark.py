"""The grammar in benchmarks/logql.lark parses the same queries as our parser, with the same precedence.

The parser's speed is compared with this grammar.
"""

from pathlib import Path

import lark
import pytest
from hypothesis import given

from logops.logql.parse import is_query, parse
from logops.logql.text import one_line
from logops.logql.tree import Binary, Both, Condition, Either, LabelFilter, LogQuery, Matcher, Number, Query, Vector
from tests.support.logql_corpus import QUERIES
from tests.support.logql_trees import queries

LALR = lark.Lark.open(
    str(Path(__file__).parents[3] / "benchmarks/logql.lark"), parser="lalr", lexer="contextual", keep_all_tokens=False
)


def test_lark_grammar_parses_every_valid_corpus_query() -> None:
    refused = {}
    for query in filter(is_query, QUERIES):
        try:
            LALR.parse(query)
        except lark.exceptions.LarkError as error:
            refused[query] = str(error)

    assert refused == {}


def test_lark_grammar_refuses_invalid_syntax() -> None:
    for query in ("{", '{a="b"} |', "rate({a=1}[5m])", "1 +", '{a="b"} | json x=', "sum by x (1)", "topk(1 2)"):
        with pytest.raises(lark.exceptions.LarkError):
            LALR.parse(query)


@given(queries())
def test_lark_grammar_parses_every_generated_query(tree: Query) -> None:
    LALR.parse(one_line(tree))


@pytest.mark.parametrize(
    "query",
    [
        "1 - 2 - 3", "2 ^ 3 ^ 4", "1 * 2 + 3", "1 + 2 * 3", "1 > 2 + 3", "1 / 2 % 3 ^ 4 - 5", "(1 - 2) - (3 - 4)",
        "vector(1) or vector(2) and vector(3) unless vector(4) or vector(5)", "1 == 2 != 3 >= 4",
        '{x="1"} | a="1" or b="2" and c="3"', '{x="1"} | a="1" and b="2" or c="3"', '{x="1"} | a="1", b="2" or c="3"',
        '{x="1"} | a="1" and b="2" c="3"', '{x="1"} | a="1" or b="2", c="3" or d="4"',
        '{x="1"} | (a="1" or b="2") and c="3"', '{x="1"} | a="1" b="2" c="3"',
    ],
)  # fmt: skip
def test_lark_grammar_has_same_operator_precedence_as_parser(query: str) -> None:
    found = parse(query)
    own = shape(found.stages[0].condition if isinstance(found, LogQuery) else found)  # type: ignore[union-attr]

    assert shape_of_lark(LALR.parse(query)) == own


def shape(found: Query | Condition | LabelFilter) -> object:
    """Return the leaves, nested as the operators join them."""
    match found:
        case Binary() | Both() | Either():
            return [shape(found.left), shape(found.right)]
        case Number():
            return found.text
        case Vector():
            return found.value.text
        case Matcher():
            return found.value
    raise AssertionError(found)


def shape_of_lark(found: object) -> object:
    assert isinstance(found, lark.Tree)
    if found.data in ("binary", "both", "either"):
        parts = [part for part in found.children if isinstance(part, lark.Tree) and part.data != "modifier"]
        return [shape_of_lark(part) for part in parts]
    trees = [part for part in found.children if isinstance(part, lark.Tree) and part.data != "selector"]
    return shape_of_lark(trees[0]) if trees else str(found.children[-1]).strip('"')
