"""Measure how much processor time a command line takes that runs nothing: help, a mistyped option, completion.

    python -m benchmarks.startup [--quick] [--runs 5]

Each run is a new process. Prints the smallest processor time, user and system, in seconds, as soon as it is known:
waiting for other programs on the machine does not count. A bare interpreter and the import of typer show how much of it
is not ours. All command lines take some minutes. With --quick, one help of each kind runs three times: some seconds.
"""

import argparse
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

from logops.cli.lazy import COMMANDS, load
from logops.toolchain import project_root

GOAL_S = 0.4
LOGOPS = (sys.executable, "-c", "import sys; from logops.cli import main; sys.argv[0] = 'logops'; main()")
"""Completion finds its variable by the name of the program."""
QUICK = (
    "python -c pass",
    "python -c 'import typer'",
    "logops --help",
    "logops audit retention --help",
    "logops plan --nonesuch",
    "logops plan pro<Tab>",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few command lines, three runs each")
    parser.add_argument("--runs", type=int, help="runs of each command line (default: 5; with --quick: 3)")
    options = parser.parse_args()
    runs = options.runs or (3 if options.quick else 5)
    lines = [line for line in command_lines() if not options.quick or line[0] in QUICK]
    width = max(len(name) for name, _, _ in lines)
    print(f"{'command line':{width}}  seconds  over {GOAL_S:g} s", flush=True)
    for name, command, variables in lines:
        seconds = min(processor_time_s(command, variables) for _ in range(runs))
        print(f"{name:{width}}  {seconds:7.2f}  {'yes' if seconds > GOAL_S else ''}".rstrip(), flush=True)


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
