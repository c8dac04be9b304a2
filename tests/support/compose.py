"""docker-compose.yaml as the parser of the Compose specification reads it (compose-go, which `docker compose` uses)."""

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from logops.toolchain.programs import GoModule, Program
from logops.toolchain.progress import quiet
from logops.toolchain.provide import provide

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yaml"

PARSER = Program(
    "compose-parser", "cmd", ("--version",), GoModule("compose", "2.16.2", "main.version", usual_seconds=20)
)


class ComposeFileError(Exception):
    """The parser refuses a file."""


def parse(file: Path) -> dict[str, Any]:
    """Return the file with anchors merged and short forms written out. Variables stay as they are.

    The first call builds the parser. Raises ComposeFileError with the parser's message.
    """
    command = [*_parser(), "-no-interpolation", "-no-path-resolution", "-format", "json", str(file)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=file.parent, check=False)
    if result.returncode:
        raise ComposeFileError(result.stderr)
    return dict(json.loads(result.stdout))


@cache
def _parser() -> tuple[str, ...]:
    return provide((PARSER,), quiet)[0].command
