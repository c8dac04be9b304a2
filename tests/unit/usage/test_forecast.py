from hypothesis import given
from hypothesis import strategies as st

from logops.usage.forecast import MIN_TREND_DAYS, WINDOW_DAYS, forecast, rate_of, stored

TODAY = 20_000
series = st.dictionaries(st.integers(TODAY - 200, TODAY), st.integers(0, 10**12), max_size=200)
kept = st.none() | st.integers(1, 400)


def days(*sizes: int) -> dict[int, int]:
    """Return the sizes by day for the last days. The last size is yesterday's."""
    return {TODAY - len(sizes) + nth: size for nth, size in enumerate(sizes)}


def test_rate_is_mean_of_four_weeks_of_whole_days() -> None:
    rate = rate_of({**days(*[1] * 30, *[100] * WINDOW_DAYS), TODAY: 5}, TODAY, 90)

    assert (rate.per_day, rate.trend, rate.days) == (100, 0, WINDOW_DAYS)


def test_rate_ignores_expired_days() -> None:
    assert rate_of(days(*[0] * 20, *[100] * 7), TODAY, 7).per_day == 100


def test_single_outlier_day_does_not_change_trend() -> None:
    assert rate_of(days(*[100] * 20, 9_000, *[100] * 7), TODAY, None).trend == 0


def test_steady_growth_continues_in_rate() -> None:
    rate = rate_of(days(*range(100, 100 + WINDOW_DAYS)), TODAY, None)

    assert rate.trend == 1
    assert [round(rate.at(ahead)) for ahead in (0, 1, 30)] == [128, 129, 158]


def test_few_days_have_rate_without_trend() -> None:
    rate = rate_of(days(*range(MIN_TREND_DAYS - 1)), TODAY, None)

    assert (rate.trend, rate.at(100)) == (0, rate.per_day)


def test_series_without_whole_day_has_no_rate() -> None:
    assert rate_of({TODAY: 7}, TODAY, 90).days == 0
    assert rate_of({}, TODAY, 90).days == 0


def test_forecast_is_constant_if_new_data_equals_expired_data() -> None:
    """Retention is 30 days and every day adds the same size, so old data expires as fast as new data arrives."""
    brought = days(*[100] * 30)

    assert forecast(brought, TODAY, 30, 7)[0] == forecast(brought, TODAY, 30, 365)[0] == 3_000


def test_forecast_of_data_kept_forever_grows() -> None:
    assert forecast(days(*[100] * 30), TODAY, None, 10) == (4_000, 4_000)


@given(series, kept, st.integers(0, 400))
def test_forecast_is_never_negative(brought: dict[int, int], period: int | None, ahead: int) -> None:
    assert min(forecast(brought, TODAY, period, ahead)) >= 0


@given(series, st.integers(1, 400), st.integers(0, 400))
def test_longer_retention_never_stores_less(brought: dict[int, int], period: int, ahead: int) -> None:
    """Compare two retention periods with the same stored data and the same rate of new data."""
    rate = rate_of(brought, TODAY, None).per_day
    coming = [rate] * ahead
    assert stored(brought, TODAY, period, ahead, coming) <= stored(brought, TODAY, period + 1, ahead, coming)


@given(series, kept)
def test_forecast_for_zero_days_is_sum_of_unexpired_data(brought: dict[int, int], period: int | None) -> None:
    gone = -1 if period is None else TODAY - period - 1
    assert forecast(brought, TODAY, period, 0)[0] == sum(size for day, size in brought.items() if day > gone)
