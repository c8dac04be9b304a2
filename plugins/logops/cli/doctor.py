"""`logops doctor`: the same rules on a configuration that somebody already has."""
