"""Clients of the systems that logops talks to."""
