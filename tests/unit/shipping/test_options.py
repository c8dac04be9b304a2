"""Options of the buffer that are not usable."""

from typing import Any

import pytest

from logops.shipping import BufferOptions, ShippingError


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"when_full": "wait"}, r"when_full is 'wait'\. Give one of: block, drop_oldest, drop_newest\."),
        ({"max_bytes": 1024}, r"The buffer has 1\.0 KiB, a batch 1\.0 MiB\. Give a buffer of at least one batch\."),
        ({"block_ms": -1}, r"block_ms is -1\. Give 0 or more\."),
        ({"batch_bytes": 0}, r"batch_bytes is 0\. Give more than 0\."),
    ],
)
def test_unusable_option_is_refused_with_what_to_give(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ShippingError, match=message):
        BufferOptions(**options)
