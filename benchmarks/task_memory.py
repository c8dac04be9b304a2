"""Measure the memory and processor time of a task that judges one table, by the number of its chunks.

    python -m benchmarks.task_memory 250000 1000000 4000000

`plugins/logops/audit/task_size.py` has the coefficients. Each table is judged in a process of its own: peak RSS and
processor time are those of that process, with its imports, as in a pod.
"""

import argparse
import json
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import synthetic, whole_audit


def judge(folder: Path) -> dict[str, Any]:
    """Judge the only table of a bucket whose survey is stored in the same folder."""
    from logops.audit.judge.tables import JudgeDatabase, judge_tables

    survey = pickle.loads((folder / "survey.pickle").read_bytes())
    (day,) = survey.days
    bucket, policy, memory = whole_audit.bucket_and_policy(folder)
    with JudgeDatabase(memory) as database:
        judge_tables(database, survey, {day: f"loki_index_{day}"}, bucket, policy)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"chunks": survey.chunk_count, "memory": used.ru_maxrss << 10, "cpu_s": used.ru_utime + used.ru_stime}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chunks", type=int, nargs="*", default=[250_000, 1_000_000, 4_000_000])
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        print(json.dumps(judge(options.folder)))
        return
    table = Table("chunks", "peak RSS MiB", "bytes a chunk above the first row", "CPU s", "CPU s of the survey")
    first: dict[str, Any] | None = None
    for chunks in options.chunks:
        with tempfile.TemporaryDirectory(prefix="logops-table-") as made:
            folder = Path(made)
            synthetic.make(folder, chunks, days=1)
            started = time.process_time()
            survey = whole_audit.survey(folder, folder / "work", days=1)
            survey_s = time.process_time() - started
            (folder / "survey.pickle").write_bytes(pickle.dumps(survey))
            command = (sys.executable, "-m", "benchmarks.task_memory", "--folder", made)
            row = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        first = first or row
        more = row["chunks"] - first["chunks"]
        slope = f"{(row['memory'] - first['memory']) / more:.0f}" if more else ""
        table.add_row(
            f"{row['chunks']:,}", f"{row['memory'] / 2**20:,.0f}", slope, f"{row['cpu_s']:.1f}", f"{survey_s:.1f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
