"""A foreign configuration whose keys cannot get lost: each is used, or a note names it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from logops.doctor.deployment import Location
from logops.doctor.untyped import as_list, as_mapping

_NO_SUCH_KEY = "an environment has no such key, or not with this value"


class NoteKind(StrEnum):
    """The consequence of a note. The values are headings."""

    LEFT_TO_YOU = "Left to you"
    LOST = "Not carried over"
    CHANGED = "Changed"


@dataclass(frozen=True)
class Note:
    """A sentence about a key of the configuration.

    line   its line in the file; None if it is not in the file
    """

    kind: NoteKind
    location: Location
    text: str
    line: int | None = None


@dataclass
class Ledger:
    """The keys that were used, and the notes, while a configuration is read."""

    used: set[Location] = field(default_factory=set)
    notes: dict[Note, None] = field(default_factory=dict)
    """Without repetitions, in order. `line` is the line inside of an embedded text, if the note is about that."""

    def note(self, kind: NoteKind, location: Location, text: str, line: int | None = None) -> None:
        self.notes[Note(kind, location, text, line)] = None

    def note_changed(self, location: Location, text: str) -> None:
        """Note something about a value, of which other keys may still get lost."""
        self.note(NoteKind.CHANGED, location, text)

    def note_lost(self, location: Location, text: str, line: int | None = None) -> None:
        """Note that a part of a value could not be carried over."""
        self.note(NoteKind.LOST, location, text, line)

    def note_todo(self, location: Location, text: str) -> None:
        """Note something that the user must do about a value."""
        self.note(NoteKind.LEFT_TO_YOU, location, text)


class Value:
    """A value of the configuration, and its location. A key that does not exist is a value without data."""

    def __init__(self, data: Any, location: Location, ledger: Ledger) -> None:
        self.data = data
        self.location = location
        self.ledger = ledger

    def __bool__(self) -> bool:
        return self.data is not None

    def __contains__(self, key: str) -> bool:
        return key in as_mapping(self.data)

    def at(self, *keys: str) -> "Value":
        """Return the value below a path of keys."""
        value = self
        for key in keys:
            value = Value(as_mapping(value.data).get(key), value.location.at(key), value.ledger)
        return value

    def names(self) -> list[str]:
        return [str(key) for key in as_mapping(self.data)]

    def fields(self) -> list[tuple[str, "Value"]]:
        """Return the keys of a mapping with their values."""
        return [
            (str(key), Value(inner, self.location.at(str(key)), self.ledger))
            for key, inner in as_mapping(self.data).items()
        ]

    def elements(self) -> list["Value"]:
        """Return the elements of a list."""
        return [Value(inner, self.location.at(index), self.ledger) for index, inner in enumerate(as_list(self.data))]

    def use(self) -> Any:
        """Return the data. It is carried over, or equal to the default of an environment, with all that is below."""
        self.ledger.used.add(self.location)
        return self.data

    def use_if(self, *implied: Any) -> None:
        """Use the value if it is one of those that an environment implies. Otherwise a note will name it."""
        if self.data in implied and type(self.data) in {type(value) for value in implied}:
            self.use()

    def text(self) -> str | None:
        """Use a text, a number or a boolean as text; None for other values."""
        match self.data:
            case bool():
                return "true" if self.use() else "false"
            case str() | int() | float():
                return str(self.use())
        return None

    def lost(self, reason: str) -> None:
        self._note(NoteKind.LOST, reason)

    def changed(self, text: str) -> None:
        self._note(NoteKind.CHANGED, text)

    def todo(self, text: str) -> None:
        self._note(NoteKind.LEFT_TO_YOU, text)

    def note_unused(self) -> None:
        """Add a note for each value that was not used: one for a part of which nothing was used."""
        for value in self._unused():
            value.lost(_NO_SUCH_KEY)

    def _note(self, kind: NoteKind, text: str) -> None:
        self.use()
        self.ledger.note(kind, self.location, text)

    def _unused(self) -> Iterator["Value"]:
        if self.location in self.ledger.used or self.data in ({}, [], None):
            return
        inner = [value for _, value in self.fields()] or self.elements()
        if inner and any(value.is_used() for value in inner):
            for value in inner:
                yield from value._unused()
        else:
            yield self

    def is_used(self) -> bool:
        """Return whether the value, or a value below it, was used."""
        if self.location in self.ledger.used:
            return True
        return any(value.is_used() for value in [*(value for _, value in self.fields()), *self.elements()])
