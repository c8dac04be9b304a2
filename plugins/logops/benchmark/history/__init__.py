"""Compare a night with the nights before: what became slower or reads more, since when, and why."""
