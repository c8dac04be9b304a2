"""The scan of entries: what it reports, and what it never shows."""

import random
import string
from pathlib import Path

import pytest

from logops.clients.loki.model import Entry
from logops.quality.secrets.match import Match, Part, Salt
from logops.quality.secrets.rules import Kind, Rule, parse_rules, read_rules
from logops.quality.secrets.scan import BATCH_CHARACTERS, Scan, masked_line, scan

ROOT = Path(__file__).parents[4]
SALT = Salt(b"salt of the tests", is_kept=True)
LABELS = {"service": "shop"}


def letters(count: int, seed: int = 1) -> str:
    """Return random letters and digits. No token stands in a test file: scanners of repositories would report it."""
    return "".join(random.Random(seed).choices(string.ascii_letters + string.digits, k=count))


GITHUB = "ghp_" + letters(36)
PASSWORD = "Tr0ub4dor&3"


@pytest.fixture(scope="module")
def rules() -> tuple[Rule, ...]:
    return read_rules(ROOT)


def scanned(rules: tuple[Rule, ...], *lines: str, **parts: dict[str, str]) -> Scan:
    labels, metadata = parts.get("labels", LABELS), parts.get("metadata", {})
    return scan([Entry(number, labels, line, metadata) for number, line in enumerate(lines)], rules, SALT)


def only_match(result: Scan) -> Match:
    (match,) = result.matches
    return match


def test_token_in_line_is_reported_with_rule_position_and_length(rules: tuple[Rule, ...]) -> None:
    match = only_match(scanned(rules, f"clone with {GITHUB} failed"))
    assert (match.rule_id, match.part, match.position, match.length) == ("github-token", Part.LINE, 11, 40)


def test_position_counts_characters_not_bytes(rules: tuple[Rule, ...]) -> None:
    assert only_match(scanned(rules, f"schlüssel: {GITHUB}")).position == 11


def test_example_shows_line_with_rule_in_place_of_token(rules: tuple[Rule, ...]) -> None:
    match = only_match(scanned(rules, f"clone with {GITHUB} failed"))
    assert match.example == "clone with [secret: github-token] failed"


def test_personal_data_is_masked_under_its_own_name(rules: tuple[Rule, ...]) -> None:
    match = only_match(scanned(rules, "paid with 4111 1111 1111 1111"))
    assert match.example == "paid with [personal data: payment-card]"


def test_example_masks_matches_of_every_rule_in_line(rules: tuple[Rule, ...]) -> None:
    examples = {match.example for match in scanned(rules, f"token {GITHUB} password={PASSWORD}").matches}
    assert examples == {"token [secret: github-token] password=[secret: password]"}


def test_example_masks_value_also_where_it_repeats_without_context(rules: tuple[Rule, ...]) -> None:
    match = only_match(scanned(rules, f"password={PASSWORD} refused, tried {PASSWORD} again"))
    assert match.example == "password=[secret: password] refused, tried [secret: password] again"


def test_example_masks_password_that_is_too_regular_to_report(rules: tuple[Rule, ...]) -> None:
    match = only_match(scanned(rules, f"password=aaaa1111 token={GITHUB}"))
    assert match.example == "password=[secret: password] token=[secret: github-token]"


def test_example_of_long_line_keeps_text_around_token(rules: tuple[Rule, ...]) -> None:
    example = only_match(scanned(rules, f"{'a ' * 500}{GITHUB}{' b' * 500}")).example
    assert len(example) < 310
    assert "a a [secret: github-token] b b" in example


def test_example_of_terminal_codes_cannot_control_terminal(rules: tuple[Rule, ...]) -> None:
    assert only_match(scanned(rules, f"\x1b[31m{GITHUB}\n")).example == r"\x1b[31m[secret: github-token]\n"


def test_secret_in_label_is_reported_once_for_stream_with_label_name(rules: tuple[Rule, ...]) -> None:
    match = only_match(scanned(rules, "a", "b", labels={"service": "shop", "user": GITHUB}))
    assert (match.part, match.name, match.example) == (Part.LABEL, "user", "user=[secret: github-token]")


def test_secret_in_label_is_masked_in_stream_of_every_match(rules: tuple[Rule, ...]) -> None:
    result = scanned(rules, f"password={PASSWORD}", labels={"user": GITHUB})
    assert [match.stream for match in result.matches] == [{"user": "[secret: github-token]"}] * 2


def test_label_named_password_is_context_of_its_value(rules: tuple[Rule, ...]) -> None:
    assert only_match(scanned(rules, "a", labels={"db_password": PASSWORD})).rule_id == "password"


def test_token_as_name_of_label_is_not_shown(rules: tuple[Rule, ...]) -> None:
    result = scanned(rules, "a", labels={GITHUB: "1"})
    assert only_match(result).name == "[secret: github-token]"
    assert GITHUB not in repr(result)


