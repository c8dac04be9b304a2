"""The benchmark of ingestion: the requests that it pushes, and the model that predicts a rate."""

from dataclasses import replace

import pytest

from benchmarks.ingestion_load import Body, counted_bytes
from benchmarks.ingestion_model import (
    Costs,
    Layout,
    Measurement,
    Spent,
    demand,
    fitted_costs,
    interval,
    left_out_ratios,
    limited_rate,
    shared_rate,
)
from logops.samples.line import Line
from tests.support.log_receiver import decode_push

LINES = [
    Line(0, {"job": "shop", "level": "info"}, "first", {"trace_id": "0af7"}),
    Line(0, {"job": "shop", "level": "error"}, "sécond", {}),
    Line(0, {"job": "shop", "level": "info"}, "third", {"trace_id": "0af8"}),
]
COSTS = Costs(sender=0.002, distributor=0.006, sending=0.004, ingester=0.02, storage=0.001)
FIRST_NS = 1_790_000_000 * 10**9 - 1
"""The timestamps pass the end of a second."""


def test_body_that_is_encoded_twice_has_the_new_timestamps() -> None:
    body = Body(LINES, connection=4)
    body.encoded(FIRST_NS - 10**9)
    assert [record.time_ns for record in decode_push(body.encoded(FIRST_NS))] == [FIRST_NS, FIRST_NS + 1, FIRST_NS + 2]


def test_body_keeps_text_metadata_and_streams_of_its_lines() -> None:
    decoded = decode_push(Body(LINES, connection=4).encoded(FIRST_NS))
    assert [(record.line, record.metadata) for record in decoded] == [
        ("first", {"trace_id": "0af7"}),
        ("third", {"trace_id": "0af8"}),
        ("sécond", {}),
    ]
    assert {record.labels for record in decoded} == {
        '{job="shop", level="info", pod="pod-4"}',
        '{job="shop", level="error", pod="pod-4"}',
    }


def test_bytes_of_a_line_are_its_utf8_text_and_its_metadata() -> None:
    assert [counted_bytes(line) for line in LINES] == [5 + 8 + 4, 7, 5 + 8 + 4]


def test_rate_of_a_shared_machine_falls_with_each_copy() -> None:
    assert shared_rate(COSTS, 1, cores=2) == pytest.approx(2 / 0.033)
    assert shared_rate(COSTS, 3, cores=2) == pytest.approx(2 / 0.083)


@pytest.mark.parametrize(
    ("layout", "rate"),
    [
        (Layout(1, 3), 0.5 / 0.010),
        (Layout(3, 3), 3 * 0.5 / 0.02),
        (Layout(3, 3, 3), 3 * 0.5 / (3 * 0.02)),
    ],
)
def test_rate_with_a_limit_for_each_process_is_that_of_the_slower_component(layout: Layout, rate: float) -> None:
    assert limited_rate(COSTS, layout, 0.5, 0.5) == pytest.approx(rate)


def measured(layout: Layout, slower: float = 1.0) -> Measurement:
    """Return what a layout reaches that follows the model, or that is slower."""
    copies = layout.replication_factor
    spent = Spent(0.002, 0.006 + copies * 0.004, copies * 0.02, copies * 0.001)
    return Measurement(layout, shared_rate(COSTS, copies, 1.8) / slower, spent, 1.8)


def test_costs_of_layouts_with_one_and_three_copies_are_found() -> None:
    fitted = fitted_costs([measured(Layout(1, 3)), measured(Layout(1, 3, 3))])
    assert vars(fitted) == pytest.approx(vars(COSTS))


def test_costs_of_layouts_with_one_copy_only_have_no_cost_of_sending() -> None:
    fitted = fitted_costs([measured(Layout(1, 1)), measured(Layout(1, 3))])
    assert (fitted.distributor, fitted.sending) == pytest.approx((0.010, 0.0))


@pytest.mark.parametrize("own_cores", [True, False])
def test_layouts_that_follow_the_model_predict_each_other(own_cores: bool) -> None:
    layouts = [Layout(1, 1), Layout(2, 3), Layout(1, 3, 3), Layout(3, 3, 3)]
    assert left_out_ratios([*map(measured, layouts)], own_cores=own_cores) == pytest.approx([1, 1, 1, 1])


def test_layout_at_half_the_speed_of_the_others_is_predicted_twice_as_fast() -> None:
    layouts = [measured(Layout(1, 1)), measured(Layout(1, 3)), measured(Layout(1, 2), slower=2)]
    assert left_out_ratios(layouts, own_cores=False)[2] == pytest.approx(2)


def test_layout_with_half_of_the_cores_is_predicted_correctly_with_its_own_cores() -> None:
    slow = replace(measured(Layout(1, 2), slower=2), used_cores=0.9)
    assert left_out_ratios([measured(Layout(1, 1)), slow], own_cores=True)[1] == pytest.approx(1)


def test_interval_of_scattered_ratios_is_wider_and_contains_them() -> None:
    low, high = interval([0.9, 1.0, 1.1])
    narrow_low, narrow_high = interval([0.99, 1.0, 1.01])
    assert low < 0.9 < narrow_low < 1 < narrow_high < 1.1 < high


def test_interval_of_one_ratio_is_refused() -> None:
    with pytest.raises(ValueError, match="an interval needs at least two layouts"):
        interval([1.0])


def test_demand_for_three_copies_has_three_times_the_cores_of_ingesters_and_of_sending() -> None:
    one, three = (demand(COSTS, 100, factor, busy=0.5) for factor in (1, 3))
    assert (one.distributor_cores, one.ingester_cores) == pytest.approx((2.0, 4))
    assert (three.distributor_cores, three.ingester_cores) == pytest.approx((3.6, 12))
