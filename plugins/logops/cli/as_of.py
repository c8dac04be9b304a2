"""The moment of a command: the option `--as-of`, and its reader."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from logops.checks.as_of import FORMS, AsOfError, read_as_of
from logops.cli.console import stop

AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="MOMENT",
        help=f"Judge as of this time, UTC: {FORMS}. Default: now.",
    ),
]


def moment(text: str | None, now: datetime, option: str = "--as-of") -> datetime:
    """Return the moment of an option, read as UTC if it has no time zone; `now` if the option is not set.

    Ends the command with a message if the text is not a moment.

    option   the name to show in the message
    """
    try:
        return read_as_of(text, now, UTC)
    except AsOfError as error:
        stop(f"{option}: {error}")
