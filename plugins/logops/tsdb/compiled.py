"""How the loops over an index's bytes are compiled."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile with numba, once a machine, and let other threads run meanwhile.

    What is compiled has no bounds checks: it must itself not read outside its arrays.
    """
    return cast(Callable[P, R], numba.njit(cache=True, nogil=True)(function))
