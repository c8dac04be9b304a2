"""Compile the loops over an index's bytes."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function with numba, once per machine. It runs without Python's global lock.

    Compiled code has no bounds checks: the function itself must not read outside its arrays.
    """
    return cast(Callable[P, R], numba.njit(cache=True, nogil=True)(function))
