"""Storage usage, its forecast and its cost."""
