"""Lines for a query that has no answer."""

import pytest

from logops.logql.parse import parse
from logops.queries.empty import unmatched

VALUES = {"service": ["oversight-api", "oversight-web"], "job": ["nginx"], "host": []}


@pytest.mark.parametrize("operator", ["=", "=~"])
def test_mistyped_label_value_is_reported_with_the_similar_value(operator: str) -> None:
    query = parse(f'{{job="nginx", service{operator}"oversight-apl"}} |= "x"')
    assert unmatched(query, VALUES) == ["service=oversight-apl: 0 lines in this time. Did you mean oversight-api?"]


def test_label_value_like_no_other_is_reported_with_the_values_that_loki_has() -> None:
    query = parse('sum(rate({service="x"}[5m])) / sum(rate({service="x"}[5m]))')
    assert unmatched(query, VALUES) == ["service=x: 0 lines in this time. Loki has: oversight-api, oversight-web."]


def test_label_without_any_line_is_reported() -> None:
    assert unmatched(parse('{host="a"}'), VALUES) == ["host=a: 0 lines in this time. No line has the label host."]


@pytest.mark.parametrize(
    "selector",
    ['{service="oversight-api"}', '{service=~"oversight-api|other"}', '{service=~".+"}', '{job="nginx", service!="x"}'],
)
def test_label_value_that_can_match_is_not_reported(selector: str) -> None:
    assert unmatched(parse(selector), VALUES) == []
