"""LogQL: parse, lint, build and write queries."""
