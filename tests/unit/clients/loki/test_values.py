"""Values of rendered files against values that a process reports."""

import pytest

from logops.clients.loki.values import same_value


@pytest.mark.parametrize(
    ("declared", "reported", "same"),
    [
        ("2160h", "12w6d", True),
        ("2160h", "2160h0m0s", True),
        ("2160h", "2161h", False),
        ("2160h", None, False),
        ("2160h", "0s", False),
        (10 * 2**20, "10MB", True),
        (10 * 2**20, "20MB", False),
        (20.0, 20, True),
        ("536870912B", "512MB", True),
        (True, True, True),
        (True, False, False),
        ([{"period": "24h"}], [{"period": "1d", "matchers": None}], True),
        ([{"period": "24h"}], [{"period": "2d", "matchers": None}], False),
        ([{"period": "24h"}], [], False),
    ],
)
def test_limits_with_different_notation_are_compared_by_value(declared: object, reported: object, same: bool) -> None:
    assert same_value(declared, reported) is same
