"""Counters of agents, canaries and Loki's processes, and how much they grew since the last run. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from logops.clients.loki import Metric

STARTED = "process_start_time_seconds"
FLUENT_BIT_STARTED = "fluentbit_process_start_time_seconds"
DISCARDED = "loki_discarded_samples_total"
RECEIVED = "loki_distributor_lines_received_total"
"""Lines of all pushes, counted before any check: also lines that are refused then, and lines that are sent again."""
RECEIVED_BYTES = "loki_distributor_bytes_received_total"
METADATA_BYTES = "loki_distributor_structured_metadata_bytes_received_total"
"""The part of RECEIVED_BYTES that is structured metadata."""
COPIED_BYTES = "loki_ingester_duplicate_log_bytes_total"
"""Bytes of lines that an ingester had already: same stream, timestamp and text. It stores such a line once.
logops switches this counter on (operational_config.log_duplicate_metrics)."""
REQUESTS = "loki_request_duration_seconds_count"
"""Requests to a process, by route and status. Only failed pushes are kept."""
READ = (
    "promtail_read_lines_total",
    "promtail_syslog_target_entries_total",
    "promtail_journal_target_lines_total",
    "loki_source_file_read_lines_total",
    "loki_source_syslog_entries_total",
    "loki_source_journal_target_lines_total",
)
"""Lines that an agent read: of files (by their path), of syslog and of the journal."""
UNREADABLE = ("promtail_syslog_target_parsing_errors_total", "loki_source_syslog_parsing_errors_total")
"""Syslog messages that an agent could not read, and dropped."""
AGENT_REQUESTS = ("promtail_request_duration_seconds_count", "loki_write_request_duration_seconds_count")
"""Requests of an agent, by `status_code`; -1 without an answer."""
SENT = ("promtail_sent_entries_total", "loki_write_sent_entries_total")
"""Lines that Loki accepted from an agent: Promtail, Alloy."""
DROPPED = (
    "promtail_dropped_entries_total",
    "loki_write_dropped_entries_total",
    "fluentbit_output_dropped_records_total",
)
"""Lines that an agent gave up. Fluent Bit counts them by the `name` of the output, without a reason."""
STAGE_DROPPED = ("logentry_dropped_lines_total", "loki_process_dropped_lines_total")
"""Lines that a stage of a pipeline dropped, by the name of its rule."""
CUT_BY_LOKI = "loki_mutated_samples_total"
"""Lines that a distributor cut (max_line_size_truncate), by tenant and reason."""
CUT_BY_AGENTS = (
    "promtail_mutated_entries_total",
    "loki_process_truncated_fields_total",
    "fluentbit_input_long_line_truncated_total",
)
"""Lines that an agent cut: Promtail by tenant and reason, Alloy by field, Fluent Bit by the `name` of the input."""
FLUENT_BIT = ("fluentbit_output_dropped_records_total", "fluentbit_input_long_line_truncated_total")
"""Fluent Bit's counters. Their label `name` is that of an input, which is the source's, or of an output."""
MISSED_BY_CANARY = "loki_canary_missing_entries_total"
WAL_DISK_FULL = "loki_ingester_wal_disk_full_failures_total"
WAL_DISK_USED = "loki_ingester_wal_disk_usage_percent"
"""A gauge, in spite of its name a share: 0.14."""
KEPT = frozenset(
    {
        DISCARDED,
        RECEIVED,
        RECEIVED_BYTES,
        METADATA_BYTES,
        COPIED_BYTES,
        *READ,
        *UNREADABLE,
        *AGENT_REQUESTS,
        *SENT,
        *DROPPED,
        *STAGE_DROPPED,
        CUT_BY_LOKI,
        *CUT_BY_AGENTS,
        MISSED_BY_CANARY,
        WAL_DISK_FULL,
        WAL_DISK_USED,
    }
)
"""The metrics that a run keeps. Sources: pkg/validation/validate.go, pkg/loghttp/push/push.go,
clients/pkg/promtail/client/client.go, clients/pkg/promtail/targets, pkg/canary/comparator/comparator.go,
pkg/ingester/metrics.go."""


@dataclass(frozen=True, slots=True)
class Counter:
    """The value of one counter of a process."""

    cluster: str
    process: str
    started: float
    """When the process started, Unix seconds. A counter starts at 0 then."""
    name: str
    labels: tuple[tuple[str, str], ...]
    value: float

    def label(self, name: str) -> str:
        return dict(self.labels).get(name, "")

    @property
    def identity(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        return self.process, self.name, self.labels


def counters_of(cluster: str, process: str, metrics: Iterable[Metric]) -> list[Counter]:
    """Return the counters on a process's metrics page that a run keeps."""
    page = list(metrics)
    started = next((metric.value for metric in page if metric.name in (STARTED, FLUENT_BIT_STARTED)), 0.0)
    kept = [
        Counter(cluster, process, started, metric.name, tuple(sorted(metric.labels.items())), metric.value)
        for metric in page
        if metric.name in KEPT or _is_failed_push(metric)
    ]
    # So that a later run knows that the process was there, and its other counters were 0.
    return [*kept, Counter(cluster, process, started, STARTED, (), started)]


def _is_failed_push(metric: Metric) -> bool:
    """Whether a metric counts pushes that may be stored in part, and are sent again: status 5xx, or cancelled."""
    route, status = metric.labels.get("route", ""), metric.labels.get("status_code", "")
    is_push = route.endswith(("_push", "v1_logs"))
    return metric.name == REQUESTS and is_push and (status.startswith("5") or status == "499")


def increases(current: Sequence[Counter], earlier: Sequence[Counter], since: datetime) -> list[Counter]:
    """Return the counters with their increase since the earlier run as value.

    earlier   empty: there was no run before
    since     start of the window. A process that started later is judged without an earlier run

    A counter of a process that ran before the window and that no earlier run has read is left out: its increase is
    unknown.
    """
    before: Mapping[tuple[str, str, tuple[tuple[str, str], ...]], Counter] = {
        counter.identity: counter for counter in earlier
    }
    grown = []
    for counter in current:
        process = before.get((counter.process, STARTED, ()))
        is_same_process = process is not None and process.started == counter.started
        base: float | None = None
        if is_same_process:
            same = before.get(counter.identity)
            base = same.value if same else 0.0
        elif process is not None or counter.started >= since.timestamp():
            base = 0.0
        if base is not None and counter.name != STARTED:
            grown.append(
                Counter(
                    counter.cluster,
                    counter.process,
                    counter.started,
                    counter.name,
                    counter.labels,
                    max(counter.value - base, 0.0),
                )
            )
    return grown


def total(counters: Iterable[Counter], *names: str, **labels: str) -> float:
    """Return the sum of counters with these names and labels."""
    return sum(
        counter.value
        for counter in counters
        if counter.name in names and all(counter.label(name) == value for name, value in labels.items())
    )
