"""Keywords that are searched in every line."""

from pathlib import Path

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from logops.quality.secrets.rules import Kind, read_rules
from logops.quality.secrets.search import absent_keywords, regex_of

RULES = read_rules(Path(__file__).parents[4])
WORDS = sorted({word.decode() for rule in RULES if rule.kind is Kind.SECRET for word in rule.keywords})


def test_keyword_that_a_line_of_the_sample_has_in_other_case_is_not_searched() -> None:
    assert set(WORDS) - set(absent_keywords(RULES, ["GHP_ and more"])) == {"ghp_"}


def test_keywords_of_personal_data_are_not_searched() -> None:
    assert "@" not in absent_keywords(RULES, [])


@pytest.mark.parametrize("word", WORDS)
def test_keyword_in_other_case_is_found_by_the_expression(word: str) -> None:
    assert re2.search(regex_of(WORDS), f"before {word.upper()} after")


@given(st.text())
def test_line_without_keywords_is_not_found_by_the_expression(text: str) -> None:
    absent = absent_keywords(RULES, [text])
    # RE2 folds some letters outside ASCII (the long s) that lower() keeps.
    if absent and text.isascii():
        assert not re2.search(regex_of(absent), text)
