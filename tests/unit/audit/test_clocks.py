from datetime import UTC, datetime, timedelta

import pytest

from logops.audit.survey.cluster import ClockSkewError, check_clocks

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize("minutes", [-4, 0, 4])
def test_clocks_minutes_apart_are_accepted(minutes: int) -> None:
    check_clocks(NOON, NOON + timedelta(minutes=minutes))


@pytest.mark.parametrize("hours", [-2, 2])
def test_clocks_hours_apart_are_refused_with_both_times(hours: int) -> None:
    with pytest.raises(ClockSkewError) as caught:
        check_clocks(NOON, NOON + timedelta(hours=hours))

    assert str(caught.value) == (
        f"the clocks are 2:00:00 apart: 2026-11-24 {12 + hours}:00:00 UTC here and 2026-11-24 12:00:00 UTC at "
        "the storage account. Set this machine's clock (NTP), then run it again."
    )
