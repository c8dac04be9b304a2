"""`python -m logops.cli`: the command `logops`, for a process that knows its Python only."""

from logops.cli import main

main()
