"""Which streams a retention rule takes: `{level="error", service=~"pay.*"}`.

Loki matches as Prometheus does (model/labels/matcher.go): a label that a stream does not have is empty, and a regular
expression, RE2, must match the whole value. Arrow brings RE2 along, and reads a whole column of labels at once.
"""

from typing import TYPE_CHECKING, Any

from logops.logql.tree import Matcher

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def matches(matcher: Matcher, value: str) -> bool:
    """Whether a label's value fulfils it; empty where the stream has no such label."""
    import pyarrow as pa

    return bool(matching(matcher, pa.array([value], pa.string()))[0])


def matching(matcher: Matcher, values: "pa.StringArray") -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which of these values fulfil it. None of them is null."""
    import numpy as np
    import pyarrow.compute as pc

    if matcher.op in ("=", "!="):
        alike = pc.equal(values, matcher.value)
    else:
        alike = pc.match_substring_regex(values, pattern=f"^(?s:{matcher.value})$")
    # An empty array of Arrow has no buffer that numpy could take.
    found = np.asarray(alike.to_numpy(zero_copy_only=False), bool)
    return found if matcher.op in ("=", "=~") else ~found
