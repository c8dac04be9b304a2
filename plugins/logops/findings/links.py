"""Addresses of a finding below the address of Airflow, which serves the documents and the page. Pure."""

from logops.findings.model import Finding


def runbook_url(airflow_url: str, cls: str) -> str:
    """Return the address of a class in the runbook.

    >>> runbook_url("https://airflow.example.com", "chunk-missing")
    'https://airflow.example.com/logops/docs/findings.md#chunk-missing'
    """
    return f"{airflow_url}/logops/docs/findings.md#{cls}"


def page_url(airflow_url: str, finding: Finding) -> str:
    """Return the address of a finding on the page. The page decides who may see it."""
    return f"{airflow_url}/logops-page/{finding.subject.environment}#finding={finding.id}"
