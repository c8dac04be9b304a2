"""Migrate a configuration of Promtail: sources and an agent of an environment, Alloy's file, and notes."""
