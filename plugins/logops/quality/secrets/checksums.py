"""Checksums of numbers. They tell a card or account number from any other number of that length."""

from collections.abc import Callable

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24,
    "SM": 27, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
"""Length of an IBAN by country. Source: SWIFT's IBAN registry (ISO 13616)."""


def is_luhn_valid(text: str) -> bool:
    """Return whether the digits of a card number have a correct check digit (ISO/IEC 7812-1, annex B).

    >>> is_luhn_valid("4111 1111 1111 1111"), is_luhn_valid("4111 1111 1111 1112")
    (True, False)
    """
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [2 * digit - 9 if digit > 4 else 2 * digit for digit in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban_valid(text: str) -> bool:
    """Return whether an IBAN has its country's length and a correct checksum (ISO 13616, ISO 7064 MOD 97-10).

    A word after an IBAN with spaces is ignored: it looks like a last group.

    >>> is_iban_valid("GB82 WEST 1234 5698 7654 32"), is_iban_valid("GB82 WEST 1234 5698 7654 33")
    (True, False)
    """
    length = IBAN_LENGTHS.get(text[:2])
    iban = "".join(text.split(" "))
    if length is None or not (iban.isascii() and iban.isalnum()):
        return False
    if len(iban) != length and len("".join(text.split(" ")[:-1])) != length:
        return False
    iban = iban[:length].upper()
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


CHECKSUMS: dict[str, Callable[[str], bool]] = {"luhn": is_luhn_valid, "iban": is_iban_valid}
"""The names that a rule may have as its `checksum`."""
