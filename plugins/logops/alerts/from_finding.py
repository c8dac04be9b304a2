"""Turn a finding into an alert. Pure.

Class and subject are labels: they are the alert's identity. Severity and team are labels as well, because routes select
by them; they follow from the class and the owner. Everything that may change from run to run is an annotation.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256

from logops.clients.alertmanager.model import Alert, LabelSet
from logops.environment import Environment
from logops.findings import Finding, FindingClass, Run, Subject
from logops.findings.history import OpenFinding
from logops.findings.links import page_url, runbook_url

SENDER = ("sender", "logops")
"""The label of every alert of logops."""
TEST = ("test", "true")
"""The additional label of an alert that only tries a route."""
LONGEST_LABEL = 500
LONGEST_ANNOTATION = 4_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


def alert_of(found: OpenFinding, run: Run, ends_at: datetime, environment: Environment, airflow_url: str) -> Alert:
    """Return the alert of an open finding.

    run           the newest run of the check that reports it
    airflow_url   where the runbook and the page are; empty: the alert has no links
    """
    finding = found.finding
    texts = {**annotations(finding, run), **links(finding, airflow_url)}
    return Alert(labels(finding.cls, finding.subject, environment), texts, found.since, ends_at)


def labels(cls: FindingClass, subject: Subject, environment: Environment) -> LabelSet:
    """Return the labels of an alert: class, subject, severity and team."""
    parts = {name: label_text(value) for name, value in asdict(subject).items() if value}
    return frozenset(
        {
            SENDER,
            ("alertname", cls.name),
            ("severity", cls.severity.value),
            ("team", label_text(team(subject, environment))),
            *parts.items(),
        }
    )


def team(subject: Subject, environment: Environment) -> str:
    """Return who must act: the owner of the source; else the team of the environment."""
    source = environment.sources.get(subject.source)
    return (source.owner if source else None) or environment.alerts.team


def annotations(finding: Finding, run: Run) -> Mapping[str, str]:
    """Return what a person reads: summary, evidence, remedy, and the run that reported it."""
    evidence = "\n".join(f"{name}: {value}" for name, value in finding.evidence.items())
    texts = {
        "summary": finding.message,
        "evidence": evidence,
        "remedy": finding.remedy_text,
        "check": run.check,
        "run": run.id,
        "checked_at": run.as_of.isoformat(timespec="seconds"),
    }
    return {name: _cut(text) for name, text in texts.items() if text}


def links(finding: Finding, airflow_url: str) -> Mapping[str, str]:
    """Return where a person reads on: what to do, and the finding with its history."""
    if not airflow_url:
        return {}
    return {"runbook": runbook_url(airflow_url, finding.cls.name), "page": page_url(airflow_url, finding)}


def label_text(value: str) -> str:
    """Return a label's value: one line of at most 500 characters. A changed value ends in a hash, so that two stay two.

    >>> label_text("loki_index_20780")
    'loki_index_20780'
    """
    text = _CONTROL.sub(" ", value)
    if text == value and len(text) <= LONGEST_LABEL:
        return value
    return f"{text[: LONGEST_LABEL - 17]}~{sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_ANNOTATION else f"{text[: LONGEST_ANNOTATION - 3]}..."
