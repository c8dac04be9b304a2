"""Queries that Loki parses but refuses at run time. tests/integration/test_logql_refused.py compares with Loki."""

import pytest

from logops.logql import templates
from logops.logql.parse import parse
from logops.logql.refused import refusals
from tests.support.logql_refusals import STAGES


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        ('| json x="a b"', '"a b" is no expression: a path like request.headers[0] or ["x-id"] is expected'),
        ('| logfmt x="a.b"', '"a.b" is no expression: the name of a field is expected'),
        ('| line_format "{{if .x}}"', "{{end}} is missing in the template"),
        ('| line_format "{{.x | nofunc}}"', "nofunc in the template is no function that Loki has"),
        ('| line_format "{{$x}}"', "$x in the template is not declared"),
        ('| label_format x="{{", y="a"', "a {{ in the template has no }}"),
        ('|= ip("10.0.0.0/33")', '"10.0.0.0/33" is no address, range (a-b) or network (a/bits)'),
        ('!~ "x" or ip("1.1.1.1")', "ip() goes with |= and != only"),
    ],
)
def test_query_refused_at_run_time_is_reported_with_reason(stage: str, told: str) -> None:
    assert [why for _, why in refusals(parse(f'{{a="b"}} {stage}'))] == [told]


def test_table_of_stages_has_over_100_accepted_and_100_refused() -> None:
    judged = [next(refusals(parse(f'{{a="b"}} {stage}')), None) is None for stage in STAGES]

    assert 100 < judged.count(True) < len(STAGES) - 100


def test_template_nested_too_deep_to_check_is_accepted() -> None:
    assert templates.wrong_with("{{if .x}}" * 5000 + "{{end}}" * 5000) is None
