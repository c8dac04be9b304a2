"""Verifications of each stage on the running system."""
