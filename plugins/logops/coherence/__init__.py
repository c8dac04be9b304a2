"""What is wrong with a configuration before it is deployed: rules over one value, and the doctor that reads files."""

from logops.coherence.check import check
from logops.coherence.deployment import Deployment, Promise
from logops.coherence.migrate import migrate
from logops.coherence.reading.documents import read_documents, read_texts
from logops.coherence.reading.text import DocumentInvalid

__all__ = ["Deployment", "DocumentInvalid", "Promise", "check", "migrate", "read_documents", "read_texts"]
