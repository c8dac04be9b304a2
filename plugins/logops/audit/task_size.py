"""The memory that a task needs to judge tables. The figures are from `python -m benchmarks.task_memory`."""

from collections.abc import Mapping
from dataclasses import dataclass

from logops.number_text import count_text, size_text

_MIB = 1 << 20
PROCESSES = 700 * _MIB
"""The task with its imports (360 MiB), and the processes of Airflow around it."""
BYTES_A_CHUNK = 260
"""Of the tables that are judged together: 259 bytes at 1 million chunks, 172 at 4 million."""
TOGETHER = 1_000_000
"""Chunks of small tables that are judged together."""


@dataclass(frozen=True)
class TaskSize:
    """Memory in bytes."""

    usual: int
    most: int
    """If very many chunks have a fault, DuckDB uses all memory that it may use."""


def judge_size(largest_table: int, duckdb_memory: int) -> TaskSize:
    """Return the memory of a task whose largest table has this many chunks.

    >>> judge_size(5_000_000, 1 << 30).usual >> 20, judge_size(5_000_000, 1 << 30).most >> 20
    (1939, 2963)
    """
    usual = PROCESSES + BYTES_A_CHUNK * max(largest_table, TOGETHER)
    return TaskSize(usual, usual + duckdb_memory)


def too_large_for_a_task(tables: Mapping[str, int], chunks_per_task: int, duckdb_memory: int) -> str:
    """Return a message about the largest table, if it has more chunks than a task is made for; else an empty text.

    tables   name to number of chunks
    """
    table = max(tables, key=tables.__getitem__, default="")
    if not table or tables[table] <= chunks_per_task:
        return ""
    most = judge_size(tables[table], duckdb_memory).most
    return (
        f"{table} has {count_text(tables[table], 'chunk')}, more than audit.chunks_per_task ({chunks_per_task:,}). The "
        f"task that judges it may need {size_text(most)} of memory. If your tasks have less, add memory; with "
        "KubernetesExecutor, raise audit.chunks_per_task."
    )
