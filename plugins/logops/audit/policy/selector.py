"""Match streams with the selector of a retention rule: `{level="error", service=~"pay.*"}`.

Loki matches like Prometheus (model/labels/matcher.go): a missing label counts as empty, and a regular expression
(RE2) must match the whole value. Arrow includes RE2 and matches a whole column at once.
"""

from typing import TYPE_CHECKING, Any

from logops.logql.tree import Matcher

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def matches(matcher: Matcher, value: str) -> bool:
    """Whether a label's value matches; empty if the stream has no such label."""
    import pyarrow as pa

    return bool(matching(matcher, pa.array([value], pa.string()))[0])


def matching(matcher: Matcher, values: "pa.StringArray") -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Return which of these values match. None of them is null."""
    import numpy as np
    import pyarrow.compute as pc

    if matcher.op in ("=", "!="):
        alike = pc.equal(values, matcher.value)
    else:
        alike = pc.match_substring_regex(values, pattern=f"^(?s:{matcher.value})$")
    # An empty Arrow array has no buffer for numpy.
    equal = np.asarray(alike.to_numpy(zero_copy_only=False), bool)
    return equal if matcher.op in ("=", "=~") else ~equal
