"""Find `${VARIABLES}` in a configuration."""

import re
from collections.abc import Iterator
from typing import Any

from logops.doctor.deployment import Location

_VARIABLE = re.compile(r"\$\{[A-Za-z_]\w*[^}]*\}")


def variables_in(value: Any, location: Location) -> Iterator[tuple[str, Location]]:
    """Yield the variables in the texts of a value, each with its location.

    >>> [(name, at.path) for name, at in variables_in({"a": ["x", "${KEY:-none}"]}, Location("f"))]
    [('${KEY:-none}', 'a[1]')]
    """
    if isinstance(value, str):
        yield from ((match[0], location) for match in _VARIABLE.finditer(value))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from variables_in(inner, location.at(str(key)))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from variables_in(element, location.at(index))
