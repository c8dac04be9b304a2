"""Messages for faulty chunks: a sentence with numbers and an example."""

from datetime import UTC, datetime

from logops.audit.judge.table_stats import Fault
from logops.audit.survey.objects import DAY_MS
from logops.findings import Finding, Subject
from logops.findings.classes import REGISTRY
from logops.number_text import age_text, count_text, size_text

_WHAT = {
    "chunk-missing": "in the index and not in the bucket: {their} lines are lost to queries",
    "chunk-orphaned": "in the bucket and in no index, and nothing will delete {them}",
    "index-lost": "in the bucket and no longer in the index, where an earlier audit counted {them}",
    "chunk-empty": "without content (0 bytes): {their} lines are lost",
    "chunk-corrupt": "damaged: {their} lines are lost",
    "lines-kept-longer": "whose first lines are kept up to {longer} longer than their retention",
    "marker-backlog": "out of the index and overdue for deletion",
    "retention-overshoot": "past {their} retention and still in the index",
    "retention-undershoot": "gone before {their} time: an earlier audit counted {them}",
    "chunk-archived": "in the index and in the Archive tier: offline, every query that needs {one} fails",
    "tier-too-warm": "in a warmer tier than declared for {their} age",
    "tier-too-cold": "in a colder tier than declared for {their} age",
    "early-deletion-fee": "going to be deleted before the minimum stay of {their} tier ends",
}


def finding_of(fault: Fault, environment: str, cluster: str, as_of: datetime, names: str = "") -> Finding:
    """Return a fault as a finding. `names` is the location of the names of all its blobs."""
    # The judge gives the name of the class.
    return Finding(
        cls=REGISTRY[fault.cls],
        subject=Subject(environment=environment, cluster=cluster, tenant=fault.tenant, table=fault.table),
        message=_message(fault),
        as_of=as_of,
        evidence={
            "chunks": fault.count,
            "bytes": fault.bytes,
            **({"kept_longer_days": round(fault.span_ms / DAY_MS, 1)} if fault.cls == "lines-kept-longer" else {}),
            "table_date": f"{_time(fault.day * 86_400):%Y-%m-%d}",
            **({"since": _time(fault.since).isoformat()} if fault.since else {}),
            **({"more_that_look_so": fault.candidates} if fault.candidates else {}),
            "sample": ", ".join(fault.sample),
            **({"names": names} if names else {}),
        },
    )


def _message(fault: Fault) -> str:
    chunks = count_text(fault.count, "chunk")
    # The words for one chunk and for several.
    their, them, any_of_them = ("its", "it", "it") if fault.count == 1 else ("their", "them", "one")
    what = _WHAT[fault.cls].format(their=their, them=them, one=any_of_them, longer=age_text(fault.span_ms / 1000))
    size = f" ({size_text(fault.bytes)})" if fault.bytes else ""
    since = f", since {_time(fault.since):%Y-%m-%d %H:%M} UTC" if fault.since else ""
    example = ""
    if fault.sample:
        example = f": {fault.sample[0]}" if fault.count == 1 else f", for example {fault.sample[0]}"
    more = f" Not checked again: {fault.candidates:,} more that seem the same." if fault.candidates else ""
    return f"{chunks}{size} {what}{since}{example}.{more}"


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
