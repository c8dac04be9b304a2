"""Airflow's door to a rollout: operators that read their fields, call logops and say how it went."""
