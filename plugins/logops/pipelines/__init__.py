"""A pure model of an agent: lines of a source in, log entries or dropped lines out."""