def test_secret_in_structured_metadata_is_reported_with_key(rules: tuple[Rule, ...]) -> None:
    match = only_match(scanned(rules, "a", metadata={"client_secret": letters(32)}))
    assert (match.part, match.name, match.rule_id) == (Part.METADATA, "client_secret", "api-key")


def test_value_of_several_rules_is_reported_by_first_rule_only(rules: tuple[Rule, ...]) -> None:
    assert only_match(scanned(rules, f"Authorization: Bearer {GITHUB}")).rule_id == "github-token"


def test_equal_values_have_equal_hashes_and_other_salt_changes_them(rules: tuple[Rule, ...]) -> None:
    first, second = scanned(rules, f"a {GITHUB}", f"b {GITHUB}").matches
    (other,) = scan([Entry(0, LABELS, GITHUB)], rules, Salt(b"another", is_kept=False)).matches
    assert first.hash == second.hash != other.hash


def test_no_value_is_in_repr_of_result(rules: tuple[Rule, ...]) -> None:
    result = scanned(rules, f"{GITHUB} password={PASSWORD}", labels={"k": GITHUB}, metadata={"pwd": PASSWORD})
    assert len(result.matches) == 4
    assert not [value for value in (GITHUB, PASSWORD, "salt of the tests") if value in repr((result, SALT))]


def test_line_that_is_too_long_is_cut_and_counted(rules: tuple[Rule, ...]) -> None:
    result = scan([Entry(0, LABELS, "x" * 100 + GITHUB)], rules, SALT, max_line_bytes=100)
    assert (result.cut_lines, result.matches) == (1, ())


def test_binary_line_with_half_surrogate_is_scanned(rules: tuple[Rule, ...]) -> None:
    assert only_match(scanned(rules, f"\x00\ud800\udcff {GITHUB} \x07")).rule_id == "github-token"


def test_line_without_secret_has_no_match(rules: tuple[Rule, ...]) -> None:
    assert scanned(rules, "GET /health 200 3ms", "password: incorrect", "token=<redacted>").matches == ()


def test_secrets_in_every_batch_are_reported_with_time_of_their_line(rules: tuple[Rule, ...]) -> None:
    filler = "x" * 60_000
    lines = [f"{filler} {GITHUB}" if number % 50 == 0 else filler for number in range(2 * BATCH_CHARACTERS // 60_000)]
    expected = [number for number in range(len(lines)) if number % 50 == 0]
    assert [match.timestamp_ns for match in scanned(rules, *lines).matches] == expected


def test_match_is_not_made_of_two_lines(rules: tuple[Rule, ...]) -> None:
    assert scanned(rules, "card 4111 1111", "1111 1111 ok").matches == ()


def test_lines_of_rule_count_line_once_and_all_lines_of_labelled_stream(rules: tuple[Rule, ...]) -> None:
    in_line = [Entry(number, {"app": "a"}, f"{GITHUB} and {GITHUB}") for number in range(2)]
    in_label = [Entry(number, {"app": GITHUB}, "nothing") for number in range(3)]
    assert scan(in_line + in_label, rules, SALT).lines_by_rule == {"github-token": 5}


def test_masked_line_hides_password_that_is_too_regular_to_report(rules: tuple[Rule, ...]) -> None:
    assert masked_line("cannot parse: password=aaaa1111 x", rules) == "cannot parse: password=[secret: password] x"


def test_masked_line_without_secret_is_shortened_and_printable(rules: tuple[Rule, ...]) -> None:
    assert masked_line("\x07" + "a" * 400, rules) == r"\x07" + "a" * 296 + "..."


def test_rule_that_starts_with_line_start_matches_in_every_line() -> None:
    rule = """
title = "test"
[[rules]]
id = "shop-token"
description = "Token of the shop"
source = "https://example.com/tokens"
regex = '''^shop_[a-z]{8}$'''
"""
    found = scanned(parse_rules(rule, "rules.toml", Kind.SECRET), "shop_abcdefgh", "no shop_abcdefgh", "shop_abcdefgh")
    assert [match.timestamp_ns for match in found.matches] == [0, 2]


def test_masked_line_of_a_private_key_without_its_first_line_is_hidden(rules: tuple[Rule, ...]) -> None:
    """Most agents send each line of a key as an entry of its own."""
    assert masked_line(f"{letters(60)}+/9A", rules) == "[random characters]"


@pytest.mark.parametrize(
    "line",
    [
        "GET /var/lib/kubelet/pods/2a1f/volumes/kubernetes.io-projected/kube-api-access 200",
        f"digest sha256:{'0123456789abcdef' * 4}",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736 of order-service_created_by_the_nightly_import_of_all_shops",
    ],
)
def test_masked_line_with_paths_digests_and_trace_ids_shows_them(rules: tuple[Rule, ...], line: str) -> None:
    assert masked_line(line, rules) == line
