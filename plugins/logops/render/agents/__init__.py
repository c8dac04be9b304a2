"""Render the configuration of agents."""
