"""Errors while a program is found or built.

    ToolchainError
    ├── ProjectNotFoundError    the checkout with tools/ was not found, or is incomplete
    ├── WrongProgramError       a LOGOPS_* variable names a program that cannot be used
    ├── ProgramMissingError     not set, not on PATH, not in the cache
    └── BuildError              a build failed
            └── CommandError    a command of it failed; with its last lines

The message says what is missing, what was found, and what to do.
"""

from collections.abc import Sequence

from logops.errors import LogopsError


class ToolchainError(LogopsError):
    """A program cannot be provided."""


class ProjectNotFoundError(ToolchainError):
    """The folder that holds tools/ was not found, or a build description is missing in it."""

    needs_a_person = True


class WrongProgramError(ToolchainError):
    """A variable such as LOGOPS_LOKI names another program than the one that logops needs."""

    needs_a_person = True


class ProgramMissingError(ToolchainError):
    """The program was not found, and nothing was built."""

    needs_a_person = True


class BuildError(ToolchainError):
    """A command of a build failed, or the build could not be written."""


class CommandError(BuildError):
    """A command failed. `last_lines` are the end of its output."""

    def __init__(self, argv: Sequence[str], where: str, exit_code: int, last_lines: Sequence[str]) -> None:
        self.last_lines = tuple(last_lines)
        said = "\n".join(f"    {line}" for line in last_lines) or "    (nothing)"
        super().__init__(f"`{' '.join(argv)}` in {where} ended with exit code {exit_code}. Its last lines:\n{said}")
