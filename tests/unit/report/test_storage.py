"""The section of the page about storage: how much, how it grows, what it costs, and what it would cost otherwise."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import escape

from logops.audit.judge.table_stats import TableStats
from logops.audit.policy.retention import Tiering
from logops.audit.reduce import holdings_table
from logops.audit.request import AuditRequest, Check
from logops.audit.survey.objects import DAY_MS
from logops.clients.blob_storage.blobs import Tier
from logops.findings.kinds import HOLDINGS
from logops.findings.store import ResultsStore
from logops.report.against_policy import Declared
from logops.report.section import EVERYTHING, STANDARD, Section
from logops.report.sections import storage
from logops.report.sections.ingestion import Ingestion, Source
from logops.report.sections.storage import MOST_POINTS, Data, Point, chosen_days
from logops.report.storage_charts import Forecast, by_tenant, by_tier
from logops.usage.outlook import PriceList
from logops.usage.usage import Held
from tests.support.environments import environment
from tests.unit.usage.test_usage import AS_OF, GB, PRICES, holding

TODAY = AS_OF.date()
NOTHING_ARRIVES = Ingestion("local", AS_OF, AS_OF, None, False, 0, ())
HOSTILE = "</svg><script>alert('x')</script>"


def data(*holdings: tuple[str, TableStats], history: tuple[Point, ...] = (), **changes: Any) -> Data:
    values: dict[str, Any] = {
        "environment": "local",
        "now": AS_OF,
        "held": Held(AS_OF, holdings),
        "history": history,
        "audiences": {"main": "standard", "security": "security"},
        "tiering": {"main": {"team": Tiering(30 * DAY_MS, Tier.COOL)}},
        "retention": {("main", "team"): "90d"},
        "promised_days": {"main": 90, "security": 365},
        "prices": PriceList(PRICES, {"main": "LRS", "security": "LRS"}),
        "prices_text": "Prices: here, EUR.",
    }
    return Data(**{**values, **changes})


def month_of(gigabytes: int = 1) -> list[tuple[str, TableStats]]:
    return [("main", holding(days, hot=gigabytes)) for days in range(1, 29)]


def shown(*holdings: tuple[str, TableStats], arriving: Ingestion = NOTHING_ARRIVES, **changes: Any) -> Section:
    return storage.section(data(*holdings, **changes), arriving, STANDARD)


def rows(section: Section, heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading."""
    body = str(section.body).split(f"<h3>{heading}</h3>")[1].split("</table>")[0]
    return [
        [" ".join(re.sub("<[^>]*>", "", cell).split()) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line)]
        for line in body.split("<tr>")[1:]
    ]


def points(*gigabytes: int, tenant: str = "team", cluster: str = "main") -> tuple[Point, ...]:
    """A point a month, the last one today."""
    return tuple(
        Point(TODAY - timedelta(days=30 * age), cluster, tenant, (0, size * GB, 0, 0, 0))
        for age, size in zip(range(len(gigabytes) - 1, -1, -1), gigabytes, strict=True)
    )


def test_summary_tells_size_rate_forecast_and_cost() -> None:
    assert shown(*month_of()).summary == (
        "28.0 GiB stored; 1.0 GiB arrive a day, 90.0 GiB in 90 days; EUR 112.00 a month."
    )


def test_chunks_in_a_dearer_tier_than_declared_are_a_warning_with_the_amount() -> None:
    section = shown(*month_of(), ("main", holding(40, hot=20)))

    assert section.mark == "warning"
    assert "; EUR 192.00 a month, 40.00 more than in the declared tiers." in section.summary


def test_difference_below_a_cent_is_no_warning() -> None:
    small = replace(holding(40, hot=1), bytes=1 << 20, tier_bytes=(0, 1 << 20, 0, 0, 0))
    section = shown(("main", small))

    assert section.mark == "ok"
    assert "The declared tiers would cost the same." in section.body


def test_tenant_has_size_share_rate_forecast_retention_and_cost() -> None:
    head, team, other, total = rows(shown(*month_of(3), ("main", holding(1, "other", hot=28))), "By tenant")

    assert head[:5] == ["Tenant", "Stored", "Share", "Chunks", "Arrives a day"]
    assert team[:5] == ["main / team", "84.0 GiB", "75.0 %", "84", "3.0 GiB"]
    assert team[-3:] == ["90d", "336.00", "336.00"]
    assert other[0] == "main / other"
    assert "not declared" in other
    assert total[:2] == ["all", "112.0 GiB"]


