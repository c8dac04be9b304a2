"""Reads Loki's TSDB index files."""
