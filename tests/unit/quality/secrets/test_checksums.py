"""Checksums of cards and accounts."""

import pytest

from logops.quality.secrets.checksums import is_iban_valid, is_luhn_valid


@pytest.mark.parametrize("number", ["4111111111111111", "5500-0000-0000-0004", "3400 000000 00009", "6011000000000004"])
def test_card_number_with_check_digit_is_valid(number: str) -> None:
    assert is_luhn_valid(number)


def test_card_number_with_any_other_last_digit_is_invalid() -> None:
    assert [digit for digit in range(10) if is_luhn_valid(f"411111111111111{digit}")] == [1]


def test_zeros_are_no_card_number() -> None:
    assert not is_luhn_valid("0000 0000 0000 0000")


@pytest.mark.parametrize("iban", ["DE89370400440532013000", "FR14 2004 1010 0505 0001 3M02 606", "NO9386011117947"])
def test_iban_with_checksum_is_valid(iban: str) -> None:
    assert is_iban_valid(iban)


def test_iban_of_other_length_is_invalid() -> None:
    assert not is_iban_valid("DE8937040044053201300")


def test_iban_before_another_word_is_valid() -> None:
    assert is_iban_valid("ES91 2100 0418 4502 0005 1332 OK")
