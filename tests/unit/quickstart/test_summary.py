"""The summary that `make up` prints at its end."""

from datetime import date
from pathlib import Path

from rich.console import Console

from logops.environment import load_environment
from logops.platforms import open_local
from logops.quickstart.audits import Audited
from logops.quickstart.measured import BenchmarkSummary
from logops.quickstart.quality import QualitySummary
from logops.quickstart.summary import Checks, ContainerUse, TenantLines, Took, rendered
from logops.toolchain import project_root

COLUMNS = ("cluster", "tenant", "tables", "from", "to", "chunks", "size", "phases", "findings")
AUDITED = (
    "security", "security-team", "1,121", "2026-07-30", "2026-11-27", "12,589", "127.7 MB",
    "1 ingesting, 89 uncompacted, 31 expiring", "10",
)  # fmt: skip
QUERIES = ("query", "range", "p95", "promised", "p50 uncached", "read", "promised", "")
MEASURED = ("failed-logins-by-address", "1h", "1,036 ms", "2s", "1,031 ms", "114.8 MB", "256MiB", "")
SOURCES = ("source", "verdict", "owner", "tenant", "lines", "size", "streams", "unparsable", "last line")
ARRIVING = ("application", "source-silent", "security", "security-team", "1,812", "620.6 KiB", "10", "0", "43 s ago")


def test_summary_fits_a_terminal_of_80_columns(tmp_path: Path) -> None:
    platform = open_local(load_environment(project_root() / "include/environments/local.yaml"), tmp_path)
    console = Console(width=80)
    with console.capture() as shown:
        console.print(
            rendered(
                platform,
                [TenantLines("security", "security-team", 173_961)],
                date(2026, 7, 30),
                [ContainerUse("security", "security-rules", 1, 1000)],
                Checks(
                    [Audited("retention_audit", "no findings", (), (COLUMNS, AUDITED))],
                    BenchmarkSummary("no findings", (), (QUERIES, MEASURED)),
                    QualitySummary("no findings; 4 sources", False, (SOURCES, ARRIVING)),
                    "all as declared (storage, loki, agents, tenants, rules, airflow)",
                    "whole: 12 alerts, 3 resolved.",
                ),
                "http://127.0.0.1:8080",
                "pAsSwOrDpAsSwOrD",
                Took(63.0, 181.0),
            )
        )
    text = shown.get()
    cells = (*COLUMNS, *AUDITED, *QUERIES, *MEASURED, *SOURCES, *ARRIVING)
    cut = [word for cell in cells if cell != "to" for word in cell.split() if word not in text]

    assert "…" not in text
    assert "http://127.0.0.1:8080/logops-page/local" in text
    assert "drift_watch  all as declared" in text
    assert "alert_delivery  whole: 12 alerts, 3 resolved." in text
    assert cut == ["2026-11-27"]
