"""Read the address of a target or of a proxy.

A module of its own, imported when a handler is created: urllib.parse loads several modules, and an application that
only imports logops.shipping need not wait for them.
"""

from urllib.parse import SplitResult, urlsplit


def split_address(url: str) -> SplitResult | None:
    """Return the parts of `http://HOST:PORT` or `https://HOST:PORT`; None if it is another text."""
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        # The port is not a number, or brackets do not match.
        return None
    return parts if is_valid else None
