"""Tests of parsing a metrics page."""

import math

import pytest

from logops.clients.loki.metrics import Metric, parse_metrics, total

PAGE = r"""# HELP loki_build_info A metric
# TYPE loki_build_info gauge
loki_build_info{branch="",version="3.7.8"} 1
process_resident_memory_bytes 1.23e+08

loki_discarded_samples_total{reason="rate_limited",tenant="a"} 3
loki_discarded_samples_total{reason="rate_limited",tenant="b"} 4 1700000000000
odd{path="C:\\x",quote="say \"hi\"}",newline="a\nb",} +Inf
empty{} NaN
"""


def test_names_labels_and_values_are_read() -> None:
    assert parse_metrics(PAGE)[:2] == [
        Metric("loki_build_info", {"branch": "", "version": "3.7.8"}, 1.0),
        Metric("process_resident_memory_bytes", {}, 123_000_000.0),
    ]


def test_prefix_selects_every_sample_whose_name_starts_with_it() -> None:
    values = [metric.value for metric in parse_metrics(PAGE, "loki_discarded")]

    assert values == [3, 4]


def test_escapes_and_braces_in_label_values_are_read() -> None:
    (odd,) = [metric for metric in parse_metrics(PAGE) if metric.name == "odd"]

    assert odd.labels == {"path": "C:\\x", "quote": 'say "hi"}', "newline": "a\nb"}
    assert odd.value == math.inf


def test_nan_is_read_as_a_value() -> None:
    assert math.isnan(parse_metrics(PAGE)[-1].value)


def test_total_sums_series_with_the_given_labels() -> None:
    metrics = parse_metrics(PAGE)

    assert total(metrics, "loki_discarded_samples_total") == 7
    assert total(metrics, "loki_discarded_samples_total", tenant="b") == 4


def test_total_of_missing_series_is_none() -> None:
    assert total(parse_metrics(PAGE), "loki_discarded_samples_total", tenant="c") is None


def test_invalid_metrics_line_is_quoted_in_the_error() -> None:
    with pytest.raises(ValueError, match="not a line of Prometheus metrics: '<html>'"):
        parse_metrics("<html>")
