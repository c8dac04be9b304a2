"""The rule files: correct as they are, and mistakes are named with their rule."""

import tomllib
from pathlib import Path

import pytest

from logops.quality.secrets.errors import RulesError
from logops.quality.secrets.keywords import can_contain
from logops.quality.secrets.rules import FOLDER, Kind, parse_rules, read_rules

ROOT = Path(__file__).parents[4]
RULE = """
title = "test"
[[rules]]
id = "shop-token"
description = "Token of the shop"
source = "https://example.com/tokens"
regex = '''shop_[a-z]{8}'''
keywords = ["shop_"]
"""
START = "Reading rules for secrets: rules.toml: "
START_OF_RULE = "Reading rules for secrets: rules.toml:3: "


def refused(text: str) -> str:
    with pytest.raises(RulesError) as error:
        parse_rules(text, "rules.toml", Kind.SECRET)
    return str(error.value)


def test_keyword_that_no_match_contains_is_refused() -> None:
    """It would hide the rule."""
    message = refused(RULE.replace('"shop_"', '"shop_", "shoop_"'))
    assert message == (
        START_OF_RULE
        + "rule shop-token: keywords: no match of the regex contains 'shoop_', so the rule would find nothing "
        "by it. Correct the keyword."
    )


@pytest.mark.parametrize(
    ("regex", "keyword", "is_possible"),
    [
        ("(?i)shop_[a-z]{8}", "SHOP_".lower(), True),
        ("(?:shop|store)_[a-z]{8}", "store_", True),
        ("(?:shop|store)_[a-z]{8}", "stop_", False),
        ("sh?op[_-]?key", "sopkey", True),
        ("sh?op[_-]?key", "shop=key", False),
        ("[a-z]{2,5}", "abcdef", False),
        ("[a-z]{2,6}", "abcdef", True),
        ("[^0-9]+", "a1", False),
        (r"\w+", "a_1", True),
        ("^shop$", "shop", True),
        # RE2 reads it, Python does not.
        (r"\pN+shop", "anything", True),
    ],
)
def test_keyword_is_compared_with_all_texts_that_regex_can_match(regex: str, keyword: str, is_possible: bool) -> None:
    assert can_contain(regex, keyword) is is_possible


def test_rules_for_alloy_have_only_keys_of_gitleaks_and_source() -> None:
    known = {"id", "description", "regex", "secretGroup", "entropy", "keywords", "allowlists", "source"}
    content = tomllib.loads((ROOT / FOLDER / "rules.toml").read_text())
    assert {key for rule in content["rules"] for key in rule} <= known


def test_rule_with_bad_regex_is_named_with_reason() -> None:
    message = refused(RULE.replace("shop_[a-z]{8}", "shop_([a-z]{8}"))
    assert message == (
        START_OF_RULE
        + "rule shop-token: regex: missing ): shop_([a-z]{8}. Correct it; the syntax is RE2's, without look-around."
    )


def test_rule_with_look_ahead_is_refused() -> None:
    assert "rule shop-token: regex: invalid perl operator: (?=" in refused(RULE.replace("shop_", "shop_(?=x)", 1))


def test_rule_with_unknown_key_is_named_with_suggestion() -> None:
    message = refused(RULE + "entropi = 3\n")
    assert message == (
        START_OF_RULE + "rule shop-token: entropi is not a known key, so nothing would read it. Did you mean entropy?"
    )


def test_rule_without_description_is_named() -> None:
    message = refused(RULE.replace('description = "Token of the shop"', ""))
    assert message == START_OF_RULE + "rule shop-token: description: Field required."


def test_rule_without_id_is_named_by_number() -> None:
    assert refused(RULE.replace('id = "shop-token"', "")) == START_OF_RULE + "rule 1: id: Field required."


def test_group_that_regex_does_not_have_is_refused() -> None:
    message = refused(RULE + "secretGroup = 1\n")
    assert message == START_OF_RULE + "rule shop-token: secretGroup is 1, but the regex has 0 groups."


def test_regex_that_matches_empty_text_is_refused() -> None:
    message = refused(RULE.replace("shop_[a-z]{8}", "x*"))
    assert message == START_OF_RULE + "rule shop-token: regex: it matches an empty text, so it would match every line."


def test_regex_with_start_of_text_is_refused() -> None:
    message = refused(RULE.replace("shop_[a-z]{8}", r"\Ashop_[a-z]{8}"))
    assert message == (
        START_OF_RULE
        + r"rule shop-token: regex: \A and \z are not supported: texts are searched together. Use ^ and $."
    )


def test_keyword_in_upper_case_is_refused() -> None:
    message = refused(RULE.replace('"shop_"', '"SHOP_"'))
    assert (
        message
        == START_OF_RULE + "rule shop-token: keywords: 'SHOP_' is not in ASCII lower case. Write it in lower case."
    )


def test_unknown_checksum_is_refused_with_suggestion() -> None:
    message = refused(RULE + 'checksum = "luhm"\n')
    assert message == (
        START_OF_RULE + "rule shop-token: checksum: 'luhm' is not known. There are: luhn, iban. Did you mean luhn?"
    )


def test_second_rule_with_same_id_is_refused() -> None:
    message = refused(RULE + RULE.replace('title = "test"', ""))
    assert message == (
        "Reading rules for secrets: rules.toml:11: rule shop-token: an earlier rule has the same id. Give it another "
        "id."
    )


def test_allowlist_without_content_is_refused() -> None:
    message = refused(RULE + '[[rules.allowlists]]\ndescription = "nothing"\n')
    assert message == START_OF_RULE + "rule shop-token: allowlists: 'nothing' has neither regexes nor stopwords."


def test_text_that_is_not_toml_is_refused_with_line() -> None:
    assert refused("[[rules]\n") == (
        START + "not TOML: Expected ']]' at the end of an array declaration (at line 1, column 8)."
    )


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"include/secrets/rules\.toml: No such file or directory\.$"):
        read_rules(tmp_path)


def spans(rule_text: str, text: str) -> list[tuple[int, int, bool]]:
    (rule,) = parse_rules(rule_text, "rules.toml", Kind.SECRET)
    return list(rule.spans(text.encode()))


def test_first_group_that_is_not_empty_is_the_value() -> None:
    assert spans(RULE.replace("shop_[a-z]{8}", "shop_(?:([0-9]+)|([a-z]+))"), "shop_abc") == [(5, 8, True)]


def test_value_with_entropy_at_threshold_is_uncertain() -> None:
    assert spans(RULE.replace("shop_[a-z]{8}", "shop_([a-z]+)") + "entropy = 2.0\n", "shop_abcd") == [(5, 9, False)]


@pytest.mark.parametrize(
    ("condition", "value", "is_allowed"),
    [
        ("OR", "shop_testabcd", True),
        ("OR", "shop_demoabcd", True),
        ("AND", "shop_testabcd", False),
        ("AND", "shop_demotest", True),
    ],
)
def test_allowlist_with_condition_allows_as_gitleaks_does(condition: str, value: str, is_allowed: bool) -> None:
    allowlist = f"""
[[rules.allowlists]]
description = "tests"
condition = "{condition}"
regexes = ['''^shop_demo''']
stopwords = ["TEST"]
"""
    assert (spans(RULE + allowlist, value) == []) is is_allowed


def test_allowlist_for_line_reads_the_whole_line() -> None:
    allowlist = "[[rules.allowlists]]\ndescription = \"d\"\nregexTarget = \"line\"\nregexes = ['''^#''']\n"
    assert spans(RULE + allowlist, "# shop_abcdefgh") == []
