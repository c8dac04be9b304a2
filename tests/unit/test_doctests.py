"""The examples in docstrings and documents, run: they are what a reader believes first."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "plugins"
WITH_EXAMPLES = sorted(
    ".".join(file.relative_to(PLUGINS).with_suffix("").parts).removesuffix(".__init__")
    for file in (PLUGINS / "logops").rglob("*.py")
    if ">>> " in file.read_text()
)

DOCUMENTS = sorted(file for file in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")) if ">>> " in file.read_text())


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_the_examples_of_a_module_are_true(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module), report=True).failed == 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_the_examples_of_a_document_are_true(document: Path) -> None:
    assert doctest.testfile(str(document), module_relative=False, encoding="utf-8").failed == 0
