"""Reads a file of one kind: strict YAML, of a declared shape."""

import json
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from logops.environment.base import Model
from logops.environment.errors import ConfigurationFileError
from logops.environment.strict_yaml import read_yaml

LARGEST_FILE = 1 << 20

Shape = TypeVar("Shape", bound=Model)


class FileRefusedError(ConfigurationFileError):
    """A file that cannot be used: which, where in it, and why."""


def read_file(path: Path, shape: type[Shape], holds: str) -> Shape:
    """`holds`: what such a file is full of, in a word for people. Raises FileRefusedError."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise FileRefusedError(f"{path} is larger than {LARGEST_FILE:,} bytes: that is no file of {holds}.")
        return shape.model_validate_json(json.dumps(read_yaml(path.read_text(encoding="utf-8"))))
    except OSError as error:
        raise FileRefusedError(f"Reading {path}: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(map(str, first["loc"])) or "the file"
        raise FileRefusedError(f"{path}, {at}: {first['msg'].removeprefix('Value error, ')}.") from None
    except ValueError as error:
        # Refused as YAML, not UTF-8, or a number with too many digits for JSON.
        raise FileRefusedError(f"{path} is not YAML: {error}") from None
