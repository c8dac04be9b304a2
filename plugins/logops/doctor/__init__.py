"""Find mistakes in a configuration before it is deployed, and migrate configurations to Loki 3.7."""

from logops.doctor.check import check
from logops.doctor.deployment import Deployment, RetentionPromise
from logops.doctor.migrate import migrate
from logops.doctor.reading.documents import read_documents, read_each, read_texts
from logops.doctor.reading.safe_yaml import DocumentError

__all__ = [
    "Deployment",
    "DocumentError",
    "RetentionPromise",
    "check",
    "migrate",
    "read_documents",
    "read_each",
    "read_texts",
]
