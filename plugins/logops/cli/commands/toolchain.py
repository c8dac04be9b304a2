"""`logops toolchain`: find or build the programs."""

from typing import Annotated

import typer

from logops.cli import complete
from logops.cli.interrupt import ends_at_once
from logops.cli.options import JsonOption

app = typer.Typer()


@app.command(epilog="Example: logops toolchain promtail")
def toolchain(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROGRAM",
            autocompletion=complete.programs,
            help="Names of programs. Default: all except those of Kubernetes.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find each program that logops runs, and build missing ones. Takes minutes the first time.

    An API server of Kubernetes and Helm are built only if they are named: helm, kube-apiserver,
    kube-controller-manager, kube-scheduler, etcd, kwok.
    """
    with ends_at_once():
        from logops.cli import toolchain

    toolchain.toolchain(names, as_json)
