"""Read a strict YAML file into a model, for example a file of rules, queries or prices."""

import json
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from logops.environment.base import Model
from logops.environment.errors import ConfigurationFileError
from logops.environment.lines import line_of
from logops.environment.strict_yaml import read_nodes, read_yaml
from logops.number_text import size_text

MAX_BYTES = 1 << 20

Shape = TypeVar("Shape", bound=Model)


class FileRefusedError(ConfigurationFileError):
    """A file cannot be used. The message has the file, the path in it and the reason."""


def read_file(path: Path, shape: type[Shape], contents: str) -> Shape:
    """Read and validate a file.

    shape      the model that the file must match
    contents   the contents of the file, for messages: "rules"

    Raises FileRefusedError if the file cannot be read or does not match.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileRefusedError(
                f"Reading {path}: it is larger than {size_text(MAX_BYTES)}, too large for a file of {contents}."
            )
        text = path.read_text(encoding="utf-8")
        return shape.model_validate_json(json.dumps(read_yaml(text)))
    except OSError as error:
        raise FileRefusedError(f"Reading {path}: {error.strerror}") from None
    except ValidationError as error:
        first_error = error.errors()[0]
        path_in_file = ".".join(map(str, first_error["loc"]))
        line = line_of(read_nodes(text), path_in_file)
        place = f"{path}:{line}, {path_in_file}" if line else f"{path}, {path_in_file or 'the file'}"
        raise FileRefusedError(f"{place}: {first_error['msg'].removeprefix('Value error, ')}.") from None
    except ValueError as error:
        # Not YAML, not UTF-8, or a number with too many digits for JSON.
        raise FileRefusedError(f"{path} is not YAML: {error}") from None
