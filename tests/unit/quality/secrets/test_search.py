"""Texts that are searched in every line."""

from pathlib import Path

import pytest

from benchmarks.secrets_corpus import CONTEXTS, with_secrets
from logops.quality.secrets.rules import Kind, Rule, read_rules
from logops.quality.secrets.search import texts_to_search, written_forms

RULES = [rule for rule in read_rules(Path(__file__).parents[4]) if rule.kind is Kind.SECRET]


def test_keyword_that_a_line_of_the_sample_has_in_other_case_is_not_searched() -> None:
    assert set(texts_to_search(RULES, [])) - set(texts_to_search(RULES, ["GHP_ and more"])) == {"ghp_"}


def test_keywords_of_personal_data_are_not_searched() -> None:
    assert "@" not in texts_to_search(read_rules(Path(__file__).parents[4]), [])


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if "(?i" not in rule.regex.pattern.decode()], ids=lambda rule: rule.id
)
def test_every_line_with_a_token_in_fixed_case_has_a_text_of_its_rule(rule: Rule) -> None:
    lines = [sample.text for sample in with_secrets(11, 3 * len(CONTEXTS)) if sample.rule_id == rule.id]
    texts = {form for word in rule.keywords for form in written_forms(rule.regex.pattern.decode(), word.decode())}
    assert lines
    assert [line for line in lines if not any(text in line for text in texts)] == []


def test_keyword_of_one_word_in_any_case_is_not_searched() -> None:
    assert {"password", "Password", "bearer"}.isdisjoint(texts_to_search(RULES, []))


def test_storage_key_of_azure_is_searched_as_connection_strings_write_it() -> None:
    assert "AccountKey" in texts_to_search(RULES, [])
