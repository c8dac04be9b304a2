"""Find out which findings a migration fixes: migrate, check again, and compare."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from logops.doctor.charts import Chart
from logops.doctor.check import check
from logops.doctor.deployment import RetentionPromise
from logops.doctor.migrate import migrate
from logops.doctor.reading.documents import read_texts
from logops.doctor.reading.safe_yaml import DocumentError
from logops.findings import Finding


def fixed_by_migration(
    texts: Mapping[str, str],
    findings: Sequence[Finding],
    promise: RetentionPromise | None,
    as_of: datetime,
    chart: Chart | None = None,
) -> list[Finding]:
    """Return the findings that are gone after `migrate` of their file.

    texts   the files that belong together, by name
    chart   the chart that Helm values are for; None: the one that their keys show
    """
    fixed: list[Finding] = []
    for file in texts:
        before = [finding for finding in findings if finding.evidence["file"] == file]
        try:
            migrated = {**texts, file: migrate(texts[file], file, as_of, chart)} if before else texts
            after = {finding.identity for finding in check(read_texts(migrated, promise, chart), as_of)}
        except DocumentError:
            continue
        fixed += [finding for finding in before if finding.identity not in after]
    return fixed
