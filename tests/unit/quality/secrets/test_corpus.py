"""Recall and precision on a slice of the benchmark's corpus, and the prefilter against no prefilter."""

from pathlib import Path

import pytest

from benchmarks.secrets_corpus import CONTEXTS, CONTEXTUAL, TOKENS, Sample, with_secrets, without_secrets
from logops.clients.loki.model import Entry
from logops.quality.secrets.match import Match, Salt
from logops.quality.secrets.rules import read_rules
from logops.quality.secrets.scan import scan

RULES = read_rules(Path(__file__).parents[4])
SALT = Salt(b"salt of the tests", is_kept=True)
SEED = 11


def matches_of(samples: list[Sample]) -> list[Match]:
    """Return the matches. The time of a match is the number of its sample."""
    entries = [Entry(number, {"app": "a"}, sample.text) for number, sample in enumerate(samples)]
    return list(scan(entries, RULES, SALT).matches)


def test_corpus_has_every_rule() -> None:
    assert {*TOKENS, *CONTEXTUAL} == {rule.id for rule in RULES}


@pytest.mark.parametrize("rule_id", [rule.id for rule in RULES if rule.id != "password"])
def test_secret_of_rule_is_found_with_exact_value_in_every_context(rule_id: str) -> None:
    samples = [sample for sample in with_secrets(SEED, len(CONTEXTS)) if sample.rule_id == rule_id]
    found = {(match.timestamp_ns, match.rule_id, match.hash) for match in matches_of(samples)}
    expected = {
        (number, rule_id, SALT.hash(sample.value.encode())): sample.text for number, sample in enumerate(samples)
    }
    assert [text for key, text in expected.items() if key not in found] == []


def test_passwords_that_are_not_only_words_are_found() -> None:
    samples = [sample for sample in with_secrets(SEED, 100) if sample.rule_id == "password"]
    found = {match.hash for match in matches_of(samples)}
    missed = [sample.value for sample in samples if SALT.hash(sample.value.encode()) not in found]
    assert [value for value in missed if not value.isalpha()] == []


def test_no_example_of_corpus_contains_its_secret() -> None:
    samples = list(with_secrets(SEED, len(CONTEXTS)))
    assert [match for match in matches_of(samples) if samples[match.timestamp_ns].value in match.example] == []


def test_lines_without_secret_are_not_reported_except_numbers_with_check_digit() -> None:
    samples = list(without_secrets(SEED, 40))
    wrong = [(samples[match.timestamp_ns], match.rule_id) for match in matches_of(samples)]
    # One random number in ten has the check digit of a card.
    assert [sample.text for sample, rule_id in wrong if (sample.value, rule_id) != ("number", "payment-card")] == []


def test_scan_of_batch_finds_what_scans_of_single_lines_find() -> None:
    samples = [*with_secrets(SEED, len(CONTEXTS)), *without_secrets(SEED, 10)]
    single = {
        (number, match.rule_id, match.hash) for number, sample in enumerate(samples) for match in matches_of([sample])
    }
    batch = {(match.timestamp_ns, match.rule_id, match.hash) for match in matches_of(samples)}
    assert batch == single


def test_scan_of_equal_kind_of_lines_finds_what_scans_of_single_lines_find() -> None:
    """A keyword in every line is common, so that its rules search the batch themselves."""
    for rule_id in ("azure-entra-client-secret", "payment-card", "api-key", "password-in-url"):
        samples = [sample for sample in with_secrets(SEED, 300) if sample.rule_id == rule_id]
        single = {(number, match.hash) for number, sample in enumerate(samples) for match in matches_of([sample])}
        assert {(match.timestamp_ns, match.hash) for match in matches_of(samples)} == single
