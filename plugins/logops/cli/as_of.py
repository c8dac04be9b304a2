"""Read the moment of an option such as `--as-of`."""

from datetime import UTC, datetime

from logops.checks.as_of import AsOfError, read_as_of
from logops.cli.output.console import stop


def moment(text: str | None, now: datetime, option: str = "--as-of") -> datetime:
    """Return the moment of an option, read as UTC if it has no time zone; `now` if the option is not set.

    Ends the command with a message if the text is not a moment.

    option   the name to show in the message
    """
    try:
        return read_as_of(text, now, UTC)
    except AsOfError as error:
        stop(f"{option}: {error}")