def test_tenant_near_a_limit_is_a_warning_and_comes_first() -> None:
    policy = Declared(90 * DAY_MS, Tiering(30 * DAY_MS, Tier.COOL), 3 * DAY_MS, 1.0, None)
    newest = {"cluster": "main", "tenant": "busy", "bytes": 27 << 20, "streams": 4, "window_s": 30, "verdict": "ok"}
    busy = Source("web", "", "main", "busy", "standard", (), False, newest, None, None)
    section = shown(
        *month_of(),
        arriving=replace(NOTHING_ARRIVES, sources=(busy,)),
        declared={("main", "team"): policy, ("main", "busy"): policy},
    )

    body = str(section.body)
    assert section.mark == "warning"
    assert section.summary.endswith(" Near a limit: main / busy (ingestion rate 90%).")
    assert "0.9 of 1 MB/s, 90%: near the limit" in body
    assert body.index("main / busy") < body.rindex("main / team")


def test_policy_of_a_tenant_of_a_security_cluster_is_shown_to_its_readers_only() -> None:
    policy = Declared(0, Tiering(0, None), 0, None, None)
    section = shown(*month_of(), declared={("security", "audit-team"): policy})

    assert "audit-team" not in section.body


def test_tier_has_size_share_and_cost() -> None:
    section = shown(("main", holding(1, hot=1)), ("main", holding(40, cool=3)))

    assert rows(section, "By tier")[1:] == [
        ["Hot", "1.0 GiB", "25.0 %", "1", "4.00"],
        ["Cool", "3.0 GiB", "75.0 %", "3", "6.00"],
    ]


def test_shorter_retention_than_promised_is_named_as_a_broken_promise() -> None:
    kept = {line[0]: line for line in rows(shown(*month_of()), "Cost, and another retention")}

    assert kept["as declared"][1] == "90.0 GiB"
    assert kept["60 days"][1:] == ["60.0 GiB", "180.00", "breaks the promise of at least 90 days"]
    assert kept["90 days"][1:] == ["90.0 GiB", "240.00", "the promised minimum"]
    assert kept["180 days"][3] == ""


def test_storage_without_prices_says_that_costs_are_not_known() -> None:
    section = shown(*month_of(), prices=None, prices_text="Costs are not known: add `prices: NAME`.")

    assert section.summary.endswith("; cost not known.")
    assert "Costs are not known: add" in section.body
    assert "a month" not in section.body


def test_rate_of_two_days_is_a_first_guess() -> None:
    section = shown(("main", holding(1, hot=1)), ("main", holding(2, hot=1)))

    assert "they are from 2 whole days of logs, and good ones need 7." in section.body


def test_first_day_of_logs_has_no_rate() -> None:
    section = shown(("main", holding(0, hot=1)))

    assert "how much arrives a day is not known yet" in section.summary
    assert rows(section, "By tenant")[1][4:8] == ["not known"] * 4


def test_growth_is_the_difference_to_a_month_ago() -> None:
    assert "2.0 GiB more than on 2026-10-25." in shown(*month_of(), history=points(9, 28, 30)).body
    assert "2.0 GiB less than on 2026-10-25." in shown(*month_of(), history=points(30, 28)).body


def test_growth_after_one_audit_is_not_known() -> None:
    section = shown(*month_of(), history=points(28))

    assert "How fast it grows is not known yet: that needs audits on two days." in section.body
    assert "<svg" not in section.body


def test_history_is_drawn_with_the_answer_in_words() -> None:
    body = shown(*month_of(), history=points(9, 28, 30)).body

    assert body.count("<svg") == 1
    assert "Bytes by tier over time; in 60 days 88.0 GiB, or 88.0 GiB if the trend goes on." in body


def test_environment_without_an_audit_says_which_command_counts() -> None:
    section = storage.section(data(held=None), NOTHING_ARRIVES, STANDARD)

    assert (section.mark, section.summary) == ("unknown", "Not known: no audit has counted chunks yet.")
    assert "`logops audit retention local`" in section.body


def test_cluster_that_was_not_read_has_its_older_time() -> None:
    held = Held(AS_OF, (("main", holding(1, hot=1)),), {"main": AS_OF - timedelta(days=2)})

    assert "As of 2026-11-22 03:00 UTC." in shown(held=held).body


def test_hostile_tenant_is_escaped_also_in_charts() -> None:
    history = (*points(9, 28), *points(1, 2, tenant=HOSTILE))
    body = str(shown(*month_of(), ("main", holding(1, HOSTILE, hot=1)), history=history).body)

    assert "<script" not in body
    assert escape(HOSTILE) in body


