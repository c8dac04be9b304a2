"""A stage's desired state: named texts with one digest."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

HEADER = "# Rendered by logops from the environment {name!r}. Edits are drift: change the environment file instead.\n"


class Files(Mapping[str, str]):
    """File name to text, sorted by name; equal by content."""

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
        """SHA-256, in hex, over every name and text with its length."""
        return digest_of(*(part for item in self._texts.items() for part in item))


def digest_of(*texts: str) -> str:
    """SHA-256, in hex, over texts and their lengths, so that no two lists of texts run together."""
    sha = hashlib.sha256()
    for text in texts:
        data = text.encode()
        sha.update(f"{len(data)}:".encode())
        sha.update(data)
    return sha.hexdigest()


def to_yaml(environment_name: str, data: Mapping[str, Any]) -> str:
    """YAML with the header, keys in the order given, without anchors."""
    return HEADER.format(name=environment_name) + yaml.dump(data, Dumper=_Dumper, sort_keys=False, width=1000)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True
