"""Shared by all scheduled checks: read the moment to judge at, and record the run."""
