"""`logops agents migrate`: sources of an environment and Alloy's configuration, from Promtail's."""

import sys
from collections import Counter
from itertools import groupby
from pathlib import Path

import typer
from rich.text import Text

from logops.cli.input import read_input
from logops.cli.output.console import FOUND, OK, err, print_json, say, stop
from logops.doctor.promtail.migrate import AGENT, Migration, migrate_promtail
from logops.doctor.promtail.value import Note, NoteKind
from logops.doctor.reading.safe_yaml import DocumentError
from logops.number_text import count_text
from logops.wrapping import wrapped

_SOURCES = "sources.yaml"
_ALLOY = f"{AGENT}.alloy"
_INDENT = 13


def migrate_command(file: Path, cluster: str, tenant: str, to: Path | None, as_json: bool) -> None:
    """Run `logops agents migrate`."""
    name = "standard input" if str(file) == "-" else str(file)
    text = _text(file)
    _refuse_existing(to)
    try:
        migration = migrate_promtail(text, name, cluster, tenant)
    except DocumentError as error:
        stop(f"Reading {error.file}, line {error.line}: {error.found}. Accepted: {error.accepted}.")
    if to is not None:
        _write(migration, to)
    if as_json:
        print_json(_as_data(migration))
    elif to is None:
        sys.stdout.write(migration.yaml)
    if not as_json:
        _say_notes(migration.notes, name)
    _say_summary(migration, to)
    raise typer.Exit(OK if migration.is_complete else FOUND)


def _text(file: Path) -> str:
    try:
        return read_input(file, "a configuration of Promtail").decode()
    except UnicodeDecodeError as error:
        stop(f"Reading {file}: byte {error.start + 1:,} is not UTF-8. Accepted: a text file in UTF-8.")


def _refuse_existing(to: Path | None) -> None:
    """Stop if a file would be replaced: people edit what was migrated."""
    for name in (_SOURCES, _ALLOY) if to else ():
        if to and (to / name).exists():
            stop(f"Writing {to / name}: it exists already. Remove it, or name another folder with --to.")


def _write(migration: Migration, to: Path) -> None:
    texts = {_SOURCES: migration.yaml, _ALLOY: migration.alloy}
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            if text:
                (to / name).write_text(text)
    except OSError as error:
        stop(f"Writing to {to}: {error.strerror}. Name a folder that you can write to.")


def _say_notes(notes: tuple[Note, ...], name: str) -> None:
    """Print the notes: for people in paragraphs, for other programs one on a line."""
    if not err.is_terminal:
        for note in notes:
            parts = [
                f"{name}:{note.line}" if note.line else name,
                note.kind.value.lower(),
                note.location.path,
                note.text,
            ]
            say(": ".join(part for part in parts if part))
        return
    for kind, group in groupby(notes, key=lambda note: note.kind):
        of_kind = list(group)
        err.print(Text(f"\n{kind.value} ({len(of_kind)})", style="bold"))
        for note in of_kind:
            say(f"  {f'line {note.line}' if note.line else '':<{_INDENT - 4}}  {note.location.path or name}")
            err.print(wrapped(_sentence(note.text), err.width, _INDENT), markup=False, highlight=False, soft_wrap=True)


def _sentence(text: str) -> str:
    """Return a text with a capital at the start, unless it starts with a name, and a full stop."""
    first = text.partition(" ")[0]
    start = text[0].upper() if first.isalpha() and first.islower() else text[0]
    return f"{start}{text[1:]}."


def _say_summary(migration: Migration, to: Path | None) -> None:
    counts = Counter(note.kind for note in migration.notes)
    parts = [count_text(len(migration.sources), "source")]
    parts += [f"{kind.value.lower()}: {counts[kind]}" for kind in NoteKind if counts[kind]]
    err.print()
    say("; ".join(parts))
    if to and migration.alloy:
        say(f"Written: {to / _SOURCES}, {to / _ALLOY}")
    elif to:
        say(f"Written: {to / _SOURCES}. There is no {_ALLOY}: a source needs a change first.")
    if migration.sources:
        text = (
            "Next: paste the sources and the agent into an environment file. Then run `logops check ENV`, and "
            "`logops agents test ENV SOURCE FILE` with sample lines."
        )
        say(wrapped(text, err.width if err.is_terminal else None))


def _as_data(migration: Migration) -> dict[str, object]:
    return {
        "sources": migration.sources,
        "agents": migration.agents,
        "alloy": migration.alloy,
        "notes": [
            {
                "kind": note.kind.value.lower().replace(" ", "-"),
                "line": note.line,
                "path": note.location.path,
                "text": note.text,
            }
            for note in migration.notes
        ],
    }
