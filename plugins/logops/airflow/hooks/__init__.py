"""Airflow connections as logops uses them."""
