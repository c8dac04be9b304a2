"""Operators: read their fields, call one function of logops, show its result."""
