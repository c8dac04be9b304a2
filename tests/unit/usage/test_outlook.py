import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.audit.judge.table_stats import TableStats
from logops.audit.policy.retention import Tiering
from logops.audit.survey.objects import DAY_MS
from logops.clients.blob_storage.blobs import Tier
from logops.usage.outlook import PriceList, kept_for, outlook
from logops.usage.usage import by_tenant, costs
from tests.unit.usage.test_usage import GB, PRICES, held, holding

COOL_AFTER_30 = {"main": {"team": Tiering(30 * DAY_MS, Tier.COOL)}}
PRICE_LIST = PriceList(PRICES, {"main": "LRS"})


def steady(keep: int) -> list[TableStats]:
    """A GB a day, kept for `keep` days."""
    return [holding(days, hot=1, keep=keep) for days in range(1, keep + 1)]


def test_outlook_of_a_steady_tenant_stays_the_same() -> None:
    now, later = outlook(held(*steady(90)), COOL_AFTER_30, PRICE_LIST, [0, 30])

    assert (round(now.bytes / GB), round(later.bytes / GB)) == (90, 90)


def test_outlook_costs_young_chunks_as_hot_and_old_ones_as_their_later_tier() -> None:
    (later,) = outlook(held(*steady(90)), COOL_AFTER_30, PRICE_LIST, [30])

    assert later.cost == pytest.approx(30 * 4 + 60 * 2)


def test_outlook_without_prices_has_no_cost() -> None:
    assert outlook(held(holding(1, hot=1)), {}, None, [30])[0].cost is None


@given(st.lists(st.integers(0, 50), min_size=1, max_size=120), st.sampled_from([30, 90, 365]))
def test_outlook_is_the_sum_of_the_tenants_forecasts(sizes: list[int], days: int) -> None:
    stats = held(*(holding(age, f"team-{age % 3}", hot=size) for age, size in enumerate(sizes, 1)))

    (total,) = outlook(stats, {}, None, [days])

    tenants = by_tenant(stats).values()
    assert total.bytes == pytest.approx(sum(usage.ahead[days][0] for usage in tenants))
    assert total.trend_bytes == pytest.approx(sum(usage.ahead[days][1] for usage in tenants))


def test_another_retention_keeps_the_daily_bytes_for_its_days() -> None:
    short, long = kept_for(held(*steady(90)), COOL_AFTER_30, PRICE_LIST, [10, 180])

    assert (short.bytes, short.cost) == (pytest.approx(10 * GB), pytest.approx(10 * 4))
    assert (long.bytes, long.cost) == (pytest.approx(180 * GB), pytest.approx(30 * 4 + 150 * 2))


def test_retention_as_declared_is_each_chunks_own() -> None:
    mixed = held(*steady(90), *(holding(days, "other", hot=2, keep=30) for days in range(1, 31)))

    (declared,) = kept_for(mixed, {}, None, [None])

    assert declared.bytes == pytest.approx((90 + 2 * 30) * GB)


def test_retention_for_ever_grows_without_end() -> None:
    (declared,) = kept_for(held(holding(1, hot=1, keep=0)), {}, PRICE_LIST, [None])

    assert (declared.bytes, declared.cost) == (None, None)


def test_cost_of_many_tables_is_the_sum_of_each() -> None:
    tables = [holding(days, hot=days % 3, cool=days % 2) for days in range(1, 130)]

    (total,) = costs(held(*tables), COOL_AFTER_30, {"main": "LRS"}, PRICES).values()
    each = [next(iter(costs(held(table), COOL_AFTER_30, {"main": "LRS"}, PRICES).values())) for table in tables]

    assert total.now == pytest.approx(sum(cost.now for cost in each))
    assert total.declared == pytest.approx(sum(cost.declared for cost in each))
    assert total.moves == pytest.approx(sum(cost.moves for cost in each))
