"""The state of a stage: its files, and the workloads that run from them. Desired and live state have this shape."""

import hashlib
import re
import shlex
from collections.abc import Iterator, Mapping
from configparser import Error as ConfigurationError
from configparser import RawConfigParser
from contextlib import suppress
from functools import cached_property
from typing import Any

import yaml

HEADER = "# Rendered by logops from the environment {name!r}. Edits are drift: change the environment file instead.\n"
_WORKLOADS = "processes/"
"""Prefix of the text that lists a stage's workloads: `NAME DIGEST` per line."""
_GENERATED = "supervisor/"
"""Prefix of the files that configure supervisord. A plan shows the workloads and their settings instead."""
_VARIABLE = re.compile(r'\w+="(?:[^"\\]|\\.)*"')


class Files(Mapping[str, str]):
    """Files by name, sorted. Two values are equal if names and texts are equal. The list of workloads is a file too."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = dict(sorted(texts.items()))

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __repr__(self) -> str:
        return f"Files({self.digest[:12]}: {', '.join(self)})"

    @property
    def digest(self) -> str:
        """The SHA-256 in hex of all names and texts with their lengths."""
        return digest_of(*(part for item in self._texts.items() for part in item))

    @cached_property
    def workloads(self) -> Mapping[str, str]:
        """Name of each workload -> digest of everything that it runs with."""
        listed = (text for name, text in self._texts.items() if name.startswith(_WORKLOADS))
        return dict(line.split(" ", 1) for text in listed for line in text.splitlines())

    @cached_property
    def configuration(self) -> "Files":
        """The files without the list of workloads."""
        return Files({name: text for name, text in self._texts.items() if not name.startswith(_WORKLOADS)})

    @cached_property
    def named_in_plans(self) -> "Files":
        """The files whose changes a plan lists one by one: the configuration without supervisord's files."""
        return Files({name: text for name, text in self.configuration.items() if not name.startswith(_GENERATED)})

    @cached_property
    def settings(self) -> Mapping[str, tuple[str, ...]]:
        """Workload -> the words of its command and its environment variables, for review by a person.

        Its digest is left out: it changes with every file that the workload reads.
        """
        parser = RawConfigParser(inline_comment_prefixes=None)
        for name, text in self._texts.items():
            if name.startswith(_GENERATED):
                with suppress(ConfigurationError):
                    parser.read_string(text)
        return {
            section.removeprefix("program:"): (
                *_words(parser[section].get("command", "")),
                *(
                    variable
                    for variable in _VARIABLE.findall(parser[section].get("environment", ""))
                    if not variable.startswith("LOGOPS_DIGEST=")
                ),
            )
            for section in parser.sections()
        }


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        # Somebody edited the file.
        return command.split()


def workload_text(workloads: Mapping[str, str]) -> str:
    """Return the text that lists workloads, as `Files.workloads` reads it."""
    return "".join(f"{name} {digest}\n" for name, digest in workloads.items())


def workload_file(stage: str) -> str:
    """Return the name of the text that lists a stage's workloads."""
    return f"{_WORKLOADS}{stage}"


def digest_of(*texts: str) -> str:
    """Return the SHA-256, in hex, of texts and their lengths, so that different lists never have the same input."""
    sha = hashlib.sha256()
    for text in texts:
        data = text.encode()
        sha.update(f"{len(data)}:".encode())
        sha.update(data)
    return sha.hexdigest()


def to_yaml(environment_name: str, data: Mapping[str, Any]) -> str:
    """Return YAML with the header, keys in the given order, without anchors."""
    return HEADER.format(name=environment_name) + yaml_text(data)


def yaml_text(data: Any) -> str:
    """Return YAML with keys in the given order, without anchors."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, width=1000)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_str(self, data: str) -> yaml.ScalarNode:
        """Write texts of several lines as blocks, so that people can read their lines."""
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Dumper.add_representer(str, _Dumper.represent_str)
