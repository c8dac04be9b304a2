"""The examples in docstrings, run: they are what a reader believes first."""

import doctest
import importlib
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[2] / "plugins"
WITH_EXAMPLES = sorted(
    ".".join(file.relative_to(PLUGINS).with_suffix("").parts).removesuffix(".__init__")
    for file in (PLUGINS / "logops").rglob("*.py")
    if ">>> " in file.read_text()
)


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_the_examples_of_a_module_are_true(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module), report=True).failed == 0
