"""Measure how much processor time a command line takes that runs nothing: help, a mistyped option, completion.

    python -m benchmarks.startup [--runs 5]

Each run is a new process. Prints the smallest processor time, user and system, in seconds: waiting for other programs
on the machine does not count. A bare interpreter and the import of typer show how much of it is not ours.
"""

import argparse
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.progress import track
from rich.table import Table

from logops.cli.lazy import COMMANDS, load
from logops.toolchain import project_root

GOAL_S = 0.4
LOGOPS = (sys.executable, "-c", "import sys; from logops.cli import main; sys.argv[0] = 'logops'; main()")
"""Completion finds its variable by the name of the program."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    table = Table("command line", "seconds", f"over {GOAL_S:g} s", box=None)
    for name, command, variables in track(
        [*command_lines()], "measuring", console=Console(stderr=True), transient=True
    ):
        seconds = min(processor_time_s(command, variables) for _ in range(runs))
        table.add_row(name, f"{seconds:.2f}", "yes" if seconds > GOAL_S else "")
    Console().print(table)


def command_lines() -> Iterator[tuple[str, Sequence[str], Mapping[str, str]]]:
    """Yield what is measured: its name, the command and its variables."""
    yield "python -c pass", (sys.executable, "-c", "pass"), {}
    yield "python -c 'import typer'", (sys.executable, "-c", "import typer"), {}
    paths = [path for entry in COMMANDS for path in (entry.name, *subcommands(entry.name, load(entry)))]
    for path in ("", *paths):
        words = path.split()
        yield " ".join(("logops", *words, "--help")), (*LOGOPS, *words, "--help"), {}
    yield "logops plan --nonesuch", (*LOGOPS, "plan", "--nonesuch"), {}
    for line in ("logops pl", "logops plan --ac", "logops plan pro"):
        count = len(line.split()) - 1
        variables = {"_LOGOPS_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(count)}
        yield f"{line}<Tab>", LOGOPS, variables


def subcommands(name: str, command: object) -> list[str]:
    return [f"{name} {child}" for child in getattr(command, "commands", {})]


def processor_time_s(command: Sequence[str], variables: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Python keeps compiled files, as for a user.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, env={**inherited, **variables}, cwd=project_root(), capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
