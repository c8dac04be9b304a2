"""Secrets in the lines of a file."""

from io import BufferedReader, BytesIO
from pathlib import Path

import pytest

from logops.quality.secrets.file import read_lines, scan_file
from logops.quality.secrets.rules import read_rules

RULES = read_rules(Path(__file__).parents[4])
PASSWORD = b"password=Tr0ub4dor&3\n"


def test_headline_of_file_with_secret_has_verdict_and_size() -> None:
    result = scan_file([b"ok\n", PASSWORD], RULES)
    assert result.headline == "Found 1 kind of secrets and personal data: 2 lines, 22 B."


def test_headline_of_file_without_secret_says_so() -> None:
    assert scan_file([b"ok\n"], RULES).headline == "No secrets and no personal data: 1 line, 2 B."


def test_headline_counts_lines_that_were_cut() -> None:
    assert scan_file([b"x" * 70_000], RULES).headline == (
        "No secrets and no personal data: 1 line, 64.0 KiB. The end of 1 line after 64.0 KiB was not scanned."
    )


def test_json_has_first_and_last_line_and_no_value() -> None:
    (found,) = scan_file([b"\xff\x00\n", PASSWORD, b"ok", PASSWORD], RULES).to_dict()["found"]
    assert found == {
        "rule": "password",
        "kind": "secret",
        "lines": 2,
        "values": 1,
        "first_line": 2,
        "last_line": 4,
        "examples": ["password=[secret: password]"],
    }


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_line_end_is_not_part_of_example(end: bytes) -> None:
    assert scan_file([b"password=Tr0ub4dor&3" + end], RULES).leaks[0].examples == ("password=[secret: password]",)


def test_line_of_many_megabytes_is_read_up_to_the_part_that_is_scanned() -> None:
    lines = list(read_lines(BufferedReader(BytesIO(b"x" * 3_000_000 + b"\n" + PASSWORD))))
    assert ([len(line) for line in lines], lines[1]) == ([(64 << 10) + 2, len(PASSWORD)], PASSWORD)
