"""The only code that imports Airflow: hooks, operators, the provider entry point."""
