"""The content audit: read chunks within a budget, and verify each as Loki wrote it. Entry points import `run`."""
