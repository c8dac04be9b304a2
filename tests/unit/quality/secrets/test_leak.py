"""What a sample says about a whole stream."""

from itertools import combinations
from pathlib import Path

import pytest

from logops.clients.loki.model import Entry
from logops.quality.secrets.bound import upper_bound
from logops.quality.secrets.leak import Leak, leaks
from logops.quality.secrets.match import Salt
from logops.quality.secrets.rules import read_rules
from logops.quality.secrets.scan import scan

RULES = read_rules(Path(__file__).parents[4])
SALT = Salt(b"salt of the tests", is_kept=True)
PASSWORDS = ("Tr0ub4dor&3", "C0rrect-h0rse", "B4ttery!staple", "St4ple#clip")


def leaks_of(lines: list[str], total_lines: int | None = None) -> tuple[Leak, ...]:
    entries = [Entry(number, {"app": "a"}, line) for number, line in enumerate(lines)]
    return leaks(scan(entries, RULES, SALT), total_lines)


def leak_of(passwords: int, others: int, total_lines: int | None = None) -> Leak:
    lines = [f"password={PASSWORDS[number % len(PASSWORDS)]}" for number in range(passwords)]
    (leak,) = leaks_of(lines + ["ok"] * others, total_lines)
    return leak


def test_statement_has_count_of_sample_and_bound_for_stream() -> None:
    assert leak_of(2, 998, 1_000_000).statement == (
        "2 of 1,000 sampled lines contain 2 different values; with 95 % confidence at most 6,280 of 1,000,000 lines."
    )


def test_statement_of_complete_sample_has_no_bound() -> None:
    assert leak_of(1, 9, 10).statement == ("1 of 10 lines contains 1 different value; every line was searched.")


def test_statement_without_count_of_stream_says_so() -> None:
    assert leak_of(1, 9).statement == (
        "1 of 10 sampled lines contains 1 different value; the lines of the whole stream were not counted."
    )


def test_examples_of_leak_show_different_values_and_are_limited() -> None:
    leak = leak_of(8, 0)
    assert (leak.matches, len(leak.hashes), leak.examples) == (8, 4, ("password=[secret: password]",) * 3)


def test_rule_with_most_lines_comes_first() -> None:
    lines = ["from bob@contoso.com"] + [f"password={password}" for password in PASSWORDS]
    assert [leak.rule_id for leak in leaks_of(lines)] == ["password", "e-mail"]


def test_scan_without_match_has_no_leak() -> None:
    assert leaks_of(["ok"], 100) == ()


@pytest.mark.parametrize("with_secret", range(9))
def test_bound_holds_for_at_least_its_confidence_of_all_samples(with_secret: int) -> None:
    total, sampled, confidence = 8, 4, 0.9
    samples = list(combinations([True] * with_secret + [False] * (total - with_secret), sampled))
    holding = [sample for sample in samples if upper_bound(sum(sample), sampled, total, confidence) >= with_secret]
    assert len(holding) / len(samples) >= confidence


def test_bound_without_finding_is_rule_of_three_for_large_stream() -> None:
    assert upper_bound(0, 1_000, 10**9) == pytest.approx(3e6, rel=0.01)


def test_bound_of_complete_sample_is_the_count() -> None:
    assert upper_bound(3, 100, 100) == 3


def test_bound_of_stream_that_shrank_since_the_count_is_not_below_sample() -> None:
    assert upper_bound(3, 100, 90) == 3


def test_bound_of_more_findings_than_lines_is_refused() -> None:
    with pytest.raises(ValueError, match="5 lines with a secret in a sample of 4 lines"):
        upper_bound(5, 4, 100)


def test_evidence_has_bound_hashes_and_where_hashes_can_be_compared() -> None:
    leak = leak_of(1, 9, 100)
    assert leak.evidence == {
        "rule": "password",
        "where": "line",
        "lines": 1,
        "sampled": 10,
        "at_most": 38,
        "values": 1,
        "hashes": SALT.hash(PASSWORDS[0].encode()),
        "hashes_of": "all runs of this environment",
    }
