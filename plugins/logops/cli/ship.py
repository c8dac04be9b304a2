"""`logops ship`: send the lines of a file or of a pipe to Loki or to an agent."""

import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

import typer

from logops.cli.interrupt import INTERRUPTED
from logops.cli.output.console import FOUND, OK, err, print_json, say, stop
from logops.cli.targets import environment, platform
from logops.environment.units import Duration
from logops.number_text import count_text, seconds_text
from logops.shipping import BufferOptions, Counters, Shipper, ShippingError, Target, Wire
from logops.shipping.stream import TargetError, open_stream, ship_stream
from logops.shipping.target import checked_labels, credential
from logops.suggestions import did_you_mean

_QUIET_S = 2.0
"""A shorter run shows no progress."""
_BETWEEN_LINES_S = 10.0
"""Time between lines of progress if the output is not a terminal."""
_DEFAULT_LABEL = "job=logops-ship"
_AFTER_INTERRUPT_S = 2.0
"""Time for the lines that were read already, after Ctrl-C."""


def ship(
    environment_name: str,
    file: str,
    url: str,
    wire: Wire,
    cluster: str,
    tenant: str,
    label: list[str] | None,
    username: str,
    ca_file: str,
    buffer_dir: Path | None,
    retry_for: str,
    as_json: bool,
) -> None:
    """Run `logops ship`."""
    if url and environment_name and file:
        stop(f"Give the environment {environment_name} or --url, not both.")
    path = file or (environment_name if url else "")
    if not path:
        stop("Give a file, or - for the standard input: `logops ship local app.log`, `logops ship --url URL app.log`.")
    if not url:
        url, tenant = _address(environment_name, cluster, tenant)
    retry_for_s = _seconds(retry_for)
    run = _Run(path, buffer_dir)
    try:
        labels = checked_labels(_labels(label or [_DEFAULT_LABEL]))
        auth = credential(username, _variable("PASSWORD"), _variable("TOKEN"))
        options = BufferOptions(wal_dir=buffer_dir, batch_age_s=0.5)
        target = Target(url, wire, tenant, auth, ca_file)
        stream = open_stream(path, sys.stdin.buffer)
        shipper = Shipper(target, options, run.say)
        run.refusal = lambda: shipper.refusal
    except ShippingError as error:
        stop(str(error))
    code = OK
    try:
        ship_stream(shipper, stream, labels, retry_for_s=retry_for_s, progress=run.show)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except TargetError as error:
        run.status.stop()
        say(str(error))
        code = FOUND
    run.is_ending = True
    counters = shipper.close(_AFTER_INTERRUPT_S if code == INTERRUPTED else 0.0)
    run.status.stop()
    if as_json:
        print_json({"lines": run.lines, **counters.as_dict()})
    say(run.end_text(counters, code == INTERRUPTED))
    raise typer.Exit(code if code != OK or not counters.lost else FOUND)


class _Run:
    """The progress and the result of a run, for a person."""

    def __init__(self, path: str, buffer_dir: Path | None) -> None:
        self.lines = 0
        """Lines that were read."""
        self.refusal: Callable[[], str] = str
        """Returns why the target refuses this sender; empty if it does not. Then the run ends and says so itself."""
        self.status = err.status("")
        self.is_ending = False
        self._name = "standard input" if path == "-" else path
        self._is_file = path != "-"
        self._buffer_dir = buffer_dir
        self._started_s = time.monotonic()
        self._shown_s = self._started_s

    def say(self, message: str) -> None:
        """Print a message of the shipper, unless the end of the run says it."""
        if not self.is_ending and not self.refusal():
            say(message)

    def show(self, lines: int, counters: Counters) -> None:
        """Show the progress of a run that takes more than two seconds."""
        self.lines = lines
        now = time.monotonic()
        text = f"{self._name}: {count_text(lines, 'line')} read, {counters.sent:,} acknowledged"
        if err.is_terminal and now - self._started_s > _QUIET_S:
            self.status.update(text)
            self.status.start()
        elif not err.is_terminal and now - self._shown_s > _BETWEEN_LINES_S:
            self._shown_s = now
            say(text)

    def end_text(self, counters: Counters, interrupted: bool) -> str:
        """Return the last line: how many lines were read and acknowledged, and what became of the others."""
        seconds = time.monotonic() - self._started_s
        parts = [f"{count_text(self.lines, 'line')} read", f"{counters.sent:,} acknowledged"]
        if counters.replayed:
            parts.append(f"{counters.replayed:,} of them from an earlier run")
        parts += [f"{counters.refused:,} refused"] * bool(counters.refused)
        parts += [f"{counters.cut:,} cut"] * bool(counters.cut)
        rate = f" ({counters.sent / seconds:,.0f} lines a second)" if counters.sent and seconds > 1 else ""
        text = f"{self._name}: {', '.join(parts)} in {seconds_text(seconds)}{rate}."
        if self._buffer_dir and counters.waiting > 0:
            text += f" {counters.waiting:,} wait in {self._buffer_dir}. The next run with this --buffer-dir sends them."
        elif counters.dropped_at_exit:
            first = counters.sent + counters.refused + 1
            where = f": `tail -n +{first} {shlex.quote(self._name)}` prints them" if self._is_file else ""
            text += f" The other lines were not sent{where}."
        return ("Interrupted. " if interrupted else "") + text


def _address(environment_name: str, cluster: str, tenant: str) -> tuple[str, str]:
    """Return the address for pushes to a cluster of an environment, and the tenant."""
    target_environment = environment(environment_name)
    clusters = target_environment.clusters
    cluster = cluster or next(iter(clusters))
    if cluster not in clusters:
        stop(
            f"{target_environment.name} has no cluster {cluster!r}. It has: {', '.join(clusters)}."
            f"{did_you_mean(cluster, clusters)}"
        )
    tenants = clusters[cluster].tenants
    if not tenant and len(tenants) > 1:
        stop(
            f"Cluster {cluster} of {target_environment.name} has several tenants. Give --tenant: {', '.join(tenants)}."
        )
    tenant = tenant or next(iter(tenants))
    if tenant not in tenants:
        stop(
            f"Cluster {cluster} of {target_environment.name} has no tenant {tenant!r}. It has: {', '.join(tenants)}."
            f"{did_you_mean(tenant, tenants)}"
        )
    if target_environment.platform.kind != "local":
        stop(
            f"logops does not know the address for pushes to {target_environment.name}. "
            f"Give it: `logops ship --url URL --tenant {tenant} FILE`."
        )
    return platform(environment_name).write_url(cluster), tenant


def _labels(given: list[str]) -> dict[str, str]:
    pairs = [label.partition("=") for label in given]
    wrong = next((name for name, equals, value in pairs if not equals or not value), None)
    if wrong is not None:
        stop(f"--label {wrong}: write it as NAME=VALUE")
    return {name: value for name, _, value in pairs}


def _variable(name: str) -> str:
    return os.environ.get(f"LOGOPS_SHIP_{name}", "")


def _seconds(text: str) -> float:
    try:
        return Duration(text).value / 1000
    except ValueError as error:
        stop(f"--retry-for: {error}")
