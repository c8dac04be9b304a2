"""`logops ...`: the same functions as the DAGs, for a terminal."""

import sys

import typer

from logops.cli import audit, bench, doctor, environment, lifecycle, logql, platform, query, rollout, rules, toolchain
from logops.cli.console import FOUND
from logops.cli.quickstart import app as quickstart

app = typer.Typer(
    name="logops",
    help="Roll out Grafana Loki on Azure Blob Storage, and prove that what was promised is stored and served.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
for group in (environment, doctor, rollout, platform, query, toolchain):
    app.registered_commands += group.app.registered_commands
app.add_typer(audit.app, name="audit", help="Prove what is in the bucket: index against blobs, both against promises.")
app.add_typer(lifecycle.app, name="lifecycle", help="What moves blobs from tier to tier: declared, live, carried out.")
app.add_typer(logql.app, name="logql", help="Read, check and format LogQL.")
app.add_typer(rules.app, name="rules", help="Recording and alerting rules: checked, and alerts tested on a Loki.")
app.add_typer(bench.app, name="bench", help="How long the library's queries take, against what was promised.")
app.add_typer(quickstart, name="quickstart", help="Everything on this machine: what `make up` runs.")


def main() -> None:
    """Run the command line. A broken pipe (`logops logs | head`) and Ctrl-C end it quietly."""
    try:
        app()
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(FOUND)
