"""The agents that the project cannot install: Alloy and Fluent Bit."""

import os
import shutil

import pytest

_VARIABLES = {"alloy": "LOGOPS_ALLOY", "fluent-bit": "LOGOPS_FLUENT_BIT"}


def agent_program(name: str) -> str:
    """Return the path of an agent's program. The test that asks for it is skipped if it is not found."""
    variable = _VARIABLES[name]
    found = shutil.which(os.environ.get(variable) or name)
    if found is None:
        pytest.skip(f"{name} is not on PATH, and {variable} does not name it")
    return found
