"""The documents of the repository: their links lead somewhere, and the commands in them exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from logops.airflow.docs_pages import heading_id
from logops.cli.lazy import COMMANDS, load

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(file for folder in ("docs", "include", "benchmarks", "tools") for file in (ROOT / folder).rglob("*.md")),
]
TEXTS_WITH_COMMANDS = [
    *DOCUMENTS,
    *(ROOT / "dags").glob("*.py"),
    *(ROOT / "plugins/logops/findings/classes").glob("*.py"),
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"logops ((?:[a-z]+)(?:[ \t]+[^\s`|)]+)*)")
OPTION = re.compile(r"--?[a-z][a-z-]*")


def headings(document: Path) -> Iterator[str]:
    """Yield the ids of a document's headings. A line in a block of code is no heading."""
    is_code = False
    for line in document.read_text().splitlines():
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif line.startswith("#") and not is_code:
            yield heading_id(line.lstrip("#").strip())


def is_broken(document: Path, link: str) -> bool:
    path, _, heading = link.partition("#")
    target = document.parent / path if path else document
    return not target.exists() or (bool(heading) and heading not in headings(target))


def unknown_words(command: str) -> list[str]:
    """Return the subcommands and options of a command line that do not exist."""
    entries = {entry.name: entry for entry in COMMANDS}
    name, *words = command.partition(" # ")[0].split()
    if name not in entries:
        return []  # Prose, such as "logops reads".
    subject: Any = load(entries[name])
    subcommands = getattr(subject, "commands", {})
    if subcommands and words and re.fullmatch("[a-z]+", words[0]):
        if words[0] not in subcommands:
            return [words[0]]
        subject = subcommands[words.pop(0)]
    known = {"-h", "--help", *(option for param in subject.params for option in (*param.opts, *param.secondary_opts))}
    return [option for word in words if (option := _option(word)) and option not in known]


def _option(word: str) -> str:
    found = OPTION.match(word.strip("'\"(["))
    return found[0].rstrip("-") if found else ""


def test_links_of_documents_lead_to_existing_files_and_headings() -> None:
    links = [
        (document, link)
        for document in DOCUMENTS
        for link in LINK.findall(document.read_text())
        if not re.match("[a-z]+:", link)
    ]
    assert len(links) > 100
    assert [(str(document), link) for document, link in links if is_broken(document, link)] == []


def test_commands_in_documents_exist_with_their_options() -> None:
    commands = [(text, command) for text in TEXTS_WITH_COMMANDS for command in COMMAND.findall(text.read_text())]
    assert len(commands) > 100
    assert [(str(text), command) for text, command in commands if unknown_words(command)] == []
