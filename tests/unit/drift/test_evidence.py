"""What a finding shows of a diff."""

import pytest

from logops.drift.evidence import LONGEST, MOST_LINES, masked, shown


@pytest.mark.parametrize(
    ("line", "shown_line"),
    [
        ("+  password: hunter2", "+  password: ***"),
        ("+  smtp_auth_password: hunter2", "+  smtp_auth_password: ***"),
        ("-  account_key: 'c2VjcmV0'", "-  account_key: ***"),
        ("-  url: AccountName=x;AccountKey=c2VjcmV0;Blob=y", "-  url: AccountName=x;AccountKey=***;Blob=y"),
        ("+  url: https://me:hunter2@loki/push", "+  url: https://***@loki/push"),
        ("+  url: https://hooks.slack.com/services/T0/B0/xyz", "+  url: https://hooks.slack.com/***"),
        (
            "+  url: https://account.blob.core.windows.net/logs?sv=1&sig=abc",
            "+  url: https://account.blob.core.windows.net/logs?***",
        ),
        ("+  bearer_token: ey.J0", "+  bearer_token: ***"),
    ],
)
def test_secret_in_a_diff_is_masked(line: str, shown_line: str) -> None:
    assert masked(line) == shown_line


@pytest.mark.parametrize(
    "line", ["+  max_line_size: 262144", "+    num_tokens: 128", "-  key_file: /run/x", "+  account_key: ${LOGOPS_KEY}"]
)
def test_line_without_a_secret_stays_as_it_is(line: str) -> None:
    assert masked(line) == line


def test_long_diff_is_cut_with_the_number_of_lines_that_are_left_out() -> None:
    text = shown([f"+line {number}" for number in range(MOST_LINES + 7)])
    assert text.endswith(f"+line {MOST_LINES - 1}\n... and 7 more lines")


def test_long_line_is_left_out_with_a_note() -> None:
    assert shown(["+a", "+" + "x" * LONGEST]) == "+a\n... and 1 more lines"
