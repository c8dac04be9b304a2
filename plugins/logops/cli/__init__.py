"""`logops ...`: the same functions as the DAGs, for a terminal. Imports nothing before Ctrl-C is handled."""

from typing import Any

from logops.cli.interrupt import end_quietly, ends_at_once


def main() -> None:
    """Run the command line. A broken pipe (`logops logs | head`) ends it quietly, Ctrl-C with one line."""
    with end_quietly():
        with ends_at_once():
            from logops.cli.root import app
        app()


def __getattr__(name: str) -> Any:
    """Import `app` when it is used: its imports take a moment, and `main` must handle Ctrl-C before them."""
    if name != "app":
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from logops.cli.root import app

    return app
