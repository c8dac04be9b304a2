"""logops: roll out Grafana Loki on Azure Blob Storage, and prove that what was promised is stored and served."""

__version__ = "0.1.0"
