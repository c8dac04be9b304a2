"""logops: roll out Grafana Loki on Azure Blob Storage, and prove that what was promised is stored and served."""

from logops import moved as _moved

__version__ = "0.1.0"

_moved.install()
