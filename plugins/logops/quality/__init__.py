"""Ingestion quality: check that every source arrives, in shape and without secrets. Entry points import `run`."""
