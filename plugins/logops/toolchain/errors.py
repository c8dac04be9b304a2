"""What can go wrong while a program is found or built.

    ToolchainError
    ├── ProjectNotFoundError    the checkout with tools/ is not where it was looked for, or not whole
    ├── WrongProgramError       a LOGOPS_* variable names a program that cannot be used
    ├── ProgramMissingError     not set, not on PATH, not in the cache
    └── BuildError              it was to be built, and a command failed
            └── CommandError    which, and its last lines

The message says what is missing, what was found, and what to do.
"""

from collections.abc import Sequence

from logops.errors import LogopsError


class ToolchainError(LogopsError):
    """A program cannot be had."""


class ProjectNotFoundError(ToolchainError):
    """The folder that holds tools/ was not found, or lacks what says how a program is built."""


class WrongProgramError(ToolchainError):
    """A variable such as LOGOPS_LOKI names something else than the program logops needs."""


class ProgramMissingError(ToolchainError):
    """The program is nowhere, and nothing was built."""


class BuildError(ToolchainError):
    """A command of a build failed, or the build could not be written."""


class CommandError(BuildError):
    """A command ended badly. `last_lines` are what it printed before it did."""

    def __init__(self, argv: Sequence[str], where: str, exit_code: int, last_lines: Sequence[str]) -> None:
        self.last_lines = tuple(last_lines)
        said = "\n".join(f"    {line}" for line in last_lines) or "    (nothing)"
        super().__init__(f"`{' '.join(argv)}` in {where} ended with exit code {exit_code}. Its last lines:\n{said}")
