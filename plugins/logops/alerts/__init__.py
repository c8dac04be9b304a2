"""Alerts: what the checks found, in the Alertmanager of those who may see it. `deliver` is for entry points."""