names = st.from_regex(r"secret[a-z0-9]{3,9}", fullmatch=True)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(names, min_size=1, max_size=3, unique=True), st.integers(1, 9000))
def test_page_for_standard_readers_has_no_trace_of_a_security_cluster(tenants: list[str], size: int) -> None:
    secret = [("security", holding(1, tenant, hot=size)) for tenant in tenants]
    history = tuple(point for tenant in tenants for point in points(1, size, tenant=tenant, cluster="security"))
    older = {"security": AS_OF - timedelta(days=1)}

    without = shown(*month_of())
    section = shown(held=Held(AS_OF, (*month_of(), *secret), older), history=history)

    assert (section.summary, section.body, section.mark) == (without.summary, without.body, without.mark)


def test_security_reader_sees_the_security_cluster() -> None:
    section = storage.section(data(("security", holding(1, "audit-team", hot=1))), NOTHING_ARRIVES, EVERYTHING)

    assert "security / audit-team" in section.body


def test_largest_tenants_are_drawn_and_the_others_are_summed() -> None:
    history = tuple(point for number in range(9) for point in points(1, 9 - number, tenant=f"team-{number}"))
    body = shown(*month_of(), history=history).body

    assert "main / team-4, 4 others" in body
    assert "main / team-5" not in body.split("<h3>By tier</h3>")[0]


def test_chart_has_its_unit_and_the_band_of_the_forecast() -> None:
    day = date(2026, 11, 1)
    series = {"Hot": {day: GB, TODAY: 2 * GB}, "Cool": {}}
    area, band, line, _ = by_tier(series, [Forecast(TODAY, 2 * GB, 2 * GB), Forecast(TODAY, 3 * GB, 5 * GB)])["layer"]

    assert area["encoding"]["y"]["title"] == "GiB"
    assert [value["size"] for value in area["data"]["values"]] == [1, 2]
    assert (band["data"]["values"][1]["low"], band["data"]["values"][1]["high"]) == (3, 5)
    assert line["encoding"]["y"]["field"] == "steady"


def test_chart_of_tenants_has_no_forecast() -> None:
    assert len(by_tenant({"a": {TODAY: 1}})["layer"]) == 1


@given(st.integers(1, 800))
def test_chosen_days_are_few_and_reach_from_first_to_last(count: int) -> None:
    days = [date(2024, 1, 1) + timedelta(days=number) for number in range(count)]

    chosen = chosen_days(days)

    assert len(chosen) == min(count, MOST_POINTS)
    assert (chosen[0], chosen[-1]) == (days[0], days[-1])
    assert chosen == sorted(set(chosen))


def test_sizes_of_earlier_days_are_read_from_the_newest_run_of_each_day(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    for run, as_of, size in (
        ("old", AS_OF - timedelta(days=9), 1),
        ("first", AS_OF - timedelta(hours=1), 7),
        ("second", AS_OF, 3),
    ):
        request = AuditRequest((Check.RETENTION,), run, as_of)
        rows = [("main", holding(12, hot=size)), ("main", holding(11, hot=size, cool=1))]
        store.write(HOLDINGS, f"local.{run}", holdings_table("local", request, rows), as_of)

    read = storage.read(store, environment("local"), AS_OF)

    assert read.held is not None
    assert sorted(point.tier_bytes for point in read.history) == [(0, 2 * GB, GB, 0, 0), (0, 6 * GB, GB, 0, 0)]
    assert {point.day for point in read.history} == {TODAY, TODAY - timedelta(days=9)}
    assert read.retention["main", "application"] == "90d, 1 stream rule"
    assert read.prices_text.startswith("Prices: eastus2, USD")


def test_environment_without_prices_is_told_where_to_name_them(tmp_path: Path) -> None:
    read = storage.read(ResultsStore(str(tmp_path)), environment("local", ("prices", None)), AS_OF)

    assert (read.held, read.prices) == (None, None)
    assert read.prices_text == (
        "Costs are not known: the environment local names no prices. Add `prices: NAME`, of a file in include/prices."
    )


def test_later_audits_than_the_moment_are_not_read(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    request = AuditRequest((Check.RETENTION,), "run", AS_OF)
    store.write(HOLDINGS, "local.run", holdings_table("local", request, [("main", holding(12, hot=1))]), AS_OF)

    assert storage.read(store, environment("local"), AS_OF - timedelta(days=4)).held is None
