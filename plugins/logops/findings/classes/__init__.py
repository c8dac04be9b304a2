"""The registry of all finding classes. Each file here declares one group.

>>> REGISTRY["check-incomplete"].severity
<Severity.ERROR: 'error'>
"""

from logops.findings.classes import alerts, audit, benchmark, doctor, drift, prometheus, quality, rollout
from logops.findings.model import FindingClass


def _by_name(*groups: tuple[FindingClass, ...]) -> dict[str, FindingClass]:
    registry: dict[str, FindingClass] = {}
    for cls in (cls for group in groups for cls in group):
        if cls.name in registry:
            raise ValueError(f"finding class {cls.name!r} is declared twice")
        registry[cls.name] = cls
    return registry


GROUPS: dict[str, tuple[FindingClass, ...]] = {
    "Rollout": rollout.CLASSES,
    "Configuration": doctor.CLASSES,
    "Compaction": audit.COMPACTION,
    "Retention": audit.RETENTION,
    "Content": audit.CONTENT,
    "Tiering": audit.TIERING,
    "Queries": benchmark.CLASSES,
    "Ingestion": quality.CLASSES,
    "Drift": drift.CLASSES,
    "Alerts": alerts.CLASSES,
    "Running processes": prometheus.CLASSES,
}
REGISTRY = _by_name(*GROUPS.values())
