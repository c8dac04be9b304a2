"""The columns of `logops audit usage` and `logops audit cost`."""

from collections.abc import Mapping

import pytest

from logops.cli.output.table import table_text
from logops.cli.output.usage_tables import cost_columns, usage_columns
from logops.usage.forecast import Rate
from logops.usage.usage import Cost, Usage

GIB = 2**30
AHEAD = {30: (5 * GIB, 6 * GIB), 90: (7 * GIB, 9 * GIB), 365: (7 * GIB, 20 * GIB)}
USAGES = {
    ("main", "application"): Usage(1_200, 4 * GIB, (0, GIB, 3 * GIB, 0, 0), None, Rate(GIB, GIB, GIB / 90, 30), AHEAD),
    ("security", "audit-trail-of-all"): Usage(1, 0, (0, 0, 0, 0, 0), None, Rate(0, 0, 0, 30), AHEAD),
}


def test_usage_at_80_columns_has_whole_tenants_sizes_and_no_wider_line() -> None:
    lines = table_text(usage_columns(USAGES, "tenant"), 80).plain.splitlines()

    assert max(map(len, lines)) <= 80
    assert lines[0].split()[:4] == ["cluster", "tenant", "size", "a"]
    assert [line.split()[1] for line in lines[1:3]] == ["application", "audit-trail-of-all"]


def test_usage_has_tiers_that_are_used_only() -> None:
    names = [column.name for column in usage_columns(USAGES, "tenant")]

    assert [name for name in names if name in ("Hot", "Cool", "Cold", "Archive")] == ["Hot", "Cool"]


def test_usage_by_tenant_has_totals_in_the_unit_of_the_cells() -> None:
    *_, total = table_text(usage_columns(USAGES, "tenant"), None).plain.splitlines()

    assert total.split()[:4] == ["all", "1,201", "4.0", "GiB"]


def test_usage_without_a_complete_day_has_no_forecast() -> None:
    usages: Mapping[tuple[str, str], Usage] = {
        ("main", "new"): Usage(1, 5, (0, 5, 0, 0, 0), None, Rate(0, 0, 0, 0), AHEAD)
    }

    assert "in 30 d" not in table_text(usage_columns(usages, "tenant"), None).plain


@pytest.mark.parametrize(("amount", "text"), [(1.4e-07, "< 0.01"), (0.0, "0.00"), (12.345, "12.35")])
def test_cost_has_cents_and_no_exponent(amount: float, text: str) -> None:
    lines = table_text(cost_columns({("main", "team"): Cost(amount, 0, 0)}, "EUR"), None).plain.splitlines()

    assert lines[0].split()[:6] == ["cluster", "tenant", "EUR", "a", "month", "now"]
    assert " ".join(lines[1].split()).startswith(f"main team {text} ")
