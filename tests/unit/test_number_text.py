import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.number_text import count_text, decimal_text, money_text, seconds_text, size_text


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [
        (0, "chunk", "0 chunks"),
        (1, "chunk", "1 chunk"),
        (1, "query", "1 query"),
        (2, "query", "2 queries"),
        (12_000, "index file", "12,000 index files"),
    ],
)
def test_count_has_its_noun_in_singular_or_plural(count: int, noun: str, text: str) -> None:
    assert count_text(count, noun) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1023.99 * 1024, "1.0 MiB"),
        (2_500_000, "2.4 MiB"),
        (5 * 2**40, "5.0 TiB"),
        (2**70, "1,024.0 EiB"),
        (-2048, "-2.0 KiB"),
    ],
)
def test_size_is_shown_in_binary_units(size: float, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 ms"),
        (0.9996, "1.00 s"),
        (0.1036, "104 ms"),
        (9.996, "10.0 s"),
        (99.96, "1 min 40 s"),
        (3600, "60 min 00 s"),
    ],
)
def test_time_has_the_unit_of_its_length(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_decimal_never_has_an_exponent(value: float) -> None:
    assert re.fullmatch(r"(< |> )?-?[0-9,]+(\.[0-9]+)?", decimal_text(value))


@given(st.floats(0.0001, 1e6))
def test_decimal_is_at_most_half_a_percent_from_the_value(value: float) -> None:
    assert float(decimal_text(value).replace(",", "")) == pytest.approx(value, rel=0.005)


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0.00"), (1.4e-07, "< 0.01"), (-1.4e-07, "> -0.01"), (0.01, "0.01"), (1234.5, "1,234.50"), (-3, "-3.00")],
)
def test_amount_of_money_has_cents(amount: float, text: str) -> None:
    assert money_text(amount) == text
