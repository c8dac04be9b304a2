"""An audit in three steps, which the DAGs map over tables and the terminal takes in a row.

`survey` reads the containers, `judge` takes a batch of tables, `reduce` joins the batches and says what is wrong.
Between them, everything lies in a work folder; a step that is repeated writes the same again.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from logops.audit.asked import Asked, Batch, Check, cut
from logops.audit.outcome import Outcome
from logops.audit.place import Place
from logops.environment import Environment
from logops.platforms import STATE
from logops.platforms.platform import Platform, Progress

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

__all__ = ["Asked", "Batch", "Check", "Outcome", "discard", "judge", "reduce", "run_audit", "survey", "work_url"]


def work_url(environment: Environment, root: Path, run_id: str) -> str:
    """Where the steps of a run keep their work: beside the results, which all workers reach."""
    from urllib.parse import quote

    name = f"work/{quote(run_id, safe='')[:150]}"
    if "://" in environment.results:
        return f"{environment.results.rstrip('/')}/{name}"
    return str(root / STATE / environment.name / environment.results / name)


def discard(work: str) -> None:
    """Remove a run's work."""
    Place(work).discard()


def survey(platform: Platform, asked: Asked, work: str, progress: Progress) -> list[Batch]:
    """Read what is in the containers, cluster by cluster; how the tables are cut into batches.

    A cluster that could not be read gives no batch, and a `check-incomplete` finding in `reduce`.
    """
    from logops.audit.survey_cluster import survey_cluster

    batches: list[Batch] = []
    for cluster in platform.environment.clusters:
        place = f"{work}/{cluster}"
        days = survey_cluster(platform, asked, cluster, Place(place), progress)
        batches += [Batch(cluster=cluster, place=place, days=part, chunks=chunks) for part, chunks in cut(days)]
    return batches
