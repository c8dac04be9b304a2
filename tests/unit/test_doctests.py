"""Run the examples in docstrings and documents, because readers trust them."""

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
def test_docstring_examples_of_module_pass(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module), report=True).failed == 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_examples_of_document_pass(document: Path) -> None:
    assert doctest.testfile(str(document), module_relative=False, encoding="utf-8").failed == 0
