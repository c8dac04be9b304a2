"""Search secrets in log lines: recall and precision by rule, speed and memory, beside detect-secrets and gitleaks.

    python -m benchmarks.secrets_scan [--seed 2] [--each 100] [--rounds 5]
        [--detect-secrets PYTHON] [--gitleaks PROGRAM]

The corpus is benchmarks/secrets_corpus.py. Its author also wrote the rules, so the figures show that the rules do what
their sources say, not that they find every secret of the world. Recall is the share of secrets that are found with
their exact value. Precision is the share of a rule's matches that are secrets of the corpus.

Speed is measured on the sample logs of logops.samples, with their labels and structured metadata, in seconds of
processor time of one core, best round. The rate counts the lines only. Memory is the growth of the process.

The peers get the same lines: PYTHON is an interpreter that has detect-secrets, PROGRAM is gitleaks. Compared are lines,
because detect-secrets does not report positions. Its speed is measured on every 50th sample line. gitleaks runs with
its own rules and with include/secrets/rules.toml. Its speed includes its start and its report; it uses one core
(GOMAXPROCS=1).
"""

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.secrets_corpus import Sample, with_secrets, without_secrets
from logops.clients.loki.model import Entry, LogLine
from logops.quality.secrets.match import Salt
from logops.quality.secrets.rules import FOLDER, Kind, Rule, read_rules
from logops.quality.secrets.scan import scan
from logops.samples import Kind as LogKind
from logops.samples import generate

ROOT = Path(__file__).parents[1]
SALT = Salt(b"benchmark", is_kept=True)
HOUR_NS = 3600 * 10**9
START_NS = 498_825 * HOUR_NS
ORDINARY_LINES = 25_000
"""Of each kind of sample logs."""
OWN = "logops"
DETECT_SECRETS_NAME = "detect-secrets"

DETECT_SECRETS = """
import json, resource, sys, time
from detect_secrets.core.scan import scan_line
from detect_secrets.settings import default_settings
lines, rounds = json.load(sys.stdin), int(sys.argv[1])
def grown(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with default_settings():
    list(scan_line("warm up"))
    before, best = grown(), float("inf")
    for _ in range(rounds):
        started = time.process_time()
        found = [bool(list(scan_line(line))) for line in lines]
        best = min(best, time.process_time() - started)
json.dump([found, best, grown() - before], sys.stdout)
"""
"""Scans lines, as a Python program that uses detect-secrets does."""


@dataclass(frozen=True)
class Run:
    """Which lines a tool reports, and what it costs."""

    reported: Sequence[bool]
    seconds: float
    memory_kib: int


@dataclass
class Score:
    """Counts for one rule."""

    secrets: int = 0
    found: int = 0
    other_matches: int = 0

    @property
    def recall(self) -> float:
        return self.found / self.secrets

    @property
    def precision(self) -> float:
        return self.found / max(self.found + self.other_matches, 1)


def scores_of(samples: Sequence[Sample], rules: Sequence[Rule]) -> dict[str, Score]:
    """Return recall and precision by rule. Each sample is a separate stream: its label names it in a match."""
    scores: dict[str, Score] = {rule.id: Score() for rule in rules}
    entries = [Entry(0, {"sample": str(number)}, sample.text) for number, sample in enumerate(samples)]
    for sample in samples:
        if sample.rule_id is not None:
            scores[sample.rule_id].secrets += 1
    for match in scan(entries, rules, SALT).matches:
        sample = samples[int(match.stream["sample"])]
        if match.rule_id == sample.rule_id and match.hash == SALT.hash(sample.value.encode()):
            scores[match.rule_id].found += 1
        else:
            scores[match.rule_id].other_matches += 1
    return scores


def wrong_kinds(samples: Sequence[Sample], rules: Sequence[Rule]) -> Counter[tuple[str, str]]:
    """Return the kinds of lines without a secret that a rule reports, with their number."""
    entries = [Entry(0, {"sample": str(number)}, sample.text) for number, sample in enumerate(samples)]
    matches = scan(entries, rules, SALT).matches
    return Counter((samples[int(match.stream["sample"])].value, match.rule_id) for match in matches)


def ordinary_lines() -> list[LogLine]:
    """Return sample logs of every kind: an hour and more, as many lines of each kind."""
    return [
        line
        for kind in LogKind
        for line in islice(generate(kind, 1, START_NS, START_NS + 24 * HOUR_NS, 300.0), ORDINARY_LINES)
    ]


def measured(rounds: int, work: Callable[[], object]) -> tuple[float, int]:
    """Return seconds of processor time of the best round, and KiB by which the process grew."""
    before, best = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, float("inf")
    for _ in range(rounds):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


def own(lines: Sequence[LogLine], rules: Sequence[Rule], rounds: int) -> Run:
    seconds, memory = measured(rounds, lambda: scan(lines, rules, SALT))
    entries = [Entry(0, {"sample": str(number)}, line.text) for number, line in enumerate(lines)]
    reported = {match.stream["sample"] for match in scan(entries, rules, SALT).matches}
    return Run([str(number) in reported for number in range(len(lines))], seconds, memory)


