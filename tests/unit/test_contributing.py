"""CONTRIBUTING.md shows parts of real files. They must be as in the files, or a newcomer copies old code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PATH = re.compile(r"`((?:plugins|tests)/[\w./-]+)`")
BLOCK = re.compile(r"```(?:python)?\n(.*?)```", re.DOTALL)


def excerpts() -> list[tuple[str, str]]:
    """Return (file, excerpt) for every part of a code block. The file is the last file named before the block."""
    return [
        (PATH.findall(TEXT[: block.start()])[-1], part)
        for block in BLOCK.finditer(TEXT)
        for part in re.split(r"^ *\.\.\.\n", block[1], flags=re.MULTILINE)
        if part.strip()
    ]


def lines(text: str) -> str:
    """Return the text without indentation and blank lines, because a list indents its code blocks."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip()) + "\n"


@pytest.mark.parametrize(("file", "excerpt"), excerpts())
def test_excerpt_is_as_in_the_file(file: str, excerpt: str) -> None:
    assert lines(excerpt) in lines((ROOT / file).read_text(encoding="utf-8"))


def test_guide_has_excerpts() -> None:
    assert len(excerpts()) >= 8


@pytest.mark.parametrize("file", sorted(set(PATH.findall(TEXT))))
def test_file_named_in_the_guide_exists(file: str) -> None:
    assert (ROOT / file).exists()