def detect_secrets(python: str, lines: Sequence[LogLine], rounds: int) -> Run:
    texts = json.dumps([line.text for line in lines])
    command = [python, "-c", DETECT_SECRETS, str(rounds)]
    answer = subprocess.run(command, input=texts, capture_output=True, text=True, check=True).stdout
    reported, seconds, memory = json.loads(answer)
    return Run(reported, seconds, memory)


def gitleaks(program: str, lines: Sequence[LogLine], rounds: int, rules: Path | None) -> Run:
    """Run gitleaks on a file. A line end within an entry is written as \\u2028, so that every entry is a line."""
    with tempfile.TemporaryDirectory() as folder:
        log, report = Path(folder, "lines.log"), Path(folder, "report.json")
        texts = ("\u2028".join(line.text.encode("utf-8", "replace").decode().splitlines()) for line in lines)
        log.write_text("".join(f"{text}\n" for text in texts))
        command = [program, "dir", str(log), "--no-banner", "--log-level", "error", "--exit-code", "0"]
        command += ["--report-format", "json", "--report-path", str(report)]
        command += [] if rules is None else ["--config", str(rules)]
        best, memory = float("inf"), 0
        for _ in range(rounds):
            process = subprocess.Popen(command, env={**os.environ, "GOMAXPROCS": "1"})
            _, status, usage = os.wait4(process.pid, 0)
            if status:
                raise SystemExit(f"gitleaks failed with status {status}.")
            best = min(best, usage.ru_utime + usage.ru_stime)
            memory = max(memory, usage.ru_maxrss)
        reported = {number for finding in json.loads(report.read_text()) for number in _lines_of(finding)}
    return Run([number in reported for number in range(len(lines))], best, memory)


def _lines_of(finding: dict[str, int]) -> Iterator[int]:
    # gitleaks counts from 1.
    yield from range(finding["StartLine"] - 1, finding["EndLine"])


def show_rules(console: Console, scores: dict[str, Score]) -> None:
    table = Table(box=None, header_style="bold")
    for column in ("rule", "secrets", "recall", "precision"):
        table.add_column(column, justify="left" if column == "rule" else "right")
    for rule_id, score in sorted(scores.items(), key=lambda item: (item[1].recall, item[1].precision)):
        table.add_row(rule_id, f"{score.secrets}", f"{100 * score.recall:.1f} %", f"{100 * score.precision:.1f} %")
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument(
        "--each", type=int, default=100, help="lines for each rule; three times as many without a secret"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--detect-secrets", help="a Python that has detect-secrets")
    parser.add_argument("--gitleaks", help="the program gitleaks")
    arguments = parser.parse_args()
    console = Console()
    rules = read_rules(ROOT)

    secret = list(with_secrets(arguments.seed, arguments.each))
    ordinary = list(without_secrets(arguments.seed, 3 * arguments.each))
    show_rules(console, scores_of([*secret, *ordinary], rules))
    for (kind, rule_id), count in wrong_kinds(ordinary, rules).most_common():
        console.print(f"{count} of {3 * arguments.each} lines of the kind {kind!r} are reported by {rule_id}")

    secret_rules = [rule for rule in rules if rule.kind is Kind.SECRET]
    secret_ids = {rule.id for rule in secret_rules}
    lines: dict[str, list[LogLine]] = {
        "secrets": [Entry(0, {}, sample.text) for sample in secret if sample.rule_id in secret_ids],
        "ordinary": [Entry(0, {}, sample.text) for sample in ordinary],
        "speed": ordinary_lines(),
    }
    tools: dict[str, Callable[[Sequence[LogLine], int], Run]] = {
        f"{OWN}, secrets": lambda lines, rounds: own(lines, secret_rules, rounds),
        f"{OWN}, secrets and personal data": lambda lines, rounds: own(lines, rules, rounds),
    }
    if arguments.detect_secrets:
        tools[DETECT_SECRETS_NAME] = lambda lines, rounds: detect_secrets(arguments.detect_secrets, lines, rounds)
    if arguments.gitleaks:
        file = ROOT / FOLDER / "rules.toml"
        tools["gitleaks, its rules"] = lambda lines, rounds: gitleaks(arguments.gitleaks, lines, rounds, None)
        tools["gitleaks, rules of logops"] = lambda lines, rounds: gitleaks(arguments.gitleaks, lines, rounds, file)
    table = Table(box=None, header_style="bold")
    for column in ("", "secrets found", "ordinary lines reported", "sample logs reported", "MB/s", "MiB"):
        table.add_column(column, justify="right" if column else "left")
    for name, run in tools.items():
        found, wrong = run(lines["secrets"], 1).reported, run(lines["ordinary"], 1).reported
        speed_lines = lines["speed"][:: 50 if name == DETECT_SECRETS_NAME else 1]
        speed = run(speed_lines, arguments.rounds)
        size_bytes = sum(len(line.text.encode()) for line in speed_lines)
        shares = (100 * sum(reported) / len(reported) for reported in (found, wrong, speed.reported))
        rate, memory = size_bytes / 1e6 / speed.seconds, speed.memory_kib / 1024
        table.add_row(name, *(f"{share:.1f} %" for share in shares), f"{rate:.1f}", f"{memory:.0f}")
    console.print(table)
    load = os.getloadavg()[0]
    console.print(
        f"{len(lines['speed']):,} sample lines, {size_bytes / 1e6:.1f} MB; load {load:.1f} on {os.cpu_count()} cores"
    )


if __name__ == "__main__":
    main()
